"""Command: what a learner handed in, as plain data."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from grader.shown import harmless

# Bytes: what file systems take, and what is left of that below the folders in which a submission is graded.
_LONGEST_NAME, _LONGEST_PATH = 255, 2000


class Unreadable(Exception):
    """Nothing of a submission can be used; the message says why."""


@dataclass(frozen=True)
class Chapter:
    """What a learner handed in for one chapter.

    Attributes:
        files: content by path below the chapter's folder, ``app/crud.py``.
        refused: why it cannot be graded; empty when it can.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    refused: str = ""

    @property
    def digest(self) -> str:
        """A fingerprint of the content: the same for the same code, whoever handed it in."""
        found = hashlib.sha256(self.refused.encode())
        for path, content in sorted(self.files.items()):
            found.update(b"\0%d %d\0" % (len(path.encode()), len(content)) + path.encode() + content)
        return found.hexdigest()[:32]

    def to_texts(self) -> dict[str, str]:
        """The files as JSON can hold them, byte for byte."""
        return {path: content.decode("latin-1") for path, content in self.files.items()}

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """The chapter again, out of what `to_texts` made of it."""
        return cls({path: text.encode("latin-1") for path, text in texts.items()})

    def write(self, folder: Path) -> None:
        """Write the code below an empty folder.

        Raises:
            OSError: a name cannot be written here.
        """
        for path, content in self.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        (folder / "app").mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Submission:
    """What one learner handed in, by chapter; a chapter that is not there is still to do.

    Attributes:
        chapters: what counts.
        notes: what was chosen among several copies, or could not be read, in sentences.
    """

    chapters: Mapping[str, Chapter]
    notes: tuple[str, ...] = ()


def as_text(path: str) -> str:
    """A path that can be encoded; a name that is no UTF-8 is no module's."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_too_long(path: str) -> bool:
    """Whether a path could not be written everywhere: each name has its longest, and so has the whole."""
    return len(path.encode()) > _LONGEST_PATH or any(len(name.encode()) > _LONGEST_NAME for name in path.split("/"))


def shown(name: str) -> str:
    """A name from outside, as it is told."""
    return harmless(name.encode("utf-8", "backslashreplace").decode()[:200])
