"""In the child: an answer of the learner's app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.lab.relied import json_decoder
from grader.lab.words import describe, shorten

_decode = json_decoder()


@dataclass
class Answer:
    """An answer of the learner's app.

    Attributes:
        status: the status code.
        body: the body as text.
        error: the exception that the app let through, if any.
        unrouted: no endpoint was called.
        routes: tells the paths that the app has; asked only for an answer that is shown, because an app takes longer
            to describe itself than to answer.
    """

    status: int
    body: str = ""
    error: BaseException | None = None
    unrouted: bool = False
    routes: Callable[[], tuple[str, ...]] = tuple

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is no JSON, or nested too deeply to be read."""
        try:
            return _decode(self.body)
        except (ValueError, RecursionError):
            return None

    def __str__(self) -> str:
        if self.error is not None:
            return f"a crash: {describe(self.error)}"
        if self.unrouted and self.status in (404, 405):
            known = ", ".join(self.routes()[:8]) or "none: did main.py include the router?"
            return f"{self.status}: the app has no route for this method and path; its routes: {known}"
        return f"{self.status} {shorten(self.body)}".rstrip()
