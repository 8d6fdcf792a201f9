"""Command ``workbook compare``: who has more points than before, and whose verdicts have changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from grader import BadInput
from grader.classroom import comparison
from grader.classroom.comparison import Change, Report, Standing
from grader.classroom.output import development
from grader.classroom.output.marks import shown
from grader.classroom.store import Store
from grader.cli.classes import plain_console, sentences, some


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="REPORT REPORT...", help="Folders, the oldest first.")],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that shows the development, too.")
    ] = None,
) -> None:
    """Say who has more or fewer points than before, whose verdicts have changed, and why.

    What has changed is told between the first report and the last.

    Exit status 0: nothing has; 1: something has; 2: bad input.

    Example: workbook compare report1 report2 report3 --html development.html
    """
    console = plain_console()
    with sentences(), ExitStack() as open_stores:
        if len(folders) < 2:
            raise BadInput("Give two reports at least, the oldest first.")
        stores = [open_stores.enter_context(Store(folder, readonly=True)) for folder in folders]
        reports = [Report(store, folder) for store, folder in zip(stores, folders, strict=True)]
        for folder, report in zip(folders, reports, strict=True):
            if report.gone:
                console.print(f"Not compared, because this grader does not know them: {some(report.gone)} ({folder})")
        changes = list(comparison.compare(reports[0], reports[-1]))
        standings = comparison.standings(reports, changes)
        new, withdrawn = comparison.came_and_went(reports[0], reports[-1])
        if html is not None:
            development.write([report.moment() for report in reports], html)
    width = max((len(each.learner) for each in standings), default=0)
    for standing in standings:
        console.print(_line(standing, width))
    for word, learners in (("New", new), ("Withdrawn", withdrawn)):
        if learners:
            console.print(f"{word}: {', '.join(learners)}")
    _detail(console, changes)
    if html is not None:
        console.print(f"Development: {html}")
    if standings or new or withdrawn:
        raise typer.Exit(1)
    console.print("No verdict has changed.")


def _line(standing: Standing, width: int) -> str:
    """A learner in one line: ``anna   57 -> 61  (+4)  5 passed now, 1 no longer``."""
    known = [points for points in standing.points if points is not None]
    change = round(known[-1] - known[0], 4)
    course = " -> ".join("-" if points is None else shown(points) for points in standing.points)
    words = ((standing.better, "passed now"), (standing.worse, "no longer"), (standing.other, "changed otherwise"))
    told = ", ".join(f"{count} {word}" for count, word in words if count)
    return f"{standing.learner:<{width}}  {course} points  ({change:+g})  {told}".rstrip()


def _detail(console: Console, changes: Sequence[Change]) -> None:
    if not changes:
        return
    console.print("\nIn detail:", style="bold")
    learner = None
    for change in changes:
        if change.learner != learner:
            learner = change.learner
            console.print(learner, style="bold")
        console.print(f"  {change.rule}: {_arrow(change.before, change.after)}  ({change.why})")
        if change.said and change.after != "passed":
            console.print(f"      saw {_one_line(change.said)}")
    console.print("\nIn short:", style="bold")
    for rule, before, after, why, count in comparison.summary(list(changes)):
        console.print(f"  {count} x {rule}: {_arrow(before, after)}  ({why})")
    people = len({change.learner for change in changes})
    console.print(f"{len(changes)} verdicts of {people} {'learner' if people == 1 else 'learners'} have changed.")


def _arrow(before: str, after: str) -> str:
    return f"{before or 'not graded'} -> {after or 'not graded'}"


def _one_line(text: str) -> str:
    shown_ = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown_ if len(shown_) <= 200 else f"{shown_[:197]}..."
