"""Kernel and commands: what a learner answered in quizzes, kept in ``.workbook/`` for the learner alone.

It is no part of any grade. The file can be deleted at any time.
"""

from __future__ import annotations

from contextlib import suppress

from grader import keeping
from grader.lessons.questions import quiz_of

_FILE = "quiz.json"


def keep(lesson: str, key: str, right: bool) -> None:
    """Keep how a question was answered last."""
    everything = _read()
    everything.setdefault(lesson, {})[key] = right
    with suppress(OSError):  # where nothing may be written, nothing is kept
        keeping.write(_FILE, everything)


def right_and_all(lesson: str) -> tuple[int, int] | None:
    """How many questions of a lesson are answered rightly, and how many there are; None where none was answered."""
    keys = [question.key for question in quiz_of(lesson)]
    answered = _read().get(lesson, {})
    return (len(right(lesson)), len(keys)) if any(key in answered for key in keys) else None


def right(lesson: str) -> set[str]:
    """The keys of the questions of a lesson that are answered rightly."""
    answered = _read().get(lesson, {})
    return {question.key for question in quiz_of(lesson) if answered.get(question.key) is True}


def _read() -> dict[str, dict[str, bool]]:
    """What is kept; nothing where the file is missing or was spoilt."""
    return {key: each for key, each in keeping.read(_FILE).items() if isinstance(each, dict)}
