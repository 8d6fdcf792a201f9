"""In the child: who waits for a task of an event loop, whoever else is told when it is done.

A task tells somebody as soon as asyncio wraps it, also where nobody awaits what it is wrapped in: `gather()` without an
`await` is done later, as a task alone is. So it is followed to who goes on then. Sources: Python's
``asyncio/tasks.py``, ``futures.py``, ``taskgroups.py``, ``queues.py``; anyio's ``_backends/_asyncio.py``.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from asyncio import Future, Queue, Task, all_tasks
from asyncio.base_events import _run_until_complete_cb  # type: ignore[attr-defined]
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial
from time import monotonic, sleep
from types import FunctionType, MethodType, WrapperDescriptorType
from typing import Any

from grader.lab.asgi import strange_threads
from grader.lab.futures import waiting

# What is put on a task by anybody else is no sign that it is waited for.
_TELLING = ("asyncio", "_asyncio", "anyio", "concurrent")
# How many seconds a thread may take from handing a coroutine to the loop until it waits for that.
_SOON = 0.05


def is_waited_for(task: object, served: Collection[object]) -> bool:
    """Whether one of these tasks, or a thread in which the app's functions run, waits for a task.

    Args:
        task: the task.
        served: the tasks that a server waits for by itself.
    """
    known: list[object] = []  # what is compared here may be anything, and is hashed by nobody
    ahead = [task]
    while ahead:
        here = ahead.pop()
        if any(here is each for each in served) or here is _run_until_complete_cb:
            return True
        if any(here is each for each in known):
            continue
        known.append(here)
        if isinstance(here, concurrent.futures.Future) and _a_thread_waits_for(here):
            return True
        ahead += _told_by(here)
    return False


def _told_by(here: object) -> Iterator[Any]:
    """Who is told next when this is done: callbacks, what belongs to them, and whom a group of tasks belongs to."""
    if isinstance(here, Future):
        yield from [callback for callback, _ in here._callbacks or ()]
        if not isinstance(here, Task):  # it may be awaited later by who has given it a name
            yield from [task for task in all_tasks(here.get_loop()) if _names(task, here)]
    elif isinstance(here, concurrent.futures.Future):
        yield from [*here._done_callbacks]  # type: ignore[attr-defined]
    elif isinstance(here, Queue):
        yield from [*here._getters]  # type: ignore[attr-defined]
    elif type(here) is partial:
        if here.func is _release_waiter and not any(isinstance(each, Task) for each in here.args):
            yield from here.args
    elif type(here) is FunctionType:
        for cell in (here.__closure__ or ()) if _is_of_a_library(here) else ():
            with suppress(ValueError):  # it is empty
                yield cell.cell_contents
    elif type(here) is MethodType:
        if type(here.__func__) is FunctionType and here.__name__ in _GOES_ON and _is_of_a_library(here.__func__):
            yield here.__self__
    elif _wakes_a_task(here):
        yield here.__self__  # type: ignore[attr-defined]
    elif any(_is_of_a_library(each) for each in type(here).__mro__[:-1]):  # a group of tasks; what `as_completed` gives
        scope = getattr(here, "cancel_scope", None)
        yield from [getattr(here, "_parent_task", None), getattr(scope, "_host_task", None)]
        yield getattr(here, "_done", None)


# By these methods a group of tasks, and Python's own task, hears that another one is done.
_GOES_ON = "_on_task_done", "__wakeup"
_release_waiter = getattr(asyncio.tasks, "_release_waiter", None)  # of `wait_for`, up to Python 3.11


def _wakes_a_task(here: object) -> bool:
    """Whether this is what a task of C waits with, whose class nobody can write in Python."""
    call = vars(type(here)).get("__call__")
    known = type(call) is WrapperDescriptorType and call.__objclass__ is type(here)
    return known and type(here).__name__ == "TaskWakeupMethWrapper"


def _names(task: Task[Any], future: object) -> bool:
    """Whether a function that a task is in the middle of has a name for a future."""
    coroutine: Any = task.get_coro()
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and any(each is future for each in frame.f_locals.values()):
            return True
        coroutine = getattr(coroutine, "cr_await", None)
    return False


def _is_of_a_library(value: FunctionType | type) -> bool:
    """Whether a function, or a class, is one of asyncio's or anyio's, whatever it calls itself."""
    names = value.__globals__ if isinstance(value, FunctionType) else None
    name = str(value.__module__ if names is None else names.get("__name__"))
    there = vars(sys.modules.get(name, object))
    known = there is names if names is not None else there.get(value.__name__) is value
    return known and name.partition(".")[0] in _TELLING


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
