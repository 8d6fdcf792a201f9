"""Command ``workbook init``: a folder to work in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.cli import console, given
from grader.places import is_a_clone, is_made_by_init
from grader.terminal import Line

# What may lie in a folder already: what others make first.
_HARMLESS = (".git", ".venv", ".idea", ".DS_Store")


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="where; a new or an empty folder")] = Path(
        "workbook"
    ),
) -> None:
    """Make a folder to work in: the chapters, the lessons, and what your editor has to know.

    Nothing that is there is replaced. The exit status is 0 when the folder is ready.

    \b
    Examples:
      workbook init            a new folder workbook/
      workbook init .          here
    """
    if is_made_by_init(folder):
        raise BadInput(f"'{folder}' is a workbook already; go into it, and 'workbook update' brings what is new.")
    for above in folder.resolve().parents:
        if is_made_by_init(above) or is_a_clone(above):
            raise BadInput(f"'{folder}' would lie in the workbook {above}; name a folder outside of it.")
    try:
        there = [each.name for each in folder.iterdir() if each.name not in _HARMLESS] if folder.exists() else []
    except NotADirectoryError:
        raise BadInput(f"'{folder}' is a file; name a new folder.") from None
    if there:
        raise BadInput(f"'{folder}' is not empty (there is {min(there)}); name a new folder.")
    files = given.given_files()
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    given.remember(folder, files)
    command = (
        "uv run workbook" if "UV" in os.environ else "workbook"
    )  # uvx forgets its environment, the folder names it
    here = folder.resolve() == Path.cwd()
    quoted = f'"{folder}"' if " " in str(folder) else str(folder)
    first = command if here else f"cd {quoted}, then {command}"
    console.show([Line(f"Your workbook is in {folder.resolve()}"), Line(f"next: {first}", bold=True)])
