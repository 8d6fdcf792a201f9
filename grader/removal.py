"""Server and verdict process: removes folders in which code has done what it likes, and never raises.

`shutil.rmtree` goes down step by step and fails at some depth, and at folders that nobody may read.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path


def remove(path: Path, seconds: float = 20.0) -> None:
    """Remove a folder with all that it holds, however deep, or a file; what cannot be removed stays.

    Args:
        path: the folder or file.
        seconds: how long it may take; some file systems take minutes for what code makes in a second.
    """
    deadline = time.monotonic() + seconds
    with suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
    if os.rename not in os.supports_dir_fd or os.scandir not in os.supports_fd:
        with suppress(Exception):
            shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        top = open_folder(str(path), None)
        try:
            _empty(top, deadline)
        finally:
            os.close(top)
    with suppress(OSError):
        path.rmdir()


def _empty(top: int, deadline: float) -> None:
    """Remove all that a folder holds: what lies deeper is moved up first, so that nothing lies deep."""
    prefix, number = f".{secrets.token_hex(8)}-", 0
    while True:
        folders = _remove_files(top, deadline)
        removed = 0
        for name in folders:
            if time.monotonic() > deadline:
                return
            with suppress(OSError):
                place = open_folder(name, top)
                try:
                    for inner in _remove_files(place, deadline):
                        try:
                            os.rmdir(inner, dir_fd=place)
                        except OSError:  # it is not empty
                            number += 1
                            _move_up(inner, place, f"{prefix}{number}", top)
                finally:
                    os.close(place)
            with suppress(OSError):
                os.rmdir(name, dir_fd=top)
                removed += 1
        if not removed:
            return


def _remove_files(place: int, deadline: float) -> list[str]:
    """Remove the files in a folder; the names of the folders in it."""
    folders = []
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if time.monotonic() > deadline:
                break
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with suppress(OSError):
                    os.unlink(entry.name, dir_fd=place)
    return folders


def _move_up(name: str, place: int, new: str, top: int) -> None:
    with suppress(OSError):
        os.close(open_folder(name, place))  # which makes sure that it may be moved
        os.rename(name, new, src_dir_fd=place, dst_dir_fd=top)


def open_folder(name: str, place: int | None) -> int:
    """Open a folder, whatever its mode says.

    What takes its place meanwhile, a link to somebody's file, say, is neither opened nor changed.
    """
    if sys.platform != "linux":
        with suppress(OSError, NotImplementedError):
            os.chmod(name, 0o700, dir_fd=place, follow_symlinks=False)
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
    found = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
    try:
        if os.fstat(found).st_mode & 0o700 != 0o700:
            with suppress(OSError):
                Path(f"/proc/self/fd/{found}").chmod(0o700)
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=found)
    finally:
        os.close(found)
