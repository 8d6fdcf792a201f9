"""Command ``workbook lesson``: copies of the lessons to work in, without the stored outputs."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from grader import optional
from grader.cli import console, given
from grader.places import NOTEBOOKS, home, is_clone
from grader.rules import chapter_named
from grader.terminal import Line


def lesson(
    chapter: Annotated[str, typer.Argument(help="the chapter, for example 5; the first lesson if not given")] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="start that lesson again: replace your copy of it")] = False,
) -> None:
    """Copy the lessons, without outputs, and say how to open one: into `lessons/` of a clone, else `notebooks/`.

    It says how to open one. The copies are yours: what you run and change there never shows up in git. A copy that
    exists is kept.

    \b
    Examples:
      workbook lesson              copy all, start with 00_start
      workbook lesson 5            the same, and open the lesson of chapter 05
      workbook lesson 5 --fresh    take a new copy of that lesson
    """
    name = chapter_named(chapter) or "00_start"
    # In a clone beside `notebooks`, so that the links of a lesson lead to the same files.
    where = "lessons" if is_clone() else "notebooks"
    copies = home() / where
    copies.mkdir(exist_ok=True)
    for file in sorted(NOTEBOOKS.glob("*.*")):
        copy = copies / file.name
        if file.suffix == ".md":
            shutil.copyfile(file, copy)
        elif file.suffix == ".ipynb" and (not copy.exists() or (fresh and file.stem == name)):
            copy.write_text(given.without_outputs(file), encoding="utf-8")
    if reason := optional.missing("notebooks"):
        console.say(f"To run them: {reason}")
    console.show(
        [
            Line(f"The lessons are in {where}/, without outputs. They are yours."),
            Line(f"next: jupyter lab {where}/{name}.ipynb, or open that file in VS Code", bold=True),
        ]
    )
