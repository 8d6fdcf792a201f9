"""Command: when something was handed in, as rosters tell it."""

from __future__ import annotations

import re
from datetime import datetime

_FORMATS = (
    "%A, %d %B %Y, %I:%M %p",  # Moodle's grading worksheet, in English
    "%A, %d %B %Y, %H:%M",
    "%d/%m/%Y %H:%M",
    "%Y-%m-%d %H:%M:%S %z",  # Gradescope, GitHub Classroom
    "%Y-%m-%d %H:%M:%S",
)


def time_of(text: str) -> datetime | None:
    """A time with its zone, that of this machine where none is told; None where the text is no time.

    Args:
        text: in the words of Moodle, Gradescope or GitHub Classroom, or as in ISO 8601.
    """
    text = re.sub(r"\s+", " ", text.strip()).removesuffix(" UTC") + (" +0000" if text.strip().endswith(" UTC") else "")
    found = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for form in _FORMATS:
            try:
                found = datetime.strptime(text, form)
                break
            except ValueError:
                continue
    try:
        return found.astimezone() if found is not None and found.tzinfo is None else found
    except (ValueError, OverflowError, OSError):
        return None
