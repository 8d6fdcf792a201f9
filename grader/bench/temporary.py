"""Verdict process: temporary folders, each of which goes with its process, also when that is killed.

A folder is locked as long as its process lives; the kernel frees the lock when it ends, however it ends. The next
process that makes a folder here removes those that nobody holds any more.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader import BadInput
from grader.removal import remove

try:
    import fcntl
except ImportError:  # Windows, where nobody is killed without the chance to clear up
    fcntl = None  # type: ignore[assignment]

_PREFIX = "grader."
# What is left of a killed run is taken away bit by bit: nobody waits longer for it.
_SECONDS_FOR_EACH = 5.0
# How a folder is opened to be locked: nothing that a link leads to.
_ITSELF = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_held: dict[Path, int] = {}
_cleared: set[str] = set()


def make_folder() -> Path:
    """Make a temporary folder that is this process's own; remove those of processes that were killed."""
    if tempfile.gettempdir() not in _cleared:
        _cleared.add(tempfile.gettempdir())
        _clear(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        if _hold(folder):
            return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder that `make_folder` has made, with all that it holds."""
    remove(folder)
    with suppress(OSError):
        os.close(_held.pop(folder, -1))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A temporary folder for as long as the block takes."""
    folder = make_folder()
    try:
        yield folder
    finally:
        remove_folder(folder)


def is_full(error: BaseException) -> bool:
    """Whether something went wrong because a disk is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(where: object) -> BadInput:
    """What there is to say then.

    Args:
        where: the folder that is on this disk.
    """
    return BadInput(f"The disk of '{where}' is full. Make room, then start again with --resume: what is known is kept.")


def _hold(folder: Path) -> bool:
    """Lock a new folder; whether it is still there, for somebody may just have taken it for one of the dead's."""
    if fcntl is None:
        return True
    place = -1
    try:
        place = os.open(folder, _ITSELF)
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.stat().st_ino == os.fstat(place).st_ino:
            _held[folder] = place
            return True
    except OSError:
        pass
    if place >= 0:
        os.close(place)
    return False


def _clear(place: Path) -> None:
    """Remove the folders whose processes have ended."""
    if fcntl is None or not hasattr(os, "geteuid"):
        return
    with suppress(OSError):
        for folder in sorted(place.glob(f"{_PREFIX}*")):
            with suppress(OSError):
                about = folder.lstat()
                if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                    continue
                lock = os.open(folder, _ITSELF)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove(folder, _SECONDS_FOR_EACH)
                finally:
                    os.close(lock)
