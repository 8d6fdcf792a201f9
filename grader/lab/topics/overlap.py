"""In the child: two requests at the same time, the second of which is served while the first one leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

from fastapi.responses import PlainTextResponse

# Longer than a request takes on a busy machine; whoever serves one request at a time has to wait for it in vain.
_PATIENCE = 3.0


class Overlap:
    """Lets two requests take place at the same time: both are answered before either of them is over.

    In this order: the first is in its endpoint, the second is in its endpoint, the first is to be answered, the second
    is to be answered, the first is over, the second is over. The threads of two ``def`` endpoints are then free when
    the first request is cleared away, and the one that does so is not the one that served it.

    Attributes:
        apart: they were never there together, as the app serves one request at a time.
        undisturbed: the second could still use what it had when the first one was over.
    """

    def __init__(self) -> None:
        self._reached: dict[str, threading.Event] = {}
        self.apart = False
        self.undisturbed = True

    def run(self, request: Callable[[str], Any]) -> Any:
        """Send both requests, ``first`` and ``second``; what the second one is answered."""
        self._reached.clear()
        with ThreadPoolExecutor(2) as both:
            first = both.submit(request, "first")
            first.add_done_callback(lambda _: self._reach("first is here", "first is answered", "first is over"))
            self._wait_for("first is here")
            second = both.submit(request, "second")
            second.add_done_callback(lambda _: self._reach("second is here", "second is answered"))
            return second.result()

    # -- for the endpoints ----------------------------------------------------------------------

    def stay(self, turn: str, still_usable: Callable[[], bool]) -> PlainTextResponse:
        """In a ``def`` endpoint: stay until it is time to answer; the answer."""
        self._reach(f"{turn} is here")
        self._wait_for(_UNTIL_ANSWERED[turn])
        return _Held(self, turn, still_usable)

    async def stay_on_the_event_loop(self, turn: str, still_usable: Callable[[], bool]) -> PlainTextResponse:
        """The same in an ``async def`` endpoint."""
        self._reach(f"{turn} is here")
        await self._see(_UNTIL_ANSWERED[turn])
        return _Held(self, turn, still_usable)

    async def hold(self, turn: str, still_usable: Callable[[], bool]) -> None:
        """Hold an answer back until it is time to send it."""
        self._reach(f"{turn} is answered")
        await self._see(_UNTIL_SENT[turn])
        self.undisturbed &= still_usable()

    # -- what has happened ----------------------------------------------------------------------

    def _event(self, step: str) -> threading.Event:
        return self._reached.setdefault(step, threading.Event())

    def _reach(self, *steps: str) -> None:
        for step in steps:
            self._event(step).set()

    def _wait_for(self, step: str) -> None:
        self.apart |= not self._event(step).wait(0 if self.apart else _PATIENCE)

    async def _see(self, step: str) -> None:
        latest = monotonic() + (0 if self.apart else _PATIENCE)
        while not self._event(step).is_set():
            if monotonic() > latest:
                self.apart = True
                return
            await asyncio.sleep(0.001)


_UNTIL_ANSWERED = {"first": "second is here", "second": "first is answered"}
_UNTIL_SENT = {"first": "second is answered", "second": "first is over"}


class _Held(PlainTextResponse):
    """An answer that is sent when both requests are answered: what FastAPI clears away comes after it."""

    def __init__(self, overlap: Overlap, turn: str, still_usable: Callable[[], bool]) -> None:
        super().__init__("ok")
        self._overlap, self._turn, self._still_usable = overlap, turn, still_usable

    async def __call__(self, *asgi: Any) -> None:
        await self._overlap.hold(self._turn, self._still_usable)
        await super().__call__(*asgi)
