"""In the child: what an app does while it starts, and what it puts off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from grader.lab.client import Client
from grader.lab.observer import is_own

# Seconds after which an app is taken to wait for a thread: the others are up long before.
_WAITS = 1.0


class StartUp:
    """Starts the app, and lets nothing be done in time by chance."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @contextmanager
    def without_latecomers(self) -> Iterator[None]:
        """Start the app, and as long as the block runs refuse tables that are made after the start.

        A thread or a task that the start does not wait for may come before the first request or after it.
        """
        event.listen(Engine, "before_cursor_execute", self._refuse_late_tables)
        try:
            self._client.start()
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", self._refuse_late_tables)

    def _refuse_late_tables(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if is_own(connection) or not statement.lstrip().upper().startswith("CREATE"):
            return
        if self._client.is_up.wait(0 if _on_an_event_loop() else _WAITS):
            raise RuntimeError("too late: the start of the app is over, and has not waited for this")


def _on_an_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
