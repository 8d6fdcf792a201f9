"""Command: points and comments that the instructor gives by hand, a small CSV or TOML file.

As CSV, with these columns; what does not apply stays empty::

    learner,rule,points,comment
    anna,,2,A very clear README
    ben,05_crud.create_refreshes,1,"The idea is right, a typing error"
    ,07_uow.commits_once,1,This rule was withdrawn: everybody gets its point

As TOML, ``[[by_hand]]`` with the same names. Points for a rule stand in the place of what the check gave. Points for
a learner alone are added to the total; they may be negative. Without a learner, an entry is for everybody
who handed in something.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import BadInput
from grader.classroom.intake.late import same
from grader.rules import roster
from grader.shown import harmless

_COLUMNS = ("learner", "rule", "points", "comment")


@dataclass(frozen=True)
class ByHand:
    """One entry.

    Attributes:
        learner: whom it is about; empty for everybody.
        rule: id of the rule; empty where it is about the whole.
        points: what the rule is worth, or what is added to the whole; None for a comment alone.
        comment: what is said about it.
    """

    learner: str = ""
    rule: str = ""
    points: float | None = None
    comment: str = ""

    def is_for(self, learner: str) -> bool:
        """Whether it is about this learner."""
        return not self.learner or same(self.learner) == same(learner)


def load(file: Path) -> list[ByHand]:
    """The entries of a file, in its order.

    Args:
        file: CSV, or TOML where its name ends so.

    Raises:
        BadInput: it cannot be read, or an entry means nothing.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = _toml(file, text) if file.suffix.lower() == ".toml" else _csv(file, text)
    except OSError as error:
        raise BadInput(f"'{file}' cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise BadInput(f"'{file}' is not UTF-8; save it as 'CSV UTF-8'.") from None
    return [_entry(file, place, row) for place, row in rows]


def known_only(entries: Iterable[str], learners: Iterable[str], file: str) -> None:
    """Make sure that everybody who is named is in the class.

    Args:
        entries: ids that a file names.
        learners: ids of the class.
        file: name of the file, for the message.

    Raises:
        BadInput: somebody is not.
    """
    known = {same(learner): learner for learner in learners}
    for name in entries:
        if same(name) not in known:
            near = difflib.get_close_matches(same(name), known, 1)
            advice = f"; did you mean '{known[near[0]]}'?" if near else "."
            raise BadInput(f"{file} names the learner '{name}', who is not in the class{advice}")


def _toml(file: Path, text: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"'{file}' is not valid TOML: {error}.") from None
    rows = data.get("by_hand")
    if set(data) != {"by_hand"} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"'{file}' has to hold [[by_hand]] entries with learner, rule, points, comment.")
    return [(f"Entry {number}", row) for number, row in enumerate(rows, start=1)]


def _csv(file: Path, text: str) -> list[tuple[str, Mapping[str, Any]]]:
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        lines = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadInput(f"'{file}' is no CSV file ({error}).") from None
    names = [name.lower() for name in lines[0]] if lines else []
    if not {"learner", "rule"} & set(names) or not {"points", "comment"} & set(names):
        raise BadInput(f"The first line of '{file}' has to name the columns: {','.join(_COLUMNS)}")
    rows = [(f"Line {number}", dict(zip(names, row, strict=False))) for number, row in enumerate(lines[1:], start=2)]
    return [(place, row) for place, row in rows if any(row.values())]


def _entry(file: Path, place: str, row: Mapping[str, Any]) -> ByHand:
    where = f"{place} of '{file}'"
    unknown = sorted(name for name in set(row) - set(_COLUMNS) if row[name])
    if unknown:
        raise BadInput(f"{where} has an unknown '{unknown[0]}'; known are {', '.join(_COLUMNS)}.")
    learner, rule, comment = (harmless(str(row.get(name) or "")).strip() for name in ("learner", "rule", "comment"))
    ids = [each.id for each in roster()]
    if rule and rule not in ids:
        near = difflib.get_close_matches(rule, ids, 1)
        raise BadInput(f"{where} names '{rule}', which is no rule{f'; did you mean {near[0]!r}?' if near else '.'}")
    if not learner and not rule:
        raise BadInput(f"{where} names no learner and no rule.")
    said = row.get("points")
    points = None if said is None or said == "" else _points(where, said, rule)
    if points is None and not comment:
        raise BadInput(f"{where} has no points and no comment.")
    return ByHand(learner, rule, points, comment)


def _points(where: str, said: object, rule: str) -> float:
    try:
        points = float(str(said).replace(",", "."))
    except ValueError:
        points = math.nan
    if isinstance(said, bool) or not math.isfinite(points):
        raise BadInput(f"{where}: {said!r} is no number of points.")
    if rule and points < 0:
        raise BadInput(f"{where}: a rule cannot be worth {points:g} points; write what it is worth, 0 or more.")
    return points
