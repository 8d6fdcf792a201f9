"""Commands: keeps copies of the learner's files before a command replaces them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from grader import BadInput, keeping
from grader.keeping import kept
from grader.places import MOST_READ, found_home, read_file, refuse_links

# What tells what a learner's folder was given last; see `grader.cli.given`.
GIVEN = "given.json"


def keep(files: Iterable[Path], root: Path, label: str) -> Path:
    """Copy files into a new dated folder below ``.workbook/backups``, with what tells of which version they are.

    Args:
        files: the files.
        root: folder below which they lie; the copies lie in the same way, those of a chapter without ``chapters``.
        label: ends the name of the new folder.

    Returns:
        The new folder.

    Raises:
        BadInput: a link stands where it is to be, or a file is so large that copies would fill the disk.
    """
    files = list(files)
    for file in (*files, kept() / GIVEN):
        if file.is_file() and file.stat().st_size > MOST_READ:
            raise BadInput(f"'{file}' is larger than {MOST_READ >> 20} MB; move it somewhere else, and try again.")
    stem = f"{datetime.now():%Y-%m-%d_%H%M%S}_{label}"
    number, folder = 1, kept() / "backups" / stem
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{stem}_{number}")
    folder.mkdir(parents=True)
    for file in files:
        name = file.relative_to(root)
        copy = folder / Path(*name.parts[name.parts[0] == "chapters" :])
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy, follow_symlinks=False)  # what a link leads to may be somebody else's
    if (kept() / GIVEN).is_file():
        (folder / ".workbook").mkdir()
        shutil.copy2(kept() / GIVEN, folder / ".workbook" / GIVEN)
    return folder


def put(source: Path, target: Path) -> None:
    """Copy a file to where the learner's is. A link there is replaced, not followed.

    Raises:
        BadInput: a folder on the way is a link, or something else than a file is there.
    """
    home = found_home()
    if home is not None and target.is_relative_to(home):
        refuse_links(home, [target.relative_to(home).as_posix()])
    target.parent.mkdir(parents=True, exist_ok=True)
    keeping.put(target, read_file(source))


def folders() -> list[Path]:
    """The folders of the backups; a link to one is none."""
    return [folder for folder in (kept() / "backups").glob("*/") if not folder.is_symlink()]


def name_of(path: Path) -> str:
    """A path as it is told: from the learner's folder on, where it lies below it."""
    home = found_home()
    return path.relative_to(home).as_posix() if home is not None and path.is_relative_to(home) else str(path)
