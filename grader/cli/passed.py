"""Commands: what is said when a chapter has passed: compare it, why the solution is as it is, how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from grader.cli import given, progress
from grader.cli.place import Place
from grader.guide import reason_for
from grader.places import SOLUTIONS, found_home, is_clone
from grader.rules import CHAPTERS, rules_of
from grader.starters import untouched_below, untouched_tasks
from grader.terminal import Line, next_step, outcomes_by_task, rest_of_chapter, standing, task_within, wrapped

if TYPE_CHECKING:
    from grader.report import Check


def closing(
    place: Place, checks: Sequence[Check], others: Sequence[Check] = (), database: str = "sqlite", asked: str = ""
) -> Iterator[Line]:
    """The last lines of a run: where to go on, and whether a newer version waits.

    Args:
        place: the submission.
        checks: the verdicts.
        others: those on the rest of the chapter, where that was looked at; else it is known from before.
        database: where the checks ran.
        asked: the task that was asked for, where it is untouched.
    """
    yield Line("")
    yield from standing(checks, others)
    step = next_step(checks, submission=place.name, asked=asked, untouched=untouched_below(place.folder))
    yield from (
        lines(place, checks)
        or [Line(text, bold=True) for text in [step] if text]
        or _rest(place, checks, others, database)
    )
    yield from news(place)


def _rest(place: Place, checks: Sequence[Check], others: Sequence[Check], database: str) -> list[Line]:
    """Where to go on after a part of one chapter has passed."""
    chapter = checks[0].chapter
    is_part = {check.chapter for check in checks} == {chapter} and all(check.outcome == "passed" for check in checks)
    if not is_part or not place.own:
        return []
    found = outcomes_by_task([*checks, *others]) if others else progress.known(place, chapter, database)
    if not found:  # the code has changed meanwhile
        return []
    word, task = task_within(chapter, found, untouched_tasks(chapter, place.folder / chapter))
    number = int(chapter[:2])
    return rest_of_chapter(word, task, f"workbook check {number}") if task else _onwards(place, number)


def news(place: Place) -> list[Line]:
    """That the learner's folder is of another version than the workbook that is installed."""
    here = found_home()
    told = given.not_up_to_date(here) if place.own and here is not None and not is_clone() else ""
    return [Line(line.text, "yellow") for line in wrapped(told)] if told else []


def lines(place: Place, checks: Sequence[Check]) -> list[Line]:
    """What to do after these verdicts; nothing unless they are those of one whole chapter, and all passed."""
    chapter = checks[0].chapter
    ids = {check.id for check in checks if check.outcome == "passed"}
    if ids != {rule.id for rule in rules_of(chapter)} or len(ids) != len(checks) or place.folder == SOLUTIONS:
        return []
    number = int(chapter[:2])
    solution = f"solutions/{chapter}" if is_clone() else "the solution"
    return [
        Line(""),
        *wrapped(f"Compare your code with {solution}: workbook diff {number}"),
        *wrapped(reason_for(chapter), " " * 8, "  why   "),
        *_onwards(place, number),
    ]


def _onwards(place: Place, number: int) -> list[Line]:
    if number == len(CHAPTERS):
        return wrapped("That was the last chapter: workbook status shows whether anything is left.")
    after = CHAPTERS[number]
    carries = f"; workbook carry {number + 1} brings your own code along" if after != "08_sqlmodel" else ""
    return wrapped(f"next: chapter {after[:2]} ({place.name}/{after}/README.md){carries}", " " * 6, "")
