"""Command: what late work costs, as the TOML file with the weights says it.

::

    [late]
    due = 2026-11-02T23:59:00+01:00  # without an offset, the time of this machine; a date alone is its end
    grace = 1                        # days that cost nothing; none if not given
    penalty = 10                     # percent for each further day that has begun
    most = 50                        # percent, never more; 100 if not given
    of = "earned"                    # of the points that were earned, or "possible": of all that there are
    [late.extensions]
    anna = 3                         # days more for this learner
    ben = 2026-11-09T23:59:00+01:00  # or a due date of their own
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from grader import BadInput
from grader.classroom.intake import weights

_KNOWN = ("due", "grace", "penalty", "most", "of", "extensions")


def same(learner: str) -> str:
    """An id as ids are compared: without case, in one Unicode form."""
    return unicodedata.normalize("NFC", learner.strip()).casefold()


@dataclass(frozen=True)
class Late:
    """What late work costs.

    Attributes:
        due: when it is due.
        grace: days after that which cost nothing.
        penalty: percent for each further day that has begun.
        most: percent, never more.
        of: the percent are of the points that were ``earned``, or that are ``possible``.
        extensions: due dates of single learners, by id as `same` makes it.
    """

    due: datetime
    grace: float
    penalty: float
    most: float
    of: str
    extensions: Mapping[str, datetime]

    def due_for(self, learner: str) -> datetime:
        """When it is due for a learner."""
        return self.extensions.get(same(learner), self.due)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        due = {name: when.isoformat() for name, when in self.extensions.items()}
        return {**vars(self), "due": self.due.isoformat(), "extensions": due}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Late:
        """What `to_dict` made, again."""
        due = {name: datetime.fromisoformat(when) for name, when in facts["extensions"].items()}
        return cls(**{**facts, "due": datetime.fromisoformat(facts["due"]), "extensions": due})


def load(file: Path | None) -> Late | None:
    """What the file says about late work; None where it says nothing.

    Raises:
        BadInput: what it says means nothing.
    """
    said = weights.read(file).get("late") if file is not None else None
    if said is None:
        return None
    if not isinstance(said, dict):
        raise BadInput(f"In the weights '{file}' [late] has to be a table.")
    unknown = sorted(set(said) - set(_KNOWN))
    if unknown:
        raise BadInput(
            f"In the weights '{file}' [late] has an unknown entry '{unknown[0]}'; known are {', '.join(_KNOWN)}."
        )
    if "due" not in said:
        raise BadInput(f"In the weights '{file}' [late] needs 'due', as in due = 2026-11-02T23:59:00+01:00")
    due = _moment(file, "due", said["due"])
    numbers = {"grace": 0.0, "penalty": 0.0, "most": 100.0}
    for name, usual in numbers.items():
        numbers[name] = _number(file, name, said.get(name, usual))
    if numbers["most"] > 100 or numbers["penalty"] > 100:
        raise BadInput(f"In the weights '{file}' [late] takes off more than 100 percent.")
    if said.get("of", "earned") not in ("earned", "possible"):
        raise BadInput(f"In the weights '{file}' [late] 'of' has to be \"earned\" or \"possible\".")
    extensions = said.get("extensions", {})
    if not isinstance(extensions, dict):
        raise BadInput(f"In the weights '{file}' [late.extensions] has to be a table.")
    dates = {same(name): _extended(file, name, value, due) for name, value in extensions.items()}
    return Late(due=due, of=said.get("of", "earned"), extensions=dates, **numbers)


def _extended(file: Path | None, name: str, value: object, due: datetime) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return due + timedelta(days=_number(file, f"the extension of {name}", value))
    return _moment(file, f"the extension of {name}", value)


def _moment(file: Path | None, name: str, value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(23, 59, 59))
    if not isinstance(value, datetime):
        raise BadInput(
            f"In the weights '{file}' [late] {name} is {value!r}; write a date, as in 2026-11-02T23:59:00+01:00"
        )
    return value if value.tzinfo else value.astimezone()


def _number(file: Path | None, name: str, value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1e4
    if not good:
        raise BadInput(f"In the weights '{file}' [late] {name} is {value!r}; give a number that is not negative.")
    return float(value)  # type: ignore[arg-type]
