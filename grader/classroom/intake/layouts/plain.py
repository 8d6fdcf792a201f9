"""Command: a folder, zip or tar archive for each learner, named by the learner's id."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.classroom.intake.layout import ARCHIVES, OTHER_ARCHIVES, without_ending
from grader.classroom.intake.layouts.pieces import Piece, printable

TITLE = "a folder, zip or tar archive for each learner"


def fits(paths: Iterable[Path]) -> bool:
    """Anything can be such a folder."""
    return True


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The submissions; none for other files."""
    return [piece for path in paths if (piece := piece_of(path)) is not None]


def piece_of(path: Path) -> Piece | None:
    """One submission, or None for another file."""
    name = printable(path.name)
    learner = name if path.is_dir() else without_ending(name).strip()
    if path.is_dir() or name.lower().endswith((*ARCHIVES, *OTHER_ARCHIVES)):
        return Piece(path, name, learner) if learner else None
    return None
