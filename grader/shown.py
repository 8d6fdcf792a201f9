"""Everywhere: text out of a submission, made harmless for whatever shows it."""

from __future__ import annotations

import re

# What code hosts take for a command where it stands in a log: at the start of a line, or anywhere.
# A file with more is not compared with another line by line: that takes minutes.
MOST_LINES_COMPARED = 3_000
_COMMAND_AT_START = re.compile(r"^([^\S\n]*):(?=:\w)", re.MULTILINE)
_COMMAND = re.compile(r"##(?=\w*\[)")


def harmless(text: str) -> str:
    """Text that can do nothing to a terminal, a page, or the log of a code host, of one line or many.

    Control characters, and marks that change the direction of writing, are shown as Python would write them.
    """
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1] for letter in text)
    return without_commands(text)


def without_commands(text: str) -> str:
    """Text in which no code host finds a command: ``::error::`` at the start of a line, ``##[error]`` anywhere."""
    if ":" in text or "##" in text:
        text = _COMMAND.sub("# #", _COMMAND_AT_START.sub(r"\1: ", text))
    return text
