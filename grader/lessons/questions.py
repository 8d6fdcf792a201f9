"""Kernel and commands: the predictions and the quiz of each lesson, as they are written in ``notebooks/questions``.

::

    [predict.pool_twice]                 # %predict pool_twice
    choices = ["One.", "Two."]           # in their natural order; none: the reader types a prediction
    answer = "Two."                      # one of the choices; without choices, what really happens
    why = "One sentence that explains it."

    [[quiz]]                             # %quiz 01
    question = "..."
    right = ["the right answer", "why it is right"]
    wrong = [["a wrong answer", "why it is wrong"], ["another", "why"]]

`backticks` mark code. The right answer of a quiz stands first here; `answers_of` gives each its place.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from grader.lessons import NOTEBOOKS

FOLDER = NOTEBOOKS / "questions"


@dataclass(frozen=True)
class Prediction:
    """What may happen when the next cell is run."""

    name: str
    choices: tuple[str, ...]
    answer: str
    why: str


@dataclass(frozen=True)
class Answer:
    """An answer of a quiz, and why it is right or wrong."""

    text: str
    why: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A question of a quiz with its answers, in the order in which they are shown."""

    text: str
    answers: tuple[Answer, ...]

    @property
    def key(self) -> str:
        """What names the question where results are kept: a changed question is a new one."""
        return sha256(self.text.encode()).hexdigest()[:12]


@cache
def quiz_of(lesson: str) -> tuple[Question, ...]:
    """The quiz of a lesson, for example of ``01_engine``; empty where there is none."""
    return tuple(Question(each["question"], answers_of(each)) for each in _read(lesson).get("quiz", []))


def answers_of(entry: dict[str, Any]) -> tuple[Answer, ...]:
    """The answers of an entry, each in a place that depends on its words alone."""
    found = [Answer(text, why, text == entry["right"][0]) for text, why in (entry["right"], *entry["wrong"])]
    return tuple(sorted(found, key=lambda answer: sha256((answer.text + entry["question"]).encode()).digest()))


def predictions_of(lesson: str) -> dict[str, Prediction]:
    """The predictions of a lesson, by their names."""
    return {
        name: Prediction(name, tuple(entry.get("choices", [])), entry["answer"], entry.get("why", ""))
        for name, entry in _read(lesson).get("predict", {}).items()
    }


def prediction(name: str) -> Prediction | None:
    """The prediction of this name, in whichever lesson it is."""
    return next((found[name] for lesson in lessons() if name in (found := predictions_of(lesson))), None)


def lesson_of(name: str) -> str:
    """The lesson that asks for this prediction; empty where none does."""
    return next((lesson for lesson in lessons() if name in predictions_of(lesson)), "")


def lessons() -> list[str]:
    """The lessons that ask something, in order."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


@cache
def _read(lesson: str) -> dict[str, Any]:
    file = FOLDER / f"{lesson}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
