"""Command: which chapters are meant by ``3-6``, ``5`` or ``05_crud``."""

from __future__ import annotations

import re

from grader import BadInput
from grader.rules import CHAPTERS


def selected(text: str) -> tuple[str, ...]:
    """The chapters of a selection, in their order; all of them for an empty one.

    Args:
        text: numbers, ranges and names with commas between them: ``1,3-6,08_sqlmodel``.

    Raises:
        BadInput: it names no chapter.
    """
    if not text.strip():
        return CHAPTERS
    found = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?", part.strip())
        if part.strip() in CHAPTERS:
            found.add(part.strip())
        elif match and 1 <= int(match[1]) <= int(match[2] or match[1]) <= len(CHAPTERS):
            found.update(CHAPTERS[int(match[1]) - 1 : int(match[2] or match[1])])
        else:
            raise BadInput(f"There is no chapter '{part.strip()}'; give --chapters as in 5, 3-6 or 1,3-6.")
    return tuple(chapter for chapter in CHAPTERS if chapter in found)
