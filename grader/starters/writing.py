"""Commands: writes starters, the files of a solution in which the code of the tasks is taken out."""

from __future__ import annotations

from pathlib import Path

from grader.places import SOLUTIONS
from grader.starters.tasks import pieces_of


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


def starter_files(chapter: str, solutions: Path = SOLUTIONS) -> dict[str, bytes]:
    """The files of the starter of a chapter, by their names.

    Args:
        chapter: name of the chapter.
        solutions: folder that holds the solutions.
    """
    found = {}
    for file in sorted((solutions / chapter).rglob("*")):
        name = file.relative_to(solutions / chapter)
        if file.is_dir() or "__pycache__" in name.parts:
            continue
        content = file.read_bytes()
        if file.suffix == ".py":
            content = starter_of(file.read_text(encoding="utf-8"), int(chapter[:2])).encode()
        found[name.as_posix()] = content
    return found


def write_starters(chapter: str, target: Path, solutions: Path = SOLUTIONS) -> None:
    """Write the starter of a chapter.

    Args:
        chapter: name of the chapter.
        target: folder of the chapter to write into; files of the same name are replaced.
        solutions: folder that holds the solutions.
    """
    for name, content in starter_files(chapter, solutions).items():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
