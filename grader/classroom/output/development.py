"""Command: the page that shows how a class has developed, from several reports of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.classroom.output.marks import shown
from grader.classroom.output.pages import asset, environment
from grader.diagnosis.catalogue import title_of
from grader.rules import CHAPTERS

_WIDTH, _HEIGHT = 720, 220
_MOST_MISTAKES = 15


@dataclass(frozen=True)
class Moment:
    """What one report says of the class.

    Attributes:
        name: name of the report's folder.
        finished: when it was made, ISO 8601.
        most: the points for everything.
        points: points by learner.
        names: names by learner.
        shares: percent of the rules that passed, by chapter, of all who handed in.
        mistakes: learners who made it, by mistake.
    """

    name: str
    finished: str
    most: float
    points: Mapping[str, float]
    names: Mapping[str, str]
    shares: Mapping[str, float]
    mistakes: Mapping[str, int]


def page(moments: Sequence[Moment]) -> str:
    """The page, from the first report to the last; one file that needs nothing else."""
    return (
        environment()
        .get_template("development.html")
        .render(
            style=asset("style.css"),
            moments=[{"name": each.name, "when": each.finished[:16].replace("T", " ")} for each in moments],
            width=_WIDTH,
            height=_HEIGHT,
            curves=list(_curves(moments)),
            chapters=list(_chapters(moments)),
            mistakes=list(_mistakes(moments)),
            learners=list(_learners(moments)),
            shown=shown,
        )
    )


def write(moments: Sequence[Moment], file: Path) -> None:
    """Write the page."""
    temporary = file.with_name(f"{file.name}.tmp")
    temporary.write_text(page(moments), encoding="utf-8", newline="\n")
    temporary.replace(file)


def _curves(moments: Sequence[Moment]) -> Iterator[dict[str, Any]]:
    """The quarter below, the median, the quarter above, in percent of what there is to earn."""
    for number, name in enumerate(("lower quarter", "median", "upper quarter")):
        values = []
        for each in moments:
            percent = sorted(100 * points / each.most if each.most else 0.0 for points in each.points.values()) or [0.0]
            quarters = statistics.quantiles(percent, method="inclusive") if len(percent) > 1 else percent * 3
            values.append(quarters[number])
        yield {"name": name, "values": [round(value, 1) for value in values], "line": _line(values)}


def _line(values: Sequence[float | None], width: int = _WIDTH, height: int = _HEIGHT) -> str:
    """The points of a line through percentages; where there is no value, the line has none."""
    step = width / max(1, len(values) - 1)
    places = [(place * step, height - height * value / 100) for place, value in enumerate(values) if value is not None]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _chapters(moments: Sequence[Moment]) -> Iterator[dict[str, Any]]:
    for chapter in CHAPTERS:
        values = [each.shares.get(chapter) for each in moments]
        if any(value is not None for value in values):
            yield {"name": chapter, "values": values, "line": _line(values, 120, 24)}


def _mistakes(moments: Sequence[Moment]) -> Iterator[dict[str, Any]]:
    """The mistakes that most learners have made in one of the reports."""
    names = sorted({name for each in moments for name in each.mistakes}, key=title_of)
    names.sort(key=lambda name: -max(each.mistakes.get(name, 0) for each in moments))
    for name in names[:_MOST_MISTAKES]:
        yield {"title": title_of(name), "values": [each.mistakes.get(name, 0) for each in moments]}


def _learners(moments: Sequence[Moment]) -> Iterator[dict[str, Any]]:
    last_first = [learner for each in reversed(moments) for learner in each.points]
    for learner in dict.fromkeys(last_first):
        points = [each.points.get(learner) for each in moments]
        percent = [
            None if value is None or not each.most else 100 * value / each.most
            for value, each in zip(points, moments, strict=True)
        ]
        known = [value for value in points if value is not None]
        name = next((each.names[learner] for each in reversed(moments) if each.names.get(learner)), learner)
        change = known[-1] - known[0] if len(known) > 1 else None
        yield {"id": learner, "name": name, "points": points, "change": change, "line": _line(percent, 120, 24)}
