"""Command: what a learner is handed back, as a page and as plain text: what passed, what did not, why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.classroom.output.giveaways import without_solution
from grader.classroom.output.marks import Marks, shown
from grader.classroom.output.pages import LETTERS, WORDS, asset, environment
from grader.classroom.store import Row
from grader.report import Check
from grader.shown import without_commands
from grader.terminal import ASCII, block_lines, blocks, next_step, title_of

_WIDTH = 88
_STYLE = replace(ASCII, width=_WIDTH)


@dataclass(frozen=True)
class Feedback:
    """Everything that is told to one learner.

    Attributes:
        row: the learner.
        checks: the verdicts, in order, with nothing of the solution in them.
        marks: what was earned.
        most: what could be earned.
        chapters: names of the chapters.
    """

    row: Row
    checks: Sequence[Check]
    marks: Marks
    most: Marks
    chapters: Sequence[str]

    @property
    def passed(self) -> int:
        """How many checks passed."""
        return sum(check.outcome == "passed" for check in self.checks)

    @property
    def step(self) -> str:
        """Where to go on, as a sentence."""
        step = next_step([check for check in self.checks if not check.is_open])
        return step[:1].upper() + step[1:]

    def remarks(self) -> Iterator[str]:
        """What is said about the whole: late work, and what was given by hand."""
        if self.marks.late is not None and self.marks.late.days:
            yield f"Late work: {self.marks.late.said}."
        for each in self.marks.by_hand:
            if not each.rule:
                yield f"By hand: {_given(each.points, each.comment, sign='+')}"

    def by_hand(self, check: Check) -> str:
        """What was given by hand for a rule; empty where nothing was."""
        given = self.marks.of_rule(check.id)
        return _given(given.points, given.comment) if given else ""

    def groups(self) -> Iterator[dict[str, Any]]:
        """The verdicts by chapter, and what is to be fixed: one mistake is told once, and others refer to it."""
        for name in self.chapters:
            group = [check for check in self.checks if check.chapter == name]
            outcomes = {check.outcome for check in group}
            told = blocks(group)
            yield {
                "name": name,
                "checks": group,
                "blocks": {block.check.id: block for block in told},
                "under": {check.id: f"The same mistake: {title_of(each)}" for each in told for check in each.same}
                | {check.id: f"Waits for: {title_of(each)}" for each in told for check in each.waiting},
                "passed": sum(check.outcome == "passed" for check in group),
                "to_do": outcomes == {"todo"} and not any(self.by_hand(check) for check in group),
                "open": bool(outcomes & {"failed", "error", "timeout"}),
            }


def feedback_of(row: Row, checks: Sequence[Check], marks: Marks, most: Marks, chapters: Sequence[str]) -> Feedback:
    """What is told to a learner; it holds no solution."""
    return Feedback(row, [without_solution(check) for check in checks], marks, most, chapters)


def _given(points: float | None, comment: str, sign: str = "") -> str:
    number = "" if points is None else f"{points:{sign}g} {'point' if abs(points) == 1 else 'points'}"
    return ": ".join(part for part in (number, comment) if part)


def page(told: Feedback) -> str:
    """The learner's page."""
    return (
        environment()
        .get_template("feedback.html")
        .render(
            style=asset("style.css"),
            told=told,
            learner=told.row.learner,
            total=shown(told.marks.total),
            possible=shown(told.most.total),
            letters=LETTERS,
            words=WORDS,
        )
    )


def text(told: Feedback) -> str:
    """The same as plain text, for a mail."""
    learner = told.row.learner
    lines = [learner.name or learner.id, ""]
    if told.row.status == "missing":
        lines.append("Nothing was handed in.")
    elif told.row.status == "unreadable":
        lines.append(f"What you handed in could not be graded: {told.row.note}.")
    else:
        points = f"{shown(told.marks.total)} of {shown(told.most.total)} points"
        lines.append(f"{told.passed} of {len(told.checks)} checks passed; {points}.")
        if told.step:
            lines.append(told.step)
        if told.row.note:
            lines.append(told.row.note)
    lines += told.remarks()
    for group in told.groups() if told.row.status not in ("missing", "unreadable") else ():
        lines += ["", f"{group['name']}: {group['passed']} of {len(group['checks'])} passed"]
        for block in group["blocks"].values():
            lines += ["", *(line.text for line in block_lines(block, _STYLE))]
        for check in group["checks"]:
            if given := told.by_hand(check):
                lines += ["", f"  {check.task} {check.title}", f"      by hand   {given}"]
    return "\n".join(line for each in lines for line in _wrapped(each)) + "\n"


def _wrapped(line: str) -> list[str]:
    indent = " " * (16 if line.startswith(" " * 6) else 2 * line.startswith("  "))
    rows = textwrap.wrap(line, _WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]
    return [without_commands(row) for row in rows]
