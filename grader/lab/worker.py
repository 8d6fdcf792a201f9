"""In the child's main thread: what is done for each check, one order of the clerk's at a time.

The learner's code runs here, and may look at all that these functions hold: nothing of that tells the bench anything.
What there is to tell goes back to the clerk (`grader.lab.clerk`) as plain text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from os import _exit, getpid
from typing import Any, NamedTuple

from grader.lab import imports
from grader.lab.code import forget_app
from grader.lab.connections import silenced
from grader.lab.driver import missed_nothing
from grader.lab.fresh_database import NotPrepared, prepare_database
from grader.lab.judge import Judged, judge, missed, spoilt
from grader.lab.parts import Maker, Parts, open_parts
from grader.lab.place import Place
from grader.lab.relied import Relied, replaced_in
from grader.lab.server_trouble import ServerTrouble
from grader.lab.soundness import Soundness
from grader.lab.surroundings import Surroundings
from grader.rules import ABOUT_IMPORTS

Check = tuple[str, str, Callable[..., None], tuple[str, ...]]


class Worker(NamedTuple):
    """What it works with.

    Attributes:
        process: the child's number: a copy that the learner's code makes of it has another one.
        place: where the checks run.
        checks: of each rule of the chapter its name, task, check and what that asks for; no class of one's own,
            which could be given other attributes for a moment.
        makers: what makes the parts of a check.
        surroundings: what each check finds.
        soundness: whether what is still to do is sound otherwise.
        trouble: hears of the database server's.
        encode: puts what is told into JSON.
        seconds: wall time of a check.
    """

    process: int
    place: Place
    checks: tuple[Check, ...]
    makers: dict[str, Maker]
    surroundings: Surroundings
    soundness: Soundness
    trouble: ServerTrouble
    encode: Callable[[Any], str]
    seconds: float


class _Open(NamedTuple):
    """A check that was judged, before everything is put away that it opened; its outcome is with the clerk."""

    parts: Parts
    told: dict[str, Any]
    opened: ExitStack


# How a check begins that is not judged: the process, or the database, is not as it should be.
STEP_BACK, THREADS, NOT_PREPARED, READY = "step back", "threads", "not prepared", "ready"


def get_ready(worker: Worker, unmeetable: str, must_not: bool) -> tuple[str, str]:
    """Make all that a check finds what it was for the first.

    Args:
        worker: what it works with.
        unmeetable: what the check is to expect instead of everything else; nothing else when empty.
        must_not: another process has to judge it.

    Returns:
        how it goes on, and in words why not.
    """
    if (must_not or worker.surroundings.are_lost()) and not unmeetable:
        return (THREADS if imports.go_on() else STEP_BACK), ""
    worker.surroundings.restore()
    try:
        prepare_database(worker.place)
    except NotPrepared as reason:
        return NOT_PREPARED, f"{reason}"
    worker.trouble.begin()
    return READY, ""


def judge_check(
    worker: Worker,
    relied: tuple[Relied, ...],
    fail: Callable[[], object],
    open_checks: list[_Open],
    check: Check,
    unmeetable: str,
) -> str:
    """Judge a check on a database of its own.

    Args:
        worker: what it works with.
        relied: the grader's own, and Python's, as it was.
        fail: called where the check does not come to its end: the clerk then takes no other word for it.
        open_checks: where the check is kept until it is put away.
        check: the check.
        unmeetable: what it is to expect instead of everything else; nothing else when empty.

    Returns:
        how it has ended.
    """
    name, _, function, asks = check
    opened = ExitStack()
    before = replaced_in(*relied) if not unmeetable else ""
    parts = opened.enter_context(open_parts(worker.place, worker.makers))
    if before:
        return _judged(worker, relied, open_checks, parts, opened, unmeetable, spoilt(before))
    # No variable of this function, which the learner's code may find, is asked for what has come of it.
    return _judged(
        worker, relied, open_checks, parts, opened, unmeetable, judge(parts, name, function, asks, unmeetable, fail)
    )


def _judged(
    worker: Worker,
    relied: tuple[Relied, ...],
    open_checks: list[_Open],
    parts: Parts,
    opened: ExitStack,
    unmeetable: str,
    found: Judged,
) -> str:
    """How a check has ended, if it does not seem to have passed by a grader that was changed."""
    if getpid() != worker.process:  # a copy of this process that the learner's code has made
        _exit(0)
    if found[0] == "passed" and not unmeetable:
        if replaced := replaced_in(*relied) or parts.replaced() or silenced():
            found = spoilt(replaced)
        elif not missed_nothing(parts.seen):
            found = missed()
    outcome, told = found
    open_checks[:] = [_Open(parts, told, opened)]
    return outcome


def look_for_replaced(relied: tuple[Relied, ...], open_checks: list[_Open]) -> str:
    """How a check has ended that seems to have passed: not so, where something is replaced that the grader relies on.

    Args:
        relied: the grader's own, and Python's, as it was.
        open_checks: where the check is kept.
    """
    if not (name := replaced_in(*relied)):
        return "passed"
    outcome, told = spoilt(name)
    open_checks[0] = open_checks[0]._replace(told=told)
    return outcome


def settle(
    worker: Worker, open_checks: list[_Open], check: Check, outcome: str, *, control: bool, used: bool
) -> tuple[tuple[str, str], bool, bool, bool]:
    """What there is to tell of the check that was judged.

    Args:
        worker: what it works with.
        open_checks: where the check is kept.
        check: the check.
        outcome: how it has ended.
        control: it is one that nobody can pass.
        used: the app has served a check before.

    Returns:
        what is to be told, as JSON, and what the matter was with the server; whether that counts; whether it is to be
        looked at again; whether the app is to be imported anew afterwards.
    """
    parts, told, _ = open_checks[0]
    passed = outcome == "passed"
    # What a used app did wrong may come from the checks before: only a new one is blamed for it.
    settled = passed or not used or control or "replaced" in told
    doubtful = settled and not control and worker.soundness.is_in_doubt(outcome, told, check[1])
    met = "" if passed or control else worker.trouble.met()
    with suppress(Exception):
        sys.stdout.flush()
    alone = parts.code.imports_anew is True or worker.place.chapter in ABOUT_IMPORTS
    return (worker.encode(told), met), settled, doubtful, alone


def put_away(open_checks: list[_Open], *, forget: bool) -> None:
    """Let go of everything that the check opened, and, if so wished, of the app."""
    while open_checks:
        open_checks.pop().opened.close()
    if forget:
        forget_app()


def look_again(worker: Worker, open_checks: list[_Open], check: Check, outcome: str) -> tuple[str, str]:
    """Put the check away, and see what it says once the learner's code has run once more.

    Args:
        worker: what it works with.
        open_checks: where the check is kept.
        check: the check.
        outcome: how it has ended.

    Returns:
        how it has ended now, and the rest as JSON.
    """
    _, told, opened = open_checks.pop()
    opened.close()
    outcome, told = worker.soundness.unless_broken(outcome, told, check[1])
    if getpid() != worker.process:
        _exit(0)
    with suppress(Exception):
        sys.stdout.flush()
    return outcome, worker.encode(told)
