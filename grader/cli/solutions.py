"""Command ``workbook solutions``: a copy of the solutions."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.cli import console, grading, place
from grader.cli.options import YesOption
from grader.places import SOLUTIONS, found_home
from grader.rules import CHAPTERS


def solutions(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="where; a new or an empty folder")],
    yes: YesOption = False,
) -> None:
    """Write the solutions into a folder, laid out like `chapters/`.

    In your own workbook it writes those of the chapters that have passed, and asks before it writes the others.

    \b
    Examples:
      workbook solutions ../solutions
      workbook solutions solutions --yes     all of them
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"'{out}' exists and is not an empty folder; name a new one.")
    chosen = list(CHAPTERS)
    if found_home() is not None and not yes:
        where = place.submission(None)
        chosen = [name for name in CHAPTERS if (where.folder / name).is_dir() and grading.has_passed(where, name)]
        others = len(CHAPTERS) - len(chosen)
        if others and console.wants(f"{others} chapters have not passed yet. Write their solutions as well?"):
            chosen = list(CHAPTERS)
    if not chosen:
        console.say("Nothing was written.")
        raise typer.Exit(1)
    for name in chosen:
        shutil.copytree(SOLUTIONS / name, out / name, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    console.say(f"{out} holds the solutions of {', '.join(name[:2] for name in chosen)}.")
