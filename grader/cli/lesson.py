"""Command ``workbook lesson``: copies of the lessons to work in, without the stored outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from grader import keeping, optional
from grader.cli import backup, console, given, grading, place
from grader.cli.options import YesOption
from grader.places import home, is_clone, refuse_what_is_no_file
from grader.rules import CHAPTERS
from grader.terminal import Line


def lesson(
    chapter: Annotated[str, typer.Argument(help="5 or 05_crud; default: your current one")] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="start that lesson again: replace your copy of it")] = False,
    yes: YesOption = False,
) -> None:
    """Copy the lessons, without outputs, and say how to open one.

    In a clone they go into `lessons/`, which git does not see, elsewhere into `notebooks/`. They are yours: a copy that
    exists is kept. With --fresh it asks first if you have changed the lesson, and keeps your copy in a backup.

    \b
    Examples:
      workbook lesson              copy all, and name the lesson of your current chapter
      workbook lesson 5            the same, for the lesson of chapter 05
      workbook lesson 5 --fresh    take a new copy of that lesson
    """
    name = _name(chapter)
    # In a clone beside `notebooks`, so that the links of a lesson lead to the same files.
    where = "lessons" if is_clone() else "notebooks"
    copies, lessons = home() / where, given.lessons()
    refuse_what_is_no_file(home(), (f"{where}/{file}" for file in lessons))
    coming = [file for file in lessons if not (copies / file).exists()]
    pages = [file for file in lessons if file.endswith(".md") and file not in coming]
    replaced = [file for file in pages if is_clone() and (copies / file).read_bytes() != lessons[file]]
    chosen = f"{name}.ipynb"
    if fresh and chosen not in coming:
        if _is_changed(copies / chosen, where, lessons[chosen]):
            console.say(f"You have changed {where}/{chosen}. A new copy will replace it.")
            console.agree("Yours is kept in a backup. Go on?", yes)
            replaced.append(chosen)
        coming.append(chosen)
    if replaced:
        kept = backup.keep([copies / file for file in replaced], home(), f"lesson_{name}")
        console.say(f"Your copy of {' and '.join(replaced)} is in {backup.name_of(kept)}/{where}")
    copies.mkdir(exist_ok=True)
    for file in {*coming, *replaced}:
        keeping.put(copies / file, lessons[file])
    if reason := optional.missing("notebooks"):
        console.say(f"To run them: {reason}")
    console.show(
        [
            Line(f"Your lessons are in {where}/"),
            Line(f"next: {_start(copies / chosen)}", bold=True),
            Line("      or open that file in VS Code"),
        ]
    )


def _start(lesson: Path) -> str:
    """The line that opens a lesson in JupyterLab, as it has to be typed here.

    Without `--notebook-dir` JupyterLab shows the lesson's own folder, nothing above it: no link to `chapters/` works.
    """
    folder, file = (Path(os.path.relpath(path)).as_posix() for path in (home(), lesson))
    return f"jupyter lab --notebook-dir={folder} {file}"


def _name(words: str) -> str:
    """The lesson that the words name; without words that of the chapter where the learner is, or the very first."""
    if words in ("0", "00", "00_start"):
        return "00_start"
    if words or not (home() / "chapters").is_dir():
        return place.chapter(words) if words else "00_start"
    where = place.submission(None)
    at = grading.at(where)
    is_new = at == CHAPTERS[0] and set(grading.outcomes(where, [at]).values()) == {"todo"}
    return "00_start" if is_new and not place.chapter_here(where) else at


def _is_changed(copy: Path, where: str, new: bytes) -> bool:
    """Whether the learner has changed the cells of a lesson; running them is no change."""
    file = f"{where}/{copy.name}"
    now = given.essence(file, copy.read_bytes())
    return now not in (given.essence(file, new), given.given_to(home()).files.get(file))
