"""In the child, and wherever mistakes are named: the readings of each chapter."""

from __future__ import annotations

import importlib
from functools import cache

from grader.diagnosis.aliases import defined_by_another_spelling
from grader.diagnosis.anywhere import awaited, behind_the_walls, no_context_manager, raised_no_exception
from grader.diagnosis.asynchronous import asynchronous
from grader.diagnosis.libraries import not_in_the_library
from grader.diagnosis.raw_sql import value_in_the_statement
from grader.diagnosis.reading import Reading, reading_of
from grader.diagnosis.unread import not_python
from grader.rules import CHAPTERS


@cache
def readings_of(chapter: str) -> tuple[Reading, ...]:
    """The readings of a chapter, in the order in which they are tried."""
    module = importlib.import_module(f"grader.diagnosis.readings_{chapter}")
    everywhere = (
        asynchronous,
        awaited,
        no_context_manager,
        raised_no_exception,
        behind_the_walls,
        defined_by_another_spelling,
        not_in_the_library,
        value_in_the_statement,
    )
    found = [reading_of(value) for value in (*everywhere, *module.READINGS, not_python)]
    assert all(found), f"{module.__name__}.READINGS holds something that is no reading"
    return tuple(each for each in found if each is not None)


def mistake_named(name: str) -> Reading | None:
    """The reading with this name, of whatever chapter; None where there is none."""
    return next((each for chapter in CHAPTERS for each in readings_of(chapter) if each.name == name), None)


def title_of(name: str) -> str:
    """What a mistake is, in a few words; its name where it is not known."""
    found = mistake_named(name)
    return found.title if found else name.replace("_", " ")
