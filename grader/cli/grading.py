"""Commands: grades, on one bench for each database, begun early, and what is known already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from grader import BadInput
from grader.bench import QUICK, Bench, Target
from grader.cli import progress
from grader.cli.place import Place, chapter_here
from grader.rules import CHAPTERS, Rule, rules_of
from grader.terminal import only_waits, outcomes_by_task

if TYPE_CHECKING:
    from grader.report import Check

__all__ = [
    "BadInput",
    "at",
    "bench",
    "close",
    "grade",
    "has_passed",
    "outcomes",
    "rest_of",
    "start_early",
    "stream",
]

_benches: dict[str, Bench] = {}


def bench(database: str = "sqlite") -> Bench:
    """The bench of this process for a database; the first call starts it."""
    if database not in _benches:
        _benches[database] = Bench(database)
    return _benches[database]


def start_early(arguments: Sequence[str]) -> None:
    """Start the bench where the arguments are those of a command that certainly grades: it warms up meanwhile."""
    certain = bool(arguments) and arguments[0] in ("check", "watch") and "_WORKBOOK_COMPLETE" not in os.environ
    if certain and not any(each.startswith(("--database", "--help")) for each in arguments):
        bench()


def close() -> None:
    """Stop every bench; nothing is left behind."""
    while _benches:
        _benches.popitem()[1].close()


def warn(database: str) -> bool:
    """Say what no wall has kept the code from, and whether the grader was spoilt; whether it was."""
    from grader.cli import console

    made = bench(database)
    for sentence in (made.openness, made.spoilt):
        if sentence:
            console.complain(sentence)
    return bool(made.spoilt)


def stream(place: Place, rules: Sequence[Rule], database: str = "sqlite") -> Iterator[Check]:
    """The verdicts on these rules as they are made; when all have come, they are kept.

    Raises:
        BadInput: PostgreSQL cannot be had.
    """
    chapters = {rule.chapter for rule in rules}
    before = {chapter: progress.fingerprint(place, chapter) for chapter in chapters}
    found: dict[str, Check] = {}
    for _, check in bench(database).grade([Target(place.folder, rule) for rule in rules]):
        found[check.id] = check
        yield check
    for chapter in chapters:
        if before[chapter] == progress.fingerprint(place, chapter):  # not changed meanwhile
            told = {
                check.id: outcome
                for check, outcome in zip(found.values(), outcomes_by_task(list(found.values())).values(), strict=True)
                if check.chapter == chapter and not check.unjudged
            }
            progress.keep(place, chapter, database, before[chapter], told)


def grade(place: Place, rules: Sequence[Rule], database: str = "sqlite") -> list[Check]:
    """The verdicts on these rules, in their order.

    Raises:
        BadInput: PostgreSQL cannot be had.
    """
    found = {check.id: check for check in stream(place, rules, database)}
    return [found[rule.id] for rule in rules]


def rest_of(place: Place, checks: Sequence[Check], database: str) -> list[Check]:
    """After a part of a chapter has passed, or waits for the rest: the verdicts on what else is judged in it.

    None where it is known already that nothing of that fails for the tasks of the part.
    """
    chapter = checks[0].chapter
    others = [rule for rule in rules_of(chapter) if all(check.id != rule.id for check in checks)]
    waits = only_waits(checks)
    passed = all(check.outcome == "passed" for check in checks)
    if {check.chapter for check in checks} != {chapter} or not (passed or waits):
        return []
    known = progress.known(place, chapter, database)
    if known and not waits and not {f"failed {check.task}" for check in checks} & {*known.values()}:
        return []
    with bench(database).within(QUICK):
        return grade(place, others, database)


def outcomes(place: Place, chapters: Sequence[str] = CHAPTERS) -> dict[str, str]:
    """The outcome of every rule of these chapters on SQLite: what is known of unchanged code, the rest graded anew."""
    known = {chapter: progress.known(place, chapter, "sqlite") for chapter in chapters}
    missing = [rule for chapter in chapters if not known[chapter] for rule in rules_of(chapter)]
    found = outcomes_by_task(grade(place, missing)) if missing else {}
    for chapter in chapters:
        found |= known[chapter]
    return {rule.id: found[rule.id] for chapter in chapters for rule in rules_of(chapter)}


def has_passed(place: Place, chapter: str) -> bool:
    """Whether every check of a chapter passes."""
    return set(outcomes(place, [chapter]).values()) == {"passed"}


def at(place: Place, found: Mapping[str, str] | None = None) -> str:
    """The chapter that the learner is at: in whose folder they are, else the first that has not passed, else the last.

    A chapter that passes for the first time is still the one they are at, as long as the next one is untouched.

    Args:
        place: the submission.
        found: the outcomes of all rules, where they are known already.
    """
    here = chapter_here(place)
    just_passed = ""
    for chapter in () if here else CHAPTERS:
        is_new = found is None and progress.is_new(place, chapter)
        states = outcomes(place, [chapter]) if found is None else found
        left = [states[rule.id].partition(" ")[0] for rule in rules_of(chapter) if states[rule.id] != "passed"]
        if left:
            return just_passed if just_passed and set(left) == {"todo"} else chapter
        just_passed = chapter if is_new else just_passed
    return here or just_passed or CHAPTERS[-1]
