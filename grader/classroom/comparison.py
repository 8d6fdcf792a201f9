"""Command: compares reports: who has more points than before, whose verdicts have changed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader import BadInput
from grader.classroom.grading.plan import Plan, checks_of
from grader.classroom.output.development import Moment
from grader.classroom.output.marks import final_marks, possible, terms_of
from grader.classroom.store import FILE, Row, Store
from grader.report import Check
from grader.rules import CHAPTERS, roster
from grader.versions import Versions


@dataclass(frozen=True)
class Change:
    """A verdict that is another one in the second report.

    Attributes:
        learner: whose.
        rule: id of the rule.
        before: the outcome in the first report; empty where there was none.
        after: the outcome in the second one; empty where there is none.
        why: what is different: the submission, the rule, the grader, a library; or nothing at all.
        said: what was seen in the second one.
    """

    learner: str
    rule: str
    before: str
    after: str
    why: str
    said: str


class Report:
    """A report that was written before.

    Attributes:
        plan: what was judged by what.
        rows: the learners by id.
        gone: rules that this grader does not know any more; they are not compared.

    Args:
        store: where it is kept.
        folder: its name for the user.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        versions = store.about("versions")
        if versions is None:
            raise BadInput(f"The report '{folder}' is empty; no run has been finished there.")
        known = {rule.id for rule in roster()}
        self.gone = sorted(set(versions["rules"]) - known)
        chapters = tuple(chapter for chapter in CHAPTERS if chapter in store.about("chapters"))
        self.plan = Plan(chapters, store.about("database"), store.about("seconds"), Versions(**versions))
        self._store = store
        self.name = folder.name
        weights = store.about("weights") or {}
        self._terms = terms_of(
            store, {rule: weights.get(rule, 1.0) for rule in self.plan.versions.rules if rule in known}
        )
        changed = datetime.fromtimestamp((folder / FILE).stat().st_mtime, UTC)
        self._finished = store.about("finished") or changed.isoformat(timespec="seconds")
        self.rows = {row.learner.id: row for row in store.learners()}

    def checks(self, learner: str) -> dict[str, Check]:
        """The verdicts on a learner by rule id."""
        row = self.rows.get(learner)
        found = checks_of(self._store, self.plan, row) if row else []
        return {check.id: check for check in found if check.id in self.plan.versions.rules}

    def points(self, learner: str) -> float | None:
        """The points of a learner; None for somebody who is not in it."""
        row = self.rows.get(learner)
        if row is None:
            return None
        return final_marks(row, list(self.checks(learner).values()), self._terms, self.plan.chapters).total

    def moment(self) -> Moment:
        """What development is told by."""
        passed: Counter[str] = Counter()
        judged: Counter[str] = Counter()
        mistakes: Counter[str] = Counter()
        points = {}
        for learner, row in self.rows.items():
            points[learner] = self.points(learner) or 0.0
            checks = self.checks(learner).values()
            if row.status != "missing":
                judged.update(check.chapter for check in checks)
                passed.update(check.chapter for check in checks if check.outcome == "passed")
                mistakes.update({check.mistake for check in checks if check.mistake})
        most = possible(self._terms.weights, self.plan.chapters).total
        shares = {chapter: 100 * passed[chapter] / count for chapter, count in judged.items() if count}
        names = {learner: row.learner.name for learner, row in self.rows.items()}
        return Moment(self.name, self._finished, most, points, names, shares, dict(mistakes))


@dataclass(frozen=True)
class Standing:
    """How a learner stands in several reports.

    Attributes:
        learner: who.
        points: in each report; None where they are not in it.
        better: how many rules pass in the last report that did not in the first.
        worse: how many no longer pass.
        other: how many have changed otherwise.
    """

    learner: str
    points: tuple[float | None, ...]
    better: int
    worse: int
    other: int


def standings(reports: Sequence[Report], changes: Sequence[Change]) -> list[Standing]:
    """Those who are in the first report and in the last, and of whom something has changed.

    Args:
        reports: the reports, in their order.
        changes: what has changed between the first and the last.
    """
    found = []
    for learner in [learner for learner in reports[-1].rows if learner in reports[0].rows]:
        points = tuple(report.points(learner) for report in reports)
        mine = [change for change in changes if change.learner == learner]
        better = sum(change.after == "passed" for change in mine)
        worse = sum(change.before == "passed" for change in mine)
        if mine or len(set(points)) > 1:
            found.append(Standing(learner, points, better, worse, len(mine) - better - worse))
    return found


def came_and_went(first: Report, last: Report) -> tuple[list[str], list[str]]:
    """Who is new in the last report, and who is no longer in it."""
    return [each for each in last.rows if each not in first.rows], [
        each for each in first.rows if each not in last.rows
    ]


def compare(first: Report, second: Report) -> Iterator[Change]:
    """Every verdict that has changed, learner by learner, of those who are in both reports."""
    for learner in [learner for learner in second.rows if learner in first.rows]:
        before, after = first.checks(learner), second.checks(learner)
        for rule in [rule.id for rule in roster() if rule.id in before or rule.id in after]:
            old, new = before.get(rule), after.get(rule)
            if (old and old.outcome) != (new and new.outcome):
                why = _why(first, second, learner, rule)
                said = new.observed if new else ""
                yield Change(learner, rule, old.outcome if old else "", new.outcome if new else "", why, said)


def _why(first: Report, second: Report, learner: str, rule: str) -> str:
    """The nearest thing that is different; the submission before the rule, the rule before the grader."""
    old, new = first.rows[learner], second.rows[learner]
    chapter = rule.partition(".")[0]
    if old.status != new.status:
        return f"the submission: {old.status} before, {new.status} now"
    if _handed_in(old, chapter) != _handed_in(new, chapter):
        return "the submission has changed"
    if chapter not in first.plan.chapters or chapter not in second.plan.chapters:
        return "the chapter was graded only once"
    mine, other = first.plan.versions, second.plan.versions
    if first.plan.database != second.plan.database:
        return f"the database: {first.plan.database} before, {second.plan.database} now"
    if mine.rules.get(rule) != other.rules.get(rule):
        return "the rule has changed"
    same_chapter = {name for name in {*mine.rules, *other.rules} if name.startswith(f"{chapter}.")}
    if any(mine.rules.get(name) != other.rules.get(name) for name in same_chapter):
        return "another rule of the chapter has changed"
    if mine.shared != other.shared:
        return "the grader has changed"
    if mine.libraries != other.libraries:
        return f"other versions: {_different(mine.libraries, other.libraries)}"
    if first.plan.seconds != second.plan.seconds:
        return f"the time limit: {first.plan.seconds:g} s before, {second.plan.seconds:g} s now"
    return "nothing is different: the verdict is not stable"


def _handed_in(row: Row, chapter: str) -> tuple[str, str]:
    return row.digest(chapter), (row.refused or {}).get(chapter, "")


def _different(mine: dict[str, Any], other: dict[str, Any]) -> str:
    names = [name for name in sorted({*mine, *other}) if mine.get(name) != other.get(name)]
    return ", ".join(f"{name} {mine.get(name, 'none')} before, {other.get(name, 'none')} now" for name in names)


def summary(changes: list[Change]) -> list[tuple[str, str, str, str, int]]:
    """The changes counted: rule, outcome before and after, reason, how many learners."""
    found = Counter((change.rule, change.before, change.after, change.why) for change in changes)
    return sorted((*key, count) for key, count in found.items())
