"""Command: what a learner has earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.report import Check


@dataclass(frozen=True)
class Marks:
    """What one learner has earned.

    Attributes:
        chapters: points by chapter.
        total: their sum.
    """

    chapters: Mapping[str, float]

    @property
    def total(self) -> float:
        """All points together."""
        return sum(self.chapters.values())


def marks_of(checks: Iterable[Check], weights: Mapping[str, float], chapters: Sequence[str]) -> Marks:
    """The points for what passed; nothing else counts."""
    found = dict.fromkeys(chapters, 0.0)
    for check in checks:
        if check.outcome == "passed":
            found[check.chapter] += weights[check.id]
    return Marks(found)


def possible(weights: Mapping[str, float], chapters: Sequence[str]) -> Marks:
    """The points for everything."""
    found = dict.fromkeys(chapters, 0.0)
    for rule, points in weights.items():
        found[rule.partition(".")[0]] += points
    return Marks(found)


def shown(points: float) -> str:
    """Points as text: no decimals that say nothing."""
    return f"{round(points, 4):g}" if points < 1e6 else f"{points:.0f}"
