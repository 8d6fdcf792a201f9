"""Command: what a folder or archive holds, in one form, and the code in it, read without writing where it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Protocol

from grader.classroom.intake.layout import Parts
from grader.classroom.intake.limits import Room
from grader.classroom.intake.submission import Chapter


class Tree(Protocol):
    """What a folder or archive holds.

    Attributes:
        kinds: ``file``, ``folder``, ``link`` or ``other`` by path.
        notes: what of it could not be read, in sentences.
    """

    kinds: Mapping[Parts, str]
    notes: list[str]

    def code(self, app: Parts, name: str, room: Room) -> Chapter:
        """The code in a folder.

        Args:
            app: the folder that is the package ``app``, whatever its own name.
            name: what it is called where it cannot be graded.
            room: what may still be read.

        Raises:
            Unreadable: it is too much.
        """

    def read(self, file: Parts, most: int) -> bytes:
        """What a file holds, up to so many bytes.

        Raises:
            OSError: it cannot be read.
        """

    def open(self, file: Parts, most: int) -> IO[bytes]:
        """A file to read and seek in.

        Args:
            file: the file.
            most: how many bytes may be held in memory for that.

        Raises:
            Unreadable: it is too large.
            OSError: it cannot be read.
        """
