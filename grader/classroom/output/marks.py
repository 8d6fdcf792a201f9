"""Command: what a learner has earned: by checks, by hand, and less what being late costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.classroom.intake.by_hand import ByHand
from grader.classroom.intake.late import Late
from grader.classroom.output.lateness import Lateness, lateness_of
from grader.classroom.store import Row, Store
from grader.report import Check


@dataclass(frozen=True)
class Terms:
    """By what points are given.

    Attributes:
        weights: points by rule id.
        late: what late work costs; None for nothing.
        by_hand: what the instructor gives by hand.
    """

    weights: Mapping[str, float]
    late: Late | None = None
    by_hand: Sequence[ByHand] = ()


def terms_of(store: Store, points: Mapping[str, float]) -> Terms:
    """By what points are given in a report, as it was kept with it.

    Args:
        store: what is known.
        points: points by rule id.
    """
    late, by_hand = store.about("late"), store.about("by_hand") or []
    return Terms(points, Late.from_dict(late) if late else None, [ByHand(**each) for each in by_hand])


@dataclass(frozen=True)
class Marks:
    """What one learner has earned.

    Attributes:
        chapters: points by chapter.
        late: what being late costs.
        by_hand: what was given by hand; points for rules are in `chapters` already.
    """

    chapters: Mapping[str, float]
    late: Lateness | None = None
    by_hand: Sequence[ByHand] = ()

    @property
    def earned(self) -> float:
        """The points of all chapters together."""
        return sum(self.chapters.values())

    @property
    def added(self) -> float:
        """Points that were given by hand for the whole."""
        return sum(each.points or 0.0 for each in self.by_hand if not each.rule)

    @property
    def total(self) -> float:
        """What counts in the end; never less than nothing."""
        return max(0.0, self.earned - (self.late.minus if self.late else 0.0) + self.added)

    def of_rule(self, rule: str) -> ByHand | None:
        """What was given by hand for a rule; the last word counts."""
        return next((each for each in reversed(self.by_hand) if each.rule == rule), None)


def marks_of(checks: Iterable[Check], weights: Mapping[str, float], chapters: Sequence[str]) -> Marks:
    """The points for what passed; nothing else counts."""
    found = dict.fromkeys(chapters, 0.0)
    for check in checks:
        if check.outcome == "passed":
            found[check.chapter] += weights[check.id]
    return Marks(found)


def final_marks(row: Row, checks: Sequence[Check], terms: Terms, chapters: Sequence[str]) -> Marks:
    """The points for what passed, with what was given by hand and what being late costs.

    Args:
        row: the learner.
        checks: the verdicts.
        terms: by what points are given.
        chapters: names of the chapters.
    """
    earned = dict(marks_of(checks, terms.weights, chapters).chapters)
    mine = [each for each in terms.by_hand if each.is_for(row.learner.id)]
    if row.status == "missing":  # who handed in nothing gets what is for them alone
        mine = [each for each in mine if each.learner]
    passed = {check.id for check in checks if check.outcome == "passed"}
    # Entries for everybody come first, so that one for a single learner has the last word.
    mine.sort(key=lambda each: bool(each.learner))
    mine = [each for each in mine if not each.rule or each.rule in terms.weights]
    for rule, points in {each.rule: each.points for each in mine if each.rule and each.points is not None}.items():
        earned[rule.partition(".")[0]] += points - (terms.weights[rule] if rule in passed else 0.0)
    late = None
    if terms.late is not None:
        late = lateness_of(terms.late, row, sum(earned.values()), sum(terms.weights.values()))
    return Marks(earned, late, tuple(mine))


def possible(weights: Mapping[str, float], chapters: Sequence[str]) -> Marks:
    """The points for everything."""
    found = dict.fromkeys(chapters, 0.0)
    for rule, points in weights.items():
        found[rule.partition(".")[0]] += points
    return Marks(found)


def shown(points: float) -> str:
    """Points as text: no decimals that say nothing."""
    return f"{round(points, 4):g}" if points < 1e6 else f"{points:.0f}"
