"""In the child: what a reading is: a named mistake, when it is that one, and what there is to say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from grader.diagnosis.evidence import Evidence


@dataclass(frozen=True)
class Told:
    """What is said of a mistake; what is empty stays as the rule has it.

    Attributes:
        saw: what happened, in a sentence that shows the difference.
        where: the line to change, ``app/crud.py:12``.
        hint: what leads to the right code, without giving the line away.
        wanted: what should have happened.
        why: why it matters, where the rule's reason does not fit this mistake.
    """

    saw: str = ""
    where: str = ""
    hint: str = ""
    wanted: str = ""
    why: str = ""


@dataclass(frozen=True)
class Reading:
    """A mistake that can be recognised.

    Attributes:
        name: its stable name, ``not_refreshed``.
        title: what it is, in a few words, as a heading or in a count: ``commit() without refresh()``.
        rules: names of the rules that it breaks; none where it may break any.
        about: one or two sentences for somebody who has not seen the code.
        holds: says what there is to say if it is this mistake, and None if it is not.
    """

    name: str
    title: str
    rules: tuple[str, ...]
    about: str
    holds: Callable[[Evidence], Told | None]


def reading(
    title: str, *rules: str
) -> Callable[[Callable[[Evidence], Told | None]], Callable[[Evidence], Told | None]]:
    """Declare the function below as a reading: its name is that of the mistake, its docstring says what it is about.

    Args:
        title: what the mistake is, in a few words.
        rules: names of the rules that it breaks; where none are given, it is tried for every rule.
    """

    def declare(function: Callable[[Evidence], Told | None]) -> Callable[[Evidence], Told | None]:
        about = " ".join((function.__doc__ or "").split()).replace("``", "`")  # for people, not for Sphinx
        vars(function)["reading"] = Reading(function.__name__, title, rules, about, function)
        return function

    return declare


def reading_of(value: Any) -> Reading | None:
    """The reading that a function declares, or None for anything else."""
    found = getattr(value, "__dict__", {}).get("reading") if callable(value) else None
    return found if isinstance(found, Reading) else None


# The reason why a crash matters that has nothing to do with what the rule looks at.
TOO_STRICT = "The task sheet allows this, so clients will send it. Nobody can tell them why it is refused."
UNTIL_IT_RUNS = "This has to work first: until it does, nothing after it runs."


def an(name: str) -> str:
    """A name with its article: ``an Item``, ``a Session``."""
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


_AT_IMPORT = re.compile(r"^importing |^\S+ is not valid Python: ")


def first_that_holds(readings: Sequence[Reading], evidence: Evidence) -> tuple[Reading, Told] | None:
    """The first reading that holds, and what it says; one that fails itself does not hold."""
    by_an_import = evidence.outcome == "error" and bool(_AT_IMPORT.search(evidence.saw))
    for each in readings:
        # What an import raises says nothing of what the rule looks at.
        if each.rules and (by_an_import or evidence.rule not in each.rules):
            continue
        try:
            told = each.holds(evidence)
        except Exception:  # an explanation must never cost a verdict
            continue
        if told is not None:
            return each, told
    return None
