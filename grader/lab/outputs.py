"""In the child: its standard output and error output, which code may wrap, detach or close as it may in a program."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import BufferedWriter, FileIO, TextIOWrapper

_NUMBERS = {"stdout": 1, "stderr": 2}


class Outputs:
    """Remembers how ``sys.stdout`` and ``sys.stderr`` are made now."""

    def __init__(self) -> None:
        self._how = {name: _how(getattr(sys, name)) for name in _NUMBERS}
        self._made: dict[str, TextIOWrapper] = {}

    def restore(self) -> None:
        """Make those anew that are not as they were.

        The first time it is both: an object goes by what was below it when it was made, and in the child that is
        something else. Later the app may hold one, with what it has not written yet.
        """
        for name, number in _NUMBERS.items():
            made = self._made.get(name)
            if made is None or getattr(sys, name) is not made or _is_closed(made):
                self._made.pop(name, None)
                setattr(sys, name, None)  # one that nobody else holds closes its file, if that is not Python's
                del made
                _open_again(number)
                with suppress(OSError):
                    encoding, errors, by_lines = self._how[name]
                    file = BufferedWriter(FileIO(number, "w", closefd=False))
                    self._made[name] = TextIOWrapper(file, encoding, errors, line_buffering=by_lines)
                    setattr(sys, f"__{name}__", self._made[name])
                setattr(sys, name, self._made.get(name))


def _how(stream: object) -> tuple[str, str, bool]:
    encoding, errors = getattr(stream, "encoding", "utf-8"), getattr(stream, "errors", "backslashreplace")
    return encoding, errors, getattr(stream, "line_buffering", False)


def _is_closed(stream: TextIOWrapper) -> bool:
    try:
        return stream.closed
    except ValueError:  # it has been detached
        return True


def _open_again(number: int) -> None:
    """Open a file that was closed: both are the same pipe."""
    try:
        os.fstat(number)
    except OSError:
        with suppress(OSError):
            os.dup2(3 - number, number)
