"""Command ``workbook lesson``: copies of the lessons to work in, without the stored outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from grader.cli import console
from grader.lessons import NOTEBOOKS
from grader.rules import chapter_named
from grader.starters import PROJECT
from grader.terminal import Line

# Beside `notebooks`, so that the links of a lesson lead to the same files.
COPIES = PROJECT / "lessons"


def lesson(
    chapter: Annotated[str, typer.Argument(help="the chapter, for example 5; the first lesson if not given")] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="start that lesson again: replace your copy of it")] = False,
) -> None:
    """Copy the lessons to `lessons/`, without outputs.

    It says how to open one. The copies are yours: what you run and change there never shows up in git. A copy that
    exists is kept.

    \b
    Examples:
      workbook lesson              copy all, start with 00_start
      workbook lesson 5            the same, and open the lesson of chapter 05
      workbook lesson 5 --fresh    take a new copy of that lesson
    """
    name = chapter_named(chapter) or "00_start"
    COPIES.mkdir(exist_ok=True)
    for file in sorted(NOTEBOOKS.glob("*.*")):
        copy = COPIES / file.name
        if file.suffix == ".md":
            shutil.copyfile(file, copy)
        elif file.suffix == ".ipynb" and (not copy.exists() or (fresh and file.stem == name)):
            copy.write_text(_without_outputs(file), encoding="utf-8")
    console.show(
        [
            Line("The lessons are in lessons/, without outputs. They are yours."),
            Line(f"next: jupyter lab lessons/{name}.ipynb, or open that file in VS Code", bold=True),
        ]
    )


def _without_outputs(file: Path) -> str:
    notebook = json.loads(file.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
