"""Command: how much a submission may hold."""

from __future__ import annotations

from grader.classroom.intake.submission import Unreadable

MEBIBYTE = 1024 * 1024
MOST_MEMBERS = 100_000
MOST_FILES = 1_000
MOST_COPIES = 200
MOST_BYTES = 20 * MEBIBYTE
MOST_UNPACKED = 1024 * MEBIBYTE
# Archives in archives, all that are open at a time; and a platform's download as a whole.
MOST_NESTED = 256 * MEBIBYTE
MOST_DOWNLOAD = 64 * 1024 * MEBIBYTE


class Room:
    """How much of what a submission may hold is still free."""

    def __init__(self) -> None:
        self.files = MOST_FILES
        self.bytes = MOST_BYTES

    def take(self, size: int) -> None:
        """Use some of it.

        Raises:
            Unreadable: there is not so much.
        """
        self.files -= 1
        self.bytes -= size
        if self.files < 0:
            raise Unreadable(f"it holds more than {MOST_FILES} files of code")
        if self.bytes < 0:
            raise Unreadable(f"its code takes more than {MOST_BYTES // MEBIBYTE} MiB")
