"""In the child: the way that values took through the learner's functions, as a run of a check left it: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.diagnosis.evidence import Event

# A simple value with the name of its type: 1, 1.0 and True are three.
Value = tuple[str, Any]
NOTHING: frozenset[Value] = frozenset()
SIMPLE = (str, int, float, bool, type(None))


def key_of(value: Any) -> Value:
    """A simple value as it is kept."""
    return type(value).__name__, value


@dataclass(frozen=True)
class Reach:
    """What can be reached from a name without running any code.

    Attributes:
        values: the simple values.
        fields: those of each attribute, or of each key that is text.
        whole: nothing was left out: it can be said what is *not* there.
    """

    values: frozenset[Value] = NOTHING
    fields: Mapping[str, frozenset[Value]] = field(default_factory=dict)
    whole: bool = True

    def part(self, name: str) -> frozenset[Value]:
        """The values of one field; all of them where there is none of this name."""
        return self.fields.get(name, self.values)


Names = Mapping[str, Reach]


@dataclass
class Line:
    """A line that was about to be run: its number, what the names of its function held, and when it was."""

    number: int
    names: Names
    time: int


@dataclass
class Run:
    """One run of a function of the learner's.

    Attributes:
        file: ``app/crud.py``.
        name: of the function.
        begin: when it was called.
        ended: when it returned.
        caller: the run of the learner's function that it was called from, if it was.
        at: which of the caller's lines called it.
        lines: the lines that were run, in order.
        end: what the names held at its end.
        returned: what it returned, or yielded; None where it raised, or went on.
    """

    file: str
    name: str
    begin: int
    ended: int = 0
    caller: Run | None = None
    at: int = 0
    lines: list[Line] = field(default_factory=list)
    end: Names = field(default_factory=dict)
    returned: Reach | None = None

    @property
    def arguments(self) -> Names:
        """What it was called with."""
        return self.lines[0].names if self.lines else self.end


@dataclass(frozen=True)
class Trail:
    """What was followed: runs in the order of their begins, and what was sent to the database, each with its time."""

    runs: Sequence[Run]
    events: Sequence[tuple[int, Event]] = ()
