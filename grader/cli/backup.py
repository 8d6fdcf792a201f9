"""Commands: keeps copies of the learner's files before a command replaces them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from grader.cli.place import KEPT
from grader.starters import PROJECT


def keep(files: Iterable[Path], root: Path, label: str) -> Path:
    """Copy files into a new dated folder below ``.workbook/backups``.

    Args:
        files: the files.
        root: folder below which they lie; the copies lie in the same way.
        label: ends the name of the new folder.

    Returns:
        The new folder.
    """
    stem = f"{datetime.now():%Y-%m-%d_%H%M%S}_{label}"
    number, folder = 1, KEPT / "backups" / stem
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{stem}_{number}")
    folder.mkdir(parents=True)
    for file in files:
        copy = folder / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
    return folder


def put(source: Path, target: Path) -> None:
    """Copy a file to where the learner's is. A link there is replaced, not followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    shutil.copyfile(source, target)


def name_of(path: Path) -> str:
    """A path as it is told: from the project on, where it lies below it."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else str(path)
