"""Kernel: the story of a block of code, every moment in the order in which it happened."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from sqlalchemy.orm import Session

from grader.lab.observer import Moment, Seen

TAKEN = "TAKEN"
GIVEN_BACK = "GIVEN BACK"
# Ends the place of a moment that belongs to the end of a ``with`` block: Python names its opening line there too.
AT_END = " end"


@dataclass
class Story(Seen):
    """What was seen, with the pool and the sessions told too, in the order in which it happened.

    Attributes:
        is_told: whether a frame belongs to the code whose lines are named.
        told: every moment.
    """

    is_told: Callable[[FrameType], bool] = lambda frame: False
    told: list[Moment] = field(default_factory=list)
    _kept: list[object] = field(default_factory=list)

    def here(self) -> str:
        """The innermost line of the told code that is running now, as ``file:line``."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if self.is_told(frame):
                end = AT_END if _leaves_a_block(frame.f_code, frame.f_lasti) else ""
                return f"{frame.f_code.co_filename}:{frame.f_lineno}{end}"
            frame = frame.f_back
        return ""

    def note(self, what: str, connection: object = None) -> Moment:
        """Add a moment to the timeline, with the place in the told code that caused it."""
        moment = super().note(what, connection)
        moment.session = self.working.get(moment.connection, 0)
        self.told.append(moment)
        return moment

    def note_answer(self, status: int) -> None:
        """Add an answer to the timeline."""
        self.note(f"ANSWER {status}")

    def took(self, record: Any, connection: object) -> None:
        """A connection has left the pool."""
        super().took(record, connection)
        self._kept.append(connection)  # so that no other connection gets its id
        self.told.append(Moment(TAKEN, self.here(), id(connection)))

    def gave_back(self, record: Any, connection: object) -> None:
        """A connection has come back to the pool."""
        session = self.working.get(id(connection), 0)
        self.told.append(Moment(GIVEN_BACK, self.here(), id(connection), session=session))
        super().gave_back(record, connection)

    def uses(self, session: Session, connection: object) -> None:
        """A session has begun to work with a connection, or took an object in."""
        super().uses(session, connection)
        if connection is not None:
            # The connection was taken and its transaction begun for this session, an instant ago.
            for moment in reversed(self.told):
                if moment.connection == id(connection):
                    if moment.session:
                        break
                    moment.session = self.number_of(session)
                    if moment.what == TAKEN:
                        break


@lru_cache(maxsize=1024)
def _leaves_a_block(code: CodeType, at: int) -> bool:
    """Whether the instruction at this place calls the ``__exit__`` of a ``with`` block."""
    before = [each for each in dis.get_instructions(code) if each.offset <= at]
    *_, first, second, third, call = [None] * 4 + [
        each for each in before if each.opname not in ("PRECALL", "CACHE", "NOP")
    ]
    if call is None or call.opname == "WITH_EXCEPT_START":
        return call is not None
    nothing = [
        each is not None and each.opname == "LOAD_CONST" and each.argval is None for each in (first, second, third)
    ]
    return call.opname.startswith("CALL") and all(nothing)
