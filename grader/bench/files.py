"""Verdict process: how many files children make. A disk has room for only so many, however small they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from grader.bench.plan import Run
from grader.removal import open_folder

# Files and folders below the folder of one chapter.
MOST_FILES = 10_000
_DEEPEST = 100
# With fewer that can be made, a check may have failed for want of them.
FEW = 100


def files_left(folder: Path) -> int:
    """How many files the disk of a folder has room for, as far as it says; folders count too."""
    with suppress(AttributeError, OSError):  # Windows does not say
        about = os.statvfs(folder)
        if about.f_files:  # some file systems set none aside
            return about.f_favail
    return sys.maxsize


class FileCount:
    """Notices that very many files are made, by whomever, and looks then who has made them.

    Args:
        workshop: the folder below which all children work.
    """

    def __init__(self, workshop: Path) -> None:
        self._workshop = workshop
        self._left = files_left(workshop)

    def guilty(self, running: Iterable[Run]) -> list[Run]:
        """The runs of these whose code has made too many."""
        left = files_left(self._workshop)
        if left > self._left - MOST_FILES:
            self._left = max(left, self._left)
            return []
        self._left = left
        return [run for run in running if _holds_more(run.root, MOST_FILES)]


def _holds_more(folder: Path, most: int) -> bool:
    """Whether a folder holds more files and folders than that; so does one that nobody can look through to its end."""
    return _count(str(folder), None, most, _DEEPEST) > most


def _count(name: str, within: int | None, most: int, depth: int) -> int:
    """How many files and folders a folder holds, up to one more than `most`; that many where it cannot be known.

    It goes from folder to folder, as the path of a deep one is too long to be opened.
    """
    if depth == 0:
        return most + 1
    try:
        place = open_folder(name, within)
    except FileNotFoundError:  # it has gone meanwhile
        return 0
    except OSError:
        return most + 1
    try:
        with os.scandir(place) as entries:
            folders, found = [], 0
            for entry in entries:
                found += 1
                folders += [entry.name] if entry.is_dir(follow_symlinks=False) else []
                if found > most:
                    return found
        for each in folders:
            found += _count(each, place, most - found, depth - 1)
            if found > most:
                break
        return found
    except OSError:
        return most + 1
    finally:
        os.close(place)
