"""Command: a learner's page, what passed, what did not and why, without any solution."""

from __future__ import annotations

from collections.abc import Sequence

from grader.classroom.output.marks import Marks, shown
from grader.classroom.output.pages import LETTERS, WORDS, asset, environment
from grader.classroom.store import Row
from grader.report import Check
from grader.terminal import next_step


def feedback(row: Row, checks: Sequence[Check], marks: Marks, most: Marks, chapters: Sequence[str]) -> str:
    """The page for a learner: what passed, what did not and why. It holds no solution.

    Args:
        row: the learner.
        checks: the verdicts, in order.
        marks: what was earned.
        most: what could be earned.
        chapters: names of the chapters.
    """
    groups = []
    for name in chapters:
        group = [check for check in checks if check.chapter == name]
        outcomes = {check.outcome for check in group}
        groups.append(
            {
                "name": name,
                "checks": group,
                "passed": sum(check.outcome == "passed" for check in group),
                "to_do": outcomes == {"todo"},
                "open": bool(outcomes & {"failed", "error", "timeout"}),
            }
        )
    return (
        environment()
        .get_template("feedback.html")
        .render(
            style=asset("style.css"),
            learner=row.learner,
            status=row.status,
            note=row.note,
            checks=checks,
            chapters=groups,
            passed=sum(check.outcome == "passed" for check in checks),
            total=shown(marks.total),
            possible=shown(most.total),
            step=(step := next_step(checks))[:1].upper() + step[1:],
            letters=LETTERS,
            words=WORDS,
        )
    )
