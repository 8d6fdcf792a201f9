"""Verdict process: the room that all children share, on disks, for files and for threads; who takes too much of it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.bench.plan import Run
from grader.removal import open_folder

# Files and folders below the folder of one chapter, and bytes; less of these on a disk that has little room itself.
MOST_FILES, MOST_BYTES, _LEAST_BYTES = 10_000, 1 << 30, 64 << 20
_DEEPEST = 100
# With less, a check may have failed for want of it; with hardly a byte it is sure to have.
_FEW_FILES, _FEW_BYTES, _FEW_THREADS = 100, 16 << 20, 8
_HARDLY_A_BYTE = 1 << 20


@dataclass(frozen=True)
class Left:
    """What a disk has room for, as far as it says; folders count as files."""

    files: int
    size: int


def left_on(folder: Path) -> Left:
    """What the disk of a folder has room for."""
    if sys.platform == "win32":  # which does not say how many files
        return Left(sys.maxsize, shutil.disk_usage(folder).free)
    about = os.statvfs(folder)
    files = about.f_favail if about.f_files else sys.maxsize  # some file systems set none aside
    return Left(files, about.f_bavail * about.f_frsize)


def for_files(folders: Iterable[Path]) -> bool:
    """Whether a few more files can be made on the disks of these folders, however small."""
    return all(left_on(folder).files >= _FEW_FILES for folder in folders)


def for_a_check(folders: Iterable[Path]) -> bool:
    """Whether there is room on the disks of these folders for what a check writes."""
    return all(left.files >= _FEW_FILES and left.size >= _FEW_BYTES for left in map(left_on, folders))


def for_threads() -> bool:
    """Whether a few more threads can be started at this moment."""
    over, started = threading.Event(), []
    try:
        for _ in range(_FEW_THREADS):
            thread = threading.Thread(target=over.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        over.set()
        for thread in started:
            thread.join()
    return True


class Watch:
    """Notices that a disk fills up, with whatever, and looks then who has filled it.

    Args:
        folder: the folder below which all children write.

    Attributes:
        most_bytes: how much a chapter may write.
        was_short: there was a moment when a check may have failed for want of room.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._left = left_on(folder)
        self.was_short = False
        self.most_bytes = max(_LEAST_BYTES, min(MOST_BYTES, self._left.size // 4))

    def notices(self) -> bool:
        """Whether much of what was left has gone since this was last so."""
        left, before = left_on(self.folder), self._left
        self.was_short = self.was_short or left.files < _FEW_FILES or left.size < _HARDLY_A_BYTE
        much = left.files <= before.files - MOST_FILES or left.size <= before.size - self.most_bytes
        self._left = left if much else Left(max(left.files, before.files), max(left.size, before.size))
        return much

    def guilty(self, running: Iterable[Run]) -> list[Run]:
        """The runs of these whose code has taken too much."""
        return [run for run in running if self.is_too_much(run.root)] if self.notices() else []

    def is_too_much(self, folder: Path) -> bool:
        """Whether a folder holds more than a chapter may; so does one that nobody can look through to its end."""
        return holds_more(folder, MOST_FILES, self.most_bytes)


def holds_more(folder: Path, most_files: int, most_bytes: int) -> bool:
    """Whether a folder holds more files and folders, or bytes, than that, or cannot be looked through to its end."""
    files = size = 0
    try:
        for each in _sizes(str(folder), None, _DEEPEST):
            files, size = files + 1, size + each
            if files > most_files or size > most_bytes:
                return True
    except OSError:
        return True
    return False


def _sizes(name: str, within: int | None, depth: int) -> Iterator[int]:
    """What each file and folder below a folder takes of the disk, in bytes.

    It goes from folder to folder, as the path of a deep one is too long to be opened.

    Raises:
        OSError: one of them is too deep, or cannot be opened.
    """
    if depth == 0:
        raise OSError
    try:
        place = open_folder(name, within)
    except FileNotFoundError:  # it has gone meanwhile
        return
    try:
        folders = []
        with os.scandir(place) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    about = entry.stat(follow_symlinks=False)
                    folders += [entry.name] if stat.S_ISDIR(about.st_mode) else []
                    yield getattr(about, "st_blocks", about.st_size // 512) * 512
        for each in folders:
            yield from _sizes(each, place, depth - 1)
    finally:
        os.close(place)
