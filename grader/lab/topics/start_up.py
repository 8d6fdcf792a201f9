"""In the child: what an app does while it starts, and what it puts off."""

from __future__ import annotations

import threading
from asyncio import get_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.event import listen as attach
from sqlalchemy.event import remove as detach

from grader.lab.client import Client
from grader.lab.expect import Expect
from grader.lab.observer import Seen, is_own
from grader.lab.statements import may_begin
from grader.outcomes import Wrong

# Seconds after which an app is taken to wait for a thread: the others are up long before.
_WAITS = 1.0
# Seconds that a thread is held which makes tables after the start, and that it gets then to come to its end.
_HELD, _FINISHES = 5.0, 0.2
_MAKES = ("CREATE", "ALTER")


class StartUp:
    """Starts the app, and lets nothing be done in time by chance."""

    def __init__(self, seen: Seen, expect: Expect, client: Client) -> None:
        self._seen = seen
        self._expect = expect
        self._client = client
        self._late = threading.Event()
        self._over = threading.Event()
        self._latecomers: set[threading.Thread] = set()
        self._start_waits = False

    @contextmanager
    def without_latecomers(self) -> Iterator[None]:
        """Start the app, and as long as the block runs let no table be made after the start.

        A thread or a task that the start does not wait for may come before the first request or after it.

        Raises:
            Wrong: the block has; where there was such a table, that is told too.
        """
        attach(Engine, "before_cursor_execute", self._leave_out_late_tables, retval=True)
        self._over.clear()
        self._seen.hold = self._hold_back_late_tables
        try:
            self._client.start()
            yield
        except Wrong as verdict:
            may_come = self._client.has_more_to_do()
            if self._expect.instead or not self._late.wait(0.2 if may_come else 0):
                raise
            saw = f"{verdict.saw}; they are created by code that the start does not wait for"
            raise Wrong(saw, verdict.wanted, verdict.where) from None
        finally:
            self._seen.hold = None
            self._over.set()
            for thread in self._latecomers:  # what comes next would find tables, or none
                thread.join(_FINISHES)
            detach(Engine, "before_cursor_execute", self._leave_out_late_tables)

    def _leave_out_late_tables(
        self, connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        """Send nothing in a task of the event loop, which cannot be held: its thread has requests to answer."""
        makes = may_begin(statement, _MAKES) and not is_own(connection)
        if makes and _on_an_event_loop() and self._client.is_up.is_set():
            self._late.set()
            return "SELECT 1", parameters
        return statement, parameters

    def _hold_back_late_tables(self, statement: str, _connection: int) -> None:
        """Hold a thread until the block is over, whoever sends what it makes."""
        if may_begin(statement, _MAKES) and not _on_an_event_loop() and self._is_late():
            self._late.set()
            self._latecomers.add(current_thread())
            self._over.wait(_HELD)

    def _is_late(self) -> bool:
        """Whether the start is over, or soon is."""
        if self._start_waits:
            return self._client.is_up.is_set()
        late = self._client.is_up.wait(_WAITS)
        self._start_waits = not late
        return late


def _on_an_event_loop() -> bool:
    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True
