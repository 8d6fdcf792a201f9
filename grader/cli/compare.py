"""Command ``workbook compare``: whose verdicts have changed between two reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.classroom import comparison
from grader.classroom.comparison import Report
from grader.classroom.store import Store
from grader.cli.classes import plain_console, sentences, some


def compare(
    report_a: Annotated[Path, typer.Argument(help="Folder of the first report.")],
    report_b: Annotated[Path, typer.Argument(help="Folder of the second report.")],
) -> None:
    """Say whose verdicts have changed between two reports, and why.

    Exit status 0: no verdict changed; 1: some changed; 2: bad input.
    """
    console = plain_console()
    with sentences(), Store(report_a, readonly=True) as store_a, Store(report_b, readonly=True) as store_b:
        first, second = Report(store_a, report_a), Report(store_b, report_b)
        for folder, report in ((report_a, first), (report_b, second)):
            if report.gone:
                console.print(f"Not compared, because this grader does not know them: {some(report.gone)} ({folder})")
        changes = list(comparison.compare(first, second))
    if not changes:
        console.print("No verdict has changed.")
        return
    learner = None
    for change in changes:
        if change.learner != learner:
            learner = change.learner
            console.print(learner, style="bold")
        console.print(f"  {change.rule}: {_arrow(change.before, change.after)}  ({change.why})")
        if change.said and change.after != "passed":
            console.print(f"      saw {_one_line(change.said)}")
    console.print("\nIn short:", style="bold")
    for rule, before, after, why, count in comparison.summary(changes):
        console.print(f"  {count} x {rule}: {_arrow(before, after)}  ({why})")
    people = len({change.learner for change in changes})
    console.print(f"{len(changes)} verdicts of {people} {'learner' if people == 1 else 'learners'} have changed.")
    raise typer.Exit(1)


def _arrow(before: str, after: str) -> str:
    return f"{before or 'not graded'} -> {after or 'not graded'}"


def _one_line(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= 200 else f"{shown[:197]}..."
