"""Commands and kernel: what is said about chapters and tasks besides the rules, hints and reasons.

The words are in ``NN_name.toml`` next to this file::

    reason = "why the chapter's solution is written the way it is, in one line"

    [hints]
    "5.1" = ["where to look", "the concept, with a link to its documentation", "nearly the code"]

    [mistakes]
    create_refreshes = "no_refresh"      # the case by which this rule is explained best, if not the shortest
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from grader.rules import chapter_named
from grader.starters import tasks_of
from grader.terminal import Line, wrapped

LEVELS = ("where to look", "the concept", "nearly the code")


def hints_for(task: str) -> list[str]:
    """The hints for a task, from a first pointer to nearly the code; one for each of `LEVELS`.

    Each is prose, one paragraph a line; lines that begin with four spaces are code.

    Args:
        task: the task's number, for example ``5.1``.

    Raises:
        KeyError: there is no such task.
    """
    return [text.strip("\n") for text in _of(chapter_named(task.partition(".")[0]))["hints"][task]]


def hint_lines(task: str, count: int, width: int | None = None) -> list[Line]:
    """The first hints for a task, as they are shown.

    Args:
        task: the task's number, for example ``5.1``.
        count: how many.
        width: how many characters fit on a line; that of the terminal when not given.

    Raises:
        KeyError: there is no such task.
    """
    title = f"Task {task}: {tasks_of(chapter_named(task))[task]}"
    lines = [Line(line.text, bold=True) for line in wrapped(title, width=width)]
    for level, text in list(zip(LEVELS, hints_for(task), strict=True))[:count]:
        lines.append(Line(f"  {level}"))
        for row in text.splitlines():
            lines += [Line(f"    {row}")] if row.startswith("    ") else wrapped(row, " " * 6, width=width)
    return lines


def reason_for(chapter: str) -> str:
    """Why the solution of a chapter is written the way it is, in one line."""
    return str(_of(chapter)["reason"])


def mistake_for(chapter: str, rule: str) -> str:
    """Name of the case by which a rule is explained best; an empty string where the shortest will do."""
    return str(_of(chapter)["mistakes"].get(rule, ""))


@cache
def _of(chapter: str) -> dict[str, Any]:
    file = Path(__file__).with_name(f"{chapter}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if chapter else {"hints": {}, "mistakes": {}}
