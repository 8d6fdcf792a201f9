"""In the child: what is known of a check that did not pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.diagnosis.source import Source


@dataclass(frozen=True)
class Event:
    """One thing that the code did to the database, or an answer of the app.

    Attributes:
        what: in words: ``BEGIN``, ``INSERT items``, ``COMMIT``, ``ANSWER 200``.
        where: the line of the learner's that caused it, ``app/crud.py:12``; empty where none did.
        sql: a statement as it was sent.
        parameters: what was sent with it.
        session: the number of the session that sent it, 0 for none.
        connection: the number of the connection.
    """

    what: str
    where: str = ""
    sql: str = ""
    parameters: Any = None
    session: int = 0
    connection: int = 0

    @property
    def words(self) -> str:
        """The statement in small letters, in one line."""
        return " ".join(self.sql.lower().split())

    def rows_of(self, column: str) -> int:
        """How many rows an INSERT is for, by a column that it fills: SQLAlchemy puts several into one statement."""
        if isinstance(self.parameters, dict):
            return max(1, sum(re.fullmatch(rf"{column}(__\d+)?", str(name)) is not None for name in self.parameters))
        return len(self.parameters) if isinstance(self.parameters, list) else 1


@dataclass(frozen=True)
class Raised:
    """An exception of the learner's code.

    Attributes:
        kind: the name of its class.
        message: its message.
        lines: the learner's lines that it came through, the innermost last, as ``app/crud.py:12``.
        bases: the names of its class and all that this inherits from.
        told: kind and message in one line, for people to read.
    """

    kind: str
    message: str
    lines: tuple[str, ...] = ()
    bases: frozenset[str] = frozenset()
    told: str = ""


@dataclass(frozen=True)
class Step:
    """The first step on the way of an item to the answer in which something is wrong.

    Attributes:
        name: ``model``, ``list`` (what crud gives), ``schema``; ``answer`` where all of these are right.
        saw: what was seen there, in a sentence.
        item_id: the item that was seen, 0 for none.
    """

    name: str
    saw: str = ""
    item_id: int = 0


@dataclass(frozen=True)
class Evidence:
    """What is known of a check that did not pass.

    Attributes:
        chapter: the chapter's name.
        rule: the rule's name.
        outcome: ``failed`` or ``error``.
        did: what was done, in order.
        saw: what was seen, in the rule's own words.
        wanted: what was wanted, in the rule's own words.
        where: the place that the rule names, ``app/crud.py:12``; empty where it names none.
        endpoint: where the endpoint begins that answered the last request; empty where none of the learner's did.
        events: the timeline of what is told.
        earlier: the timeline of what came before it in this check.
        raised: the exception that came out of the learner's code, and those that caused it, the outermost first.
        actual: the value that was compared, where values were.
        expected: the value that it was compared with.
        sessions: how many sessions worked in this check.
        left_open: what is still open: connections, transactions, objects.
        given: files that are as the chapter gave them.
        source: the learner's source.
        step: where the first difference is, where a check has looked for that.
    """

    chapter: str
    rule: str
    outcome: str
    did: Sequence[str]
    saw: str
    wanted: str
    where: str
    endpoint: str
    events: Sequence[Event]
    earlier: Sequence[Event]
    raised: Sequence[Raised]
    actual: Any
    expected: Any
    sessions: int
    left_open: Sequence[str]
    given: frozenset[str]
    source: Source = field(repr=False)
    step: Step | None = None

    @property
    def timeline(self) -> list[str]:
        """What the code did to the database in what is told: ``BEGIN``, ``INSERT items``, ``COMMIT``."""
        return [event.what for event in self.events]

    def events_of(self, *what: str) -> list[Event]:
        """The events of the timeline that begin with one of these words."""
        return [event for event in self.events if event.what.startswith(what)]

    def sent(self, *what: str) -> bool:
        """Whether the timeline has an event that begins with one of these words."""
        return bool(self.events_of(*what))

    def raised_kind(self, *kinds: str) -> Raised | None:
        """The first exception that is of one of these classes, or of one that inherits from it."""
        return next((each for each in self.raised if each.bases & set(kinds)), None)
