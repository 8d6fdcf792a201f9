"""Command: keeps what a learner is handed free of the solution: no hint may quote a line that is theirs to write."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from grader.guide import hints_for
from grader.places import SOLUTIONS
from grader.report import Check
from grader.rules import CHAPTERS
from grader.starters import starter_of

# Shorter lines, such as db.commit(), are in every book.
_SHORTEST = 12


@cache
def secret_lines(chapter: str) -> frozenset[str]:
    """The lines of a chapter's solution that its starter has not, as `_plain` makes them."""
    found: set[str] = set()
    for file in (SOLUTIONS / chapter).glob("app/**/*.py"):
        text = file.read_text(encoding="utf-8")
        given = {_plain(line) for line in starter_of(text, int(chapter[:2])).splitlines()}
        found |= {_plain(line) for line in text.splitlines() if not line.strip().startswith(("#", '"""'))} - given
    return frozenset(line for line in found if len(line) >= _SHORTEST and any(sign in line for sign in "(=[@"))


@lru_cache(4096)
def gives_away(text: str, chapter: str) -> bool:
    """Whether a text holds a whole line of the chapter's solution; most learners get the same texts."""
    said = _plain(text)
    return any(line in said for line in secret_lines(chapter))


def without_solution(check: Check) -> Check:
    """The same verdict without the solution in its words; a hint that quotes it gives way to the first of the task."""
    if check.chapter not in CHAPTERS:
        return check
    changed: dict[str, Any] = {
        name: "" for name in ("why", "expected") if gives_away(getattr(check, name), check.chapter)
    }
    if gives_away(check.hint, check.chapter):
        changed["hint"] = hints_for(check.task)[0]
    return replace(check, **changed) if changed else check


def _plain(text: str) -> str:
    """Text without what says nothing: space, and the sign at a line's end."""
    return "".join(text.split()).rstrip(":.,")
