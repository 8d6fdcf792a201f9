"""In the child: who waits for a task of an event loop, whoever else is told when it is done.

A task tells somebody as soon as asyncio wraps it, also where nobody awaits what it is wrapped in: `gather()` without an
`await` is done later, as a task alone is. So it is followed to who goes on then. Sources: Python's
``asyncio/tasks.py``, ``futures.py``, ``taskgroups.py``, ``queues.py``; anyio's ``_backends/_asyncio.py``.

What the code under test can make itself, and what is only derived from these, is no sign that a task is waited for:
types are compared exactly, and functions are known by their code.
"""

from __future__ import annotations

import _asyncio
import asyncio
import concurrent.futures
from asyncio import Future, Queue, Task, all_tasks
from asyncio.base_events import _run_until_complete_cb  # type: ignore[attr-defined]
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial
from time import monotonic, sleep
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import Any

from anyio._backends import _asyncio as anyio_asyncio

from grader.lab.asgi import RunningApp, strange_threads
from grader.lab.futures import waiting
from grader.lab.guard import held_by

# How many seconds a thread may take from handing a coroutine to the loop until it waits for that.
_SOON = 0.05
# What is only derived from these may say anything about itself.
_FUTURES = (Future, Task, getattr(asyncio.tasks, "_GatheringFuture", Future))
_ASYNCIO_GROUP, _ANYIO_GROUP = asyncio.TaskGroup, anyio_asyncio.TaskGroup
_AS_COMPLETED = getattr(asyncio.tasks, "_AsCompletedIterator", None)  # from Python 3.13
_release_waiter = getattr(asyncio.tasks, "_release_waiter", None)  # of `wait_for`, up to Python 3.11
_LIFESPAN = RunningApp._live.__code__
_callbacks_of, _loop_of = vars(Future).get("_callbacks"), Future.get_loop


def _codes_of(value: object) -> Iterator[CodeType]:
    """The code of a function, or of a class's functions, and of those that they make."""
    if isinstance(value, type):
        for each in vars(value).values():
            yield from _codes_of(each) if isinstance(each, FunctionType) else ()
    ahead: list[object] = [value.__code__] if isinstance(value, FunctionType) else []
    while ahead:
        code = ahead.pop()
        if isinstance(code, CodeType):
            yield code
            ahead += code.co_consts


# Kept, so that no other code gets one of their numbers: code that reads alike is equal, whose-ever it is.
_CODES = [
    code
    for module in (asyncio.tasks, asyncio.futures, anyio_asyncio)
    for value in [*vars(module).values()]
    if getattr(value, "__module__", None) == module.__name__
    for code in _codes_of(value)
]
_NUMBERS = {id(code) for code in _CODES}
# By these methods a group, and what `as_completed` gives, hears that a task is done.
_HEARS: tuple[tuple[object, type | None], ...] = (
    (asyncio.TaskGroup._on_task_done.__code__, _ASYNCIO_GROUP),
    (getattr(getattr(_AS_COMPLETED, "_handle_completion", None), "__code__", None), _AS_COMPLETED),
)


def is_waited_for(task: object, served: Collection[Task[Any]]) -> bool:
    """Whether one of these tasks, or a thread in which the app's functions run, waits for a task.

    Args:
        task: the task.
        served: the tasks that a server waits for by itself.
    """
    loops = [_loop_of(each) for each in served]
    known: list[object] = []  # what is compared here may be anything, and is hashed by nobody
    ahead = [task]
    while ahead:
        here = ahead.pop()
        if any(here is each for each in served) or _is_run_by_another_loop(here, loops):
            return True
        if any(here is each for each in known):
            continue
        known.append(here)
        if type(here) is concurrent.futures.Future and _a_thread_waits_for(here):
            return True
        ahead += [each for each in _told_by(here) if not isinstance(each, Task)]
        ahead += _going_on_after(here)
    return False


def _is_run_by_another_loop(here: Any, loops: Collection[object]) -> bool:
    """Whether a loop that is none of these runs until this is done."""
    if not _is_future(here) or any(_loop_of(here) is each for each in loops):
        return False
    return any(each is _run_until_complete_cb for each in _callbacks(here))


def _is_future(here: object) -> bool:
    return any(type(here) is each for each in _FUTURES)


def _callbacks(future: Any) -> list[Any]:
    found = future._callbacks if _callbacks_of is None else _callbacks_of.__get__(future)
    return [callback for callback, _ in found or ()]


def _told_by(here: Any) -> Iterator[Any]:
    """What is told next when this is done; no task is told but by what it waits with, or by its group."""
    if _is_future(here):
        yield from _callbacks(here)
    elif type(here) is concurrent.futures.Future:
        yield from [*here._done_callbacks]  # type: ignore[attr-defined]
    elif type(here) is Queue:
        yield from [*here._getters]  # type: ignore[attr-defined]
    elif type(here) is partial:
        if here.func is _release_waiter:
            yield from here.args
    elif type(here) is FunctionType:
        for cell in (here.__closure__ or ()) if id(here.__code__) in _NUMBERS else ():
            with suppress(ValueError):  # it is empty
                yield cell.cell_contents
    elif type(here) is MethodType:
        code = here.__func__.__code__ if type(here.__func__) is FunctionType else None
        if any(code is each and type(here.__self__) is kind for each, kind in _HEARS if each is not None):
            yield here.__self__
    elif _AS_COMPLETED is not None and type(here) is _AS_COMPLETED:
        yield here._done


def _going_on_after(here: Any) -> list[Any]:
    """The tasks that go on when this is done."""
    if _is_future(here) and type(here) is not Task:  # it may be awaited later by who has given it a name
        return [task for task in all_tasks(_loop_of(here)) if _names(task, here)]
    if type(here) is _ASYNCIO_GROUP:
        parent = here._parent_task  # type: ignore[attr-defined]
    elif type(here) is _ANYIO_GROUP:
        parent = here.cancel_scope._host_task
    else:
        return [here.__self__] if _wakes_a_task(here) else []
    return [parent] if type(parent) is Task and (_names(parent, here) or _is_lifespan(parent)) else []


def _wakes_a_task(here: Any) -> bool:
    """Whether this is what a task waits with, which nobody can make in Python."""
    if type(here) is BuiltinFunctionType:  # up to Python 3.11
        return here.__name__ == "task_wakeup" and type(here.__self__) is _asyncio.Task
    if type(here) is MethodType:  # of a task that is written in Python, where there is no other
        code = getattr(getattr(Task, "_Task__wakeup", None), "__code__", None)
        return code is not None and getattr(here.__func__, "__code__", None) is code and type(here.__self__) is Task
    call = vars(type(here)).get("__call__")
    known = type(call) is WrapperDescriptorType and call.__objclass__ is type(here)
    return known and type(here).__name__ == "TaskWakeupMethWrapper"


def _names(task: Task[Any], value: object) -> bool:
    """Whether a function that a task is in the middle of has a name for a future, or for a group."""
    inside: Any = task.get_coro()
    while inside is not None:
        frame, inside = _frame_and_awaited(inside)
        if frame is not None and any(each is value for each in frame.f_locals.values()):
            return True
    return False


def _is_lifespan(task: Task[Any]) -> bool:
    """Whether a task is the app's lifespan, which waits for its groups at the end; no frame names them until then."""
    coroutine = task.get_coro()
    return type(coroutine) is CoroutineType and coroutine.cr_code is _LIFESPAN


def _frame_and_awaited(inside: Any) -> tuple[Any, Any]:
    """The frame of a function that is being awaited, and what it awaits itself."""
    if type(inside) is CoroutineType:
        return inside.cr_frame, inside.cr_await
    if type(inside) is AsyncGeneratorType:
        return inside.ag_frame, inside.ag_await
    if type(inside) is GeneratorType:
        return inside.gi_frame, inside.gi_yieldfrom
    if type(inside).__module__ == "builtins":  # a step of an asynchronous generator, which tells of it to nobody
        kinds = (AsyncGeneratorType, CoroutineType)
        return None, next((each for each in held_by(inside) if type(each) in kinds), None)
    return None, None


def _a_thread_waits_for(future: concurrent.futures.Future[Any]) -> bool:
    """Whether a thread in which the app's functions run waits for what it has the loop do, now or in a moment."""
    latest = monotonic() + _SOON
    while not future.done():
        strange = {thread.ident for thread in strange_threads()}
        if any(each is future for number, each in [*waiting.items()] if number not in strange):
            return True
        if monotonic() > latest:
            break
        sleep(0.001)
    return False
