"""Command: what differs between a submission and the solution, line by line."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

from grader.classroom.intake import Chapter
from grader.places import SOLUTIONS
from grader.shown import MOST_LINES_COMPARED, harmless


@cache
def solution_of(chapter: str) -> Chapter:
    """The code of a chapter's solution."""
    folder = SOLUTIONS / chapter
    return Chapter({file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.glob("app/**/*.py")})


def lines_of(chapter: Chapter) -> dict[str, list[str]]:
    """The lines of each file of a chapter."""
    return {path: _lines(content) for path, content in chapter.files.items()}


def _lines(content: bytes) -> list[str]:
    return [harmless(line) for line in content.decode("utf-8", "replace").splitlines()]


def compare(mine: Chapter, solution: Chapter) -> dict[str, dict[str, Any]]:
    """What differs between a submission and the solution, file by file.

    Returns:
        For each file that is not the same: its lines, and how they become the solution's, in steps
        ``[equal, first and last line here, first and last line there]``.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in sorted({*mine.files, *solution.files}):
        content, other = mine.files.get(path, b""), solution.files.get(path, b"")
        if content == other and (path in mine.files) == (path in solution.files):
            continue
        lines = _lines(content)
        if len(lines) > MOST_LINES_COMPARED or len(content) > 100 * MOST_LINES_COMPARED:
            found[path] = {"skipped": f"too long to be shown ({len(lines)} lines)"}
            continue
        matcher = difflib.SequenceMatcher(None, lines, other.decode("utf-8", "replace").splitlines(), autojunk=False)
        found[path] = {"lines": lines, "steps": [[tag == "equal", *at] for tag, *at in matcher.get_opcodes()]}
    return found
