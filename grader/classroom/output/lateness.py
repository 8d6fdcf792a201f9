"""Command: how late a submission is, and what that costs, in a form that can be shown as it was computed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.classroom.intake.late import Late
from grader.classroom.store import Row

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Lateness:
    """What is taken off, and how it came about.

    Attributes:
        submitted: when the work was handed in; None where nobody knows.
        due: when it was due for this learner.
        days: days late that have begun.
        counted: those of them that cost something.
        minus: points that are taken off.
        said: the computation in one line.
    """

    submitted: datetime | None
    due: datetime
    days: int
    counted: int
    minus: float
    said: str


def submitted_of(row: Row) -> datetime | None:
    """When a submission was handed in: as the platform says, else as a column ``submitted`` of the roster does.

    A time without an offset is one of this machine.
    """
    if row.submitted is not None:
        return row.submitted if row.submitted.tzinfo else row.submitted.astimezone()
    for name, text in row.learner.more.items():
        if name.strip().lower() == "submitted" and text:
            try:
                found = datetime.fromisoformat(text)
            except ValueError:
                return None
            return found if found.tzinfo else found.astimezone()
    return None


def lateness_of(late: Late, row: Row, earned: float, possible: float) -> Lateness | None:
    """What being late costs a learner; None where nothing was handed in.

    Args:
        late: what late work costs.
        row: the learner.
        earned: the points that were earned.
        possible: all points that there are.
    """
    if row.status == "missing":
        return None
    due, submitted = late.due_for(row.learner.id), submitted_of(row)
    if submitted is None:
        return Lateness(None, due, 0, 0, 0.0, f"the time of submission is not known (due {_shown(due, due)})")
    days = max(0, math.ceil((submitted - due) / _DAY))
    if not days:
        return Lateness(submitted, due, 0, 0, 0.0, f"in time: {_shown(submitted, due)}, due {_shown(due, due)}")
    counted = max(0, math.ceil((submitted - due) / _DAY - late.grace))
    percent = min(counted * late.penalty, late.most)
    base = earned if late.of == "earned" else possible
    minus = min(base * percent / 100, earned)
    parts = [f"{_days(days)} late: {_shown(submitted, due)}, due {_shown(due, due)}"]
    if late.grace:
        parts.append(f"{late.grace:g} of grace")
    if counted:
        limit = f", at most {late.most:g} %" if counted * late.penalty > late.most else ""
        parts.append(f"{counted} x {late.penalty:g} %{limit} = {percent:g} % of {base:g} points = -{round(minus, 4):g}")
    else:
        parts.append("nothing is taken off")
    return Lateness(submitted, due, days, counted, minus, "; ".join(parts))


def _days(count: int) -> str:
    return f"{count} {'day' if count == 1 else 'days'}"


def _shown(moment: datetime, due: datetime) -> str:
    """A time as it is told, in the time zone of the due date."""
    return f"{moment.astimezone(due.tzinfo):%Y-%m-%d %H:%M}"
