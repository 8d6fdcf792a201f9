"""Commands: how the chapters build on each other."""

from __future__ import annotations

import re

from grader.places import SOLUTIONS
from grader.rules import CHAPTERS

# Chapter 08 begins anew; chapters 09 and 10 go on from 06.
_AFTER = {"08_sqlmodel": "06_routes", "09_relationships": "06_routes", "10_background": "06_routes"}


def before(chapter: str) -> str:
    """The chapter that a chapter builds on, or is compared with; an empty string for the first."""
    number = int(chapter[:2])
    return _AFTER.get(chapter, CHAPTERS[number - 2] if number > 1 else "")


def given_from(chapter: str) -> dict[str, str]:
    """The files of a chapter that an earlier one asked for and that have not changed since, each with that chapter.

    Args:
        chapter: the chapter to which the files are given.
    """
    found: dict[str, str] = {}
    earlier = [name for name in CHAPTERS[: int(chapter[:2]) - 1] if name != "08_sqlmodel"]
    for file in sorted((SOLUTIONS / chapter / "app").rglob("*.py")) if chapter != "08_sqlmodel" else ():
        text, name = file.read_text(encoding="utf-8"), file.relative_to(SOLUTIONS / chapter).as_posix()
        for origin in earlier:
            first = SOLUTIONS / origin / name
            asked = re.search(rf"^ *# {int(origin[:2])}\.\d+ ", text, re.MULTILINE)
            if asked and first.is_file() and first.read_text(encoding="utf-8") == text:
                found[name] = origin
    return found
