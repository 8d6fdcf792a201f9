"""In the child: work that nobody waits for, kept from being quicker than the request that began it.

A thread may write its event before the request is over, or after, as the machine pleases; a server that stops does not
ask it. What writes an event outside of a background task is held back until the request is over: somebody who waits for
it lets the request wait too, and then it may go on.
"""

from __future__ import annotations

from _thread import allocate_lock
from asyncio import Task, _get_running_loop, all_tasks, current_task, get_running_loop
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import current_thread, get_ident, main_thread
from time import monotonic, sleep
from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from grader.lab.asgi import strange_threads
from grader.lab.client import Client
from grader.lab.observer import Seen
from grader.lab.statements import may_begin, only_reads, tables_written
from grader.lab.waiting import is_waited_for

# A context goes along into the thread in which a task that is no coroutine runs; but also into what a task begins and
# does not wait for. So it is the task's only until its call is over.
# Everybody may ask a context what is in it: there is only a mark of the call, and the call itself is kept apart.
_in_task: ContextVar[object] = ContextVar("in_task", default=None)
_calls: dict[int, tuple[object, _Call]] = {}  # by the mark's number; the mark is kept, so that no other gets its number
# How many seconds somebody may wait for it; how many a request takes that does not wait for what goes on beside it in
# the event loop; how many it is waited for when the request is over, where it is known that it will go on, and where
# there is only a thread that might; how many a task takes that has begun other work and ends.
_HELD, _BESIDE, _LATEST, _REST, _ENDS = 1.0, 0.5, 3.0, 0.5, 0.1
# Statements of which nobody knows by their words what they write to.
_RUNS = ("EXECUTE ", "CALL ", "DO ")


class _Flag:
    """What ``threading.Event`` is, of which the code under test may change how it waits."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        if not self._is_set:
            self._is_set = True
            self._lock.release()

    def clear(self) -> None:
        if self._is_set:
            self._is_set = False
            self._lock.acquire()

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, but not longer than that; whether it is."""
        if not self._is_set and self._lock.acquire(timeout=seconds):
            self._lock.release()
        return self._is_set


class _Call:
    """A call of a background task, which has just begun in the event loop."""

    def __init__(self) -> None:
        self.over = _Flag()
        self._loop = get_running_loop()
        self._task = current_task()
        self._before = all_tasks()

    def goes_on_beside(self) -> bool:
        """Whether other work has begun in the loop meanwhile, which this call need not wait for."""
        return not all_tasks(self._loop) <= self._before

    def is_waited_for(self, served: Collection[Task[Any]]) -> bool:
        """Whether it is made by one of these tasks, which a server waits for, or in one that they wait for."""
        return is_waited_for(self._task, served)


class Strays:
    """Watches who writes to a table while a request is answered."""

    def __init__(self, seen: Seen, client: Client) -> None:
        self._seen = seen
        self._client = client
        self._table = ""
        self._over = _Flag()
        self._began = 0
        self._let_go: set[int] = set()
        self._held = False
        self._loose: set[int] = set()
        self._writers: dict[int, object] = {}

    @contextmanager
    def held_back(self, table: str) -> Iterator[None]:
        """Hold back who writes to this table while the block sends a request, unless it is a background task."""
        self._table, self._began = table, len(self._seen.moments)
        self._held = False
        for each in (self._let_go, self._loose, self._writers, _calls):
            each.clear()
        self._over.clear()
        originals = {kind: kind.__call__ for kind in (BackgroundTask, BackgroundTasks)}
        for kind, original in originals.items():
            _replace(kind, _marked(original))
        self._seen.hold = self._hold
        try:
            yield
        finally:
            for kind, original in originals.items():
                _replace(kind, original)
            self._over.set()

    def wait_for_the_rest(self, end: int, has_more: Callable[[], bool]) -> bool:
        """Wait a moment for what a request has left behind; whether it wrote to the table.

        Args:
            end: how many moments there were when the request was over.
            has_more: whether there is more in the table than there was then.
        """
        latest = monotonic() + (_LATEST if self._held else _REST)
        done = self._written(self._began, end) and not self._loose
        while not done and self._may_go_on() and monotonic() < latest:
            if (self._written(end, None) or has_more()) and not self._seen.left_open():
                break
            sleep(0.002)
        self._seen.hold = None
        return bool(self._loose) or self._written(end, None) or has_more()

    def _may_go_on(self) -> bool:
        return self._held or self._client.has_more_to_do()

    def _written(self, begin: int, end: int | None) -> bool:
        return any(self._table in moment.writes_to() for moment in self._seen.moments[begin:end])

    def _hold(self, statement: str, connection: int) -> None:
        strange = current_thread() in strange_threads()
        writes = self._table in tables_written(statement) or may_begin(statement, _RUNS)
        ends = not writes and self._ends_what_others_wrote(statement, connection)
        if writes:
            self._writers[connection] = _who()
        elif not ends:
            if not strange or only_reads(statement) or get_ident() in self._let_go:
                return
            self._let_go.add(get_ident())  # once: what it sends may have nothing to do with the table
        if current_thread() is main_thread():  # a signal's handler: this thread waits for the request, and never holds
            self._loose.add(get_ident())
            return
        answered = any(moment.what.startswith("ANSWER") for moment in self._seen.moments[self._began :])
        call, in_loop = _call_of(_in_task.get()), _get_running_loop() is not None
        if call is not None and not call.is_waited_for(self._client.served_tasks()):
            call = None
        beside = call is None and not in_loop and self._client.works_beside_a_request()
        # The request's session may be closed, and what is in it committed, in any thread of the app's.
        if not (strange or beside or (answered and (in_loop or not ends))):
            return
        if call is not None:
            waits = strange or (not in_loop and call.goes_on_beside())
            if not (call.over.wait(_ENDS) if waits else call.over.is_set()):
                return
        if in_loop:  # it would hold the request back too
            self._loose.add(get_ident())
            return
        self._held = True
        if writes or ends:
            self._loose.add(get_ident())
        if not self._over.wait(_HELD if strange or answered else _BESIDE):  # the request waits for it
            self._loose.discard(get_ident())

    def _ends_what_others_wrote(self, statement: str, connection: int) -> bool:
        """Whether this makes last what a connection has been sent in another thread, or by another task."""
        return may_begin(statement, "COMMIT") and self._writers.pop(connection, _who()) != _who()


def _call_of(mark: object) -> _Call | None:
    """The call that has put this mark into the context."""
    found, call = _calls.get(id(mark), (None, None))
    return call if found is mark else None


def _who() -> object:
    """Who runs now: a task of the event loop, or a thread."""
    return current_task() if _get_running_loop() is not None else get_ident()


def _marked(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def run(*arguments: Any) -> None:
        if current_thread() in strange_threads():  # in a loop of its own, for which no request waits
            await original(*arguments)
            return
        call, mark = _Call(), object()
        _calls[id(mark)] = mark, call
        token = _in_task.set(mark)
        try:
            await original(*arguments)
        finally:
            call.over.set()
            _in_task.reset(token)

    return run


def _replace(kind: type, call: Callable[..., Awaitable[None]]) -> None:
    kind.__call__ = call  # type: ignore[method-assign]
