"""Kernel and commands: what a learner answered in quizzes, kept in ``.workbook/`` for the learner alone.

It is no part of any grade. The file can be deleted at any time.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from grader.lessons.questions import quiz_of
from grader.places import kept


def _file() -> Path:
    return kept() / "quiz.json"


def keep(lesson: str, key: str, right: bool) -> None:
    """Keep how a question was answered last."""
    everything = _read()
    everything.setdefault(lesson, {})[key] = right
    with suppress(OSError):  # where nothing may be written, nothing is kept
        file = _file()
        file.parent.mkdir(exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        new.replace(file)


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
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {key: each for key, each in data.items() if isinstance(each, dict)} if isinstance(data, dict) else {}
