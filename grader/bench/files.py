"""Verdict process: how many files children make. A disk has room for only so many, however small they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from grader.bench.plan import Run

# Files and folders below the folder of one chapter.
MOST_FILES = 10_000
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
    """Whether a folder holds more files and folders than that, as far as it can be looked into."""
    waiting, found = [str(folder)], 0
    while waiting and found <= most:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                found += 1
                if found > most:
                    break
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return found > most
