"""Verdict process and commands: the code of a submission, read within limits, whatever lies in its folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unicodedata import combining, normalize

MOST_FILES = 1_000
MOST_FOLDERS = 1_000
DEEPEST = 20
LONGEST_FILE = 200 * 1024
MOST_BYTES = 5 * 1024 * 1024
LONGEST_NAME = 200
MOST_ENTRIES = 20_000
_MOST_MARKS = 1_000


class TooMuch(Exception):
    """A folder holds what is no code of a learner's, or too much of it; the message says what."""


def code_files(app: Path, within: Path | None = None) -> Iterator[tuple[Path, Path]]:
    """The files of code in a chapter's folder ``app``, in order: regular files that end in ``.py``.

    A name that begins with a dot is no module's: macOS puts ``._crud.py`` beside a file on another's disk, say.

    Args:
        app: the folder.
        within: the submission's folder, in which a link may lead to a file; `app` when not given.

    Yields:
        Where a file lies, and what is to be read for it: the same, unless it is a link.

    Raises:
        TooMuch: there are too many, one is too large, one lies too deep, or one is a link that leads elsewhere; the
            message begins with ``app``.
    """
    waiting: list[tuple[Path, tuple[str, ...]]] = [(app, ())]
    files = folders = entries = size = 0
    while waiting:
        place, parts = waiting.pop()
        inner: list[tuple[Path, tuple[str, ...]]] = []
        for name in sorted(_names(place)):
            entries += 1
            if name.startswith(".") and entries <= MOST_ENTRIES:
                continue
            path, shown = place / name, "/".join(("app", *parts, name))
            with suppress(OSError):
                about, meant = path.lstat(), path
                if stat.S_ISLNK(about.st_mode) and (path.suffix == ".py" or path.is_dir()):
                    if path.suffix != ".py" or (found := _file_of(path, within or app)) is None:
                        raise TooMuch(f"{shown} is a link; a submission must hold the files themselves")
                    about, meant = found.lstat(), found
                if stat.S_ISDIR(about.st_mode) and name != "__pycache__":
                    folders += 1
                    inner.append((path, (*parts, name)))
                elif stat.S_ISREG(about.st_mode) and path.suffix == ".py":
                    files, size = files + 1, size + about.st_size
                    if about.st_size > LONGEST_FILE:
                        raise TooMuch(f"{shown} is larger than {LONGEST_FILE // 1024} KB, which is too large for code")
                    if len(name) > LONGEST_NAME:
                        raise TooMuch(f"{shown[:80]}... has too long a name")
                    yield path, meant
            if size > MOST_BYTES:
                raise TooMuch(f"app holds more than {MOST_BYTES // 1024 // 1024} MB of code")
            if files > MOST_FILES or folders > MOST_FOLDERS or entries > MOST_ENTRIES:
                raise TooMuch(f"app holds more than {MOST_FILES} files or folders")
        if inner and len(parts) >= DEEPEST:
            raise TooMuch(f"app holds folders that are nested more than {DEEPEST} deep")
        waiting += reversed(inner)


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number > MOST_ENTRIES:
                    raise TooMuch(f"app holds more than {MOST_FILES} files or folders")
                yield entry.name
    except PermissionError:
        raise TooMuch("app is, or holds, a folder that you may not read") from None
    except OSError:
        return


def _file_of(link: Path, within: Path) -> Path | None:
    """The regular file in a folder that a link leads to; None for any other."""
    with suppress(OSError, RuntimeError, ValueError):  # it leads nowhere, or in a circle
        found = link.resolve(strict=True)
        if found.is_relative_to(within.resolve()) and stat.S_ISREG(found.lstat().st_mode):
            return found
    return None


def read_code(file: Path) -> bytes:
    """What a regular file holds, up to the largest that code may be; it never waits for anybody.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger.
    """
    place = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(place, "rb") as opened:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise OSError(0, "it is no regular file")
        content = opened.read(LONGEST_FILE + 1)
    if len(content) > LONGEST_FILE:
        raise OSError(0, f"it is larger than {LONGEST_FILE // 1024} KB")
    return content


def has_many_marks(text: str) -> bool:
    """Whether a text has so many marks that combine that it should not be normalised, as Python does with names.

    That takes a time that grows with the square of how many marks follow each other.
    """
    if text.isascii():
        return False
    marks = {letter for letter in set(text) if combining(normalize("NFKD", letter)[0])}  # some only once normalised
    return sum(letter in marks for letter in text) > _MOST_MARKS
