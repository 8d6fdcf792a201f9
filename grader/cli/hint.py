"""Command ``workbook hint``: three hints for a task, one more each time."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.cli import console, grading, place, progress
from grader.cli.options import TaskArgument
from grader.cli.status import next_task
from grader.guide import LEVELS, hint_lines
from grader.places import is_clone
from grader.rules import CHAPTERS, chapter_named
from grader.terminal import Line, wrapped


def hint(
    task: TaskArgument = "",
    everything: Annotated[bool, typer.Option("--all", help="show all hints at once")] = False,
) -> None:
    """Show a hint for a task, one more each time.

    There are three: where to look, the concept, nearly the code.

    \b
    Examples:
      workbook hint            for your next task
      workbook hint 5          for the next task of chapter 05
      workbook hint 5.1
    """
    chapter = chapter_named(task) if "." not in task else ""
    name = place.task(task) if task and not chapter else _next(chapter)
    if not name:
        console.say("There is nothing left to do here; name a task to see its hints, for example workbook hint 5.1")
        raise typer.Exit(0)
    console.show(one_more(name, len(LEVELS) if everything else 1))


def _next(chapter: str) -> str:
    """The next task of a chapter, or of the one where the learner is; an empty string where nothing is left."""
    where = place.submission(None)
    found = grading.outcomes(where, [chapter] if chapter else CHAPTERS)
    return next_task(where, found, chapter or grading.at(where, found))


def one_more(task: str, more: int = 1) -> list[Line]:
    """The hints for a task that were shown before, and some more; how many is remembered.

    Args:
        task: number of a task.
        more: how many more.
    """
    count = min(progress.hints_seen(task) + more, len(LEVELS))
    progress.see_hints({task: count})
    lines = hint_lines(task, count)
    left = len(LEVELS) - count
    if left:
        lines.append(Line(f"({left} more: workbook hint {task})"))
    else:
        solution = f"the whole answer is in solutions/{chapter_named(task)}"
        whole = solution if is_clone() else f"workbook diff {task} shows the whole answer"
        lines += wrapped(f"(That is all; {whole}.)")
    return lines
