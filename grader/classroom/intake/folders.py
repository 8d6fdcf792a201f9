"""Command: reads a submission that is a folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from grader.bench.staging import stage
from grader.classroom.intake import limits
from grader.classroom.intake.layout import DEEPEST, NOT_THEIRS, root_of
from grader.classroom.intake.submission import Chapter, Submission, as_text
from grader.rules import CHAPTERS


def read_folder(folder: Path) -> Submission:
    """The chapters in a folder."""
    places = set()
    for place, names, _ in os.walk(folder, onerror=_refuse):
        above = Path(place).relative_to(folder).parts
        if any(name in CHAPTERS for name in names):
            places.add(above)
        kept = [name for name in names if name not in NOT_THEIRS and not name.startswith(".")]
        names[:] = [name for name in kept if name not in CHAPTERS and len(above) < DEEPEST]
    root = root_of(places)
    if root is None:
        return Submission({})
    found = {}
    room = limits.Room()
    for chapter in CHAPTERS:
        if (folder.joinpath(*root) / chapter).is_dir():
            found[chapter] = _read_chapter(folder.joinpath(*root), chapter, room)
    return Submission(found)


def _refuse(error: OSError) -> None:
    raise error


def _read_chapter(submission: Path, chapter: str, room: limits.Room) -> Chapter:
    """A chapter of a folder; what counts as its code is the bench's word."""
    with tempfile.TemporaryDirectory(prefix="grader-") as temporary:
        copy = Path(temporary)
        refused = stage(submission, chapter, copy)
        if refused:
            return Chapter(refused=refused)
        code = sorted(file for file in copy.rglob("*.py") if file.is_file())
        for file in code:
            room.take(file.stat().st_size)
        return Chapter({as_text(file.relative_to(copy).as_posix()): file.read_bytes() for file in code})
