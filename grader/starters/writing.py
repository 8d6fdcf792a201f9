"""Commands: writes starters, the files of a solution in which the code of the tasks is taken out."""

from __future__ import annotations

import shutil
from pathlib import Path

from grader.starters.tasks import SOLUTIONS, pieces_of


def starter_of(source: str, chapter: int, task: str = "") -> str:
    """The starter of a solution's file: the same text with the code of the chapter's tasks taken out.

    Args:
        source: text of the solution's file.
        chapter: number of the chapter whose tasks are taken out.
        task: number of the only task to take out; all when not given.
    """
    lines = source.split("\n")
    for piece in reversed(pieces_of(source, chapter)):
        if task in ("", piece.task):
            lines[piece.first - 1 : piece.last] = piece.starter
    return "\n".join(lines)


def write_starters(chapter: str, target: Path, solutions: Path = SOLUTIONS) -> None:
    """Write the starter of a chapter.

    Args:
        chapter: name of the chapter.
        target: folder of the chapter to write into; files of the same name are replaced.
        solutions: folder that holds the solutions.
    """
    for file in sorted((solutions / chapter).rglob("*")):
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        copy = target / file.relative_to(solutions / chapter)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".py":
            text = starter_of(file.read_text(encoding="utf-8"), int(chapter[:2]))
            copy.write_text(text, encoding="utf-8", newline="\n")
        else:
            shutil.copyfile(file, copy)
