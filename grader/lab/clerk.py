"""In the child: a thread of its own, which alone can speak to the bench, and has the learner's code run beside it.

Code can look at the frames of whoever called it, however far up: there is none that holds the job's word. This thread
is called by nobody, gives its orders to the main thread, and has back plain text; what would get at its frame is
refused (`grader.lab.guard`). It looks no name up once the learner's code runs, as that could be given to something
else: what it calls is built in, or in a variable of its own. It does nothing of which Python tells whoever listens
(`sys.addaudithook`), and has no garbage collected: both would call the learner's code here.
"""

from __future__ import annotations

import faulthandler
import os
from _thread import start_new_thread
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from operator import attrgetter, call, is_not, itemgetter
from queue import SimpleQueue
from types import CodeType, FunctionType
from typing import Any

from grader.lab import imports, judge, relied, soundness, surroundings, worker
from grader.lab.job import BEFORE, SPOILT, Job, unsealed
from grader.lab.looks import KINDS
from grader.lab.relied import Relied
from grader.lab.reporter import Reporter
from grader.lab.versions import Versions
from grader.lab.worker import (
    NOT_PREPARED,
    READY,
    Worker,
    get_ready,
    judge_check,
    look_again,
    look_for_replaced,
    put_away,
    settle,
)
from grader.rules import FIRST_IMPORT

# What the main thread does between check and verdict.
_BETWEEN = (worker, relied, judge, soundness, surroundings, imports)


def start_clerk(
    job: Job,
    reporter: Reporter,
    work: Worker,
    relied: tuple[Relied, ...],
    versions: Versions,
    followed: Callable[[], int],
    noticed: Callable[[], int],
    heard: list[tuple[str, str]],
    results: int,
) -> Iterator[None]:
    """Start the thread.

    Args:
        job: what to do.
        reporter: speaks to the bench.
        work: what the main thread works with.
        relied: the grader's own, and Python's, as it was; at last what the checks ask for.
        versions: numbers that change where some of it is replaced.
        followed: counts how often each step was followed, and how often this was asked.
        noticed: counts what the learner's code was heard to ask for (`grader.lab.looks`), and how often this was asked.
        heard: what it was, and where.
        results: file descriptor for the messages.

    Returns:
        what the main thread has to go through: each step waits for an order, and carries it out.
    """
    orders: SimpleQueue[Callable[[], Any]] = SimpleQueue()
    answers: SimpleQueue[Any] = SimpleQueue()
    tasks = tuple((ticket, *unsealed(job.token, ticket)) for ticket in job.checks)
    counted = followed, noticed, heard
    given = tasks, job.seconds, reporter, work, relied, versions, *counted, orders.put, answers.get, results
    start_new_thread(_be_clerk, given)
    return map(answers.put, map(call, iter(orders.get, None)))


def _be_clerk(*given: Any) -> None:
    end = os._exit
    try:
        _keep_books(*given)
    finally:
        end(0)


def _keep_books(
    tasks: tuple[tuple[str, int, bool], ...],
    seconds: float,
    reporter: Reporter,
    work: Worker,
    relied: tuple[Relied, ...],
    versions: Versions,
    followed: Callable[[], int],
    noticed: Callable[[], int],
    heard: list[tuple[str, str]],
    give: Callable[[Callable[[], Any]], None],
    hear: Callable[[], Any],
    results: int,
) -> None:
    send, tell, mark_output = reporter
    end, kind_of, text, pairs, size = os._exit, type, str, zip, len
    watch, order = faulthandler.dump_traceback_later, partial
    getting_ready, judging, replacing, settling = get_ready, judge_check, look_for_replaced, settle
    putting, looking = put_away, look_again
    differ, some, through, every, code_of, spoilt = is_not, any, map, tuple, attrgetter("__code__"), SPOILT
    (own, as_they_were), (others, at_first), rest = versions
    rest = *rest, *relied[-1:]
    number_of = itemgetter(0)
    ready, not_prepared, before = READY, NOT_PREPARED, BEFORE
    truth, several, code, kinds = bool, tuple, CodeType, KINDS
    checks = work.checks
    firsts = frozenset(position for position, check in enumerate(checks) if check[0] == FIRST_IMPORT)
    owners, kept, classes, functions, codes = _as_they_are() if not own else ([], [], [], [], [])
    fail, known, known_looks = count().__next__, 0, 0  # nobody can count it back
    followings = followed()

    def obeyed(order: Callable[[], Any]) -> Any:
        give(order)
        answer = hear()
        expect_plain(answer)
        return answer

    def expect_plain(answer: object) -> None:
        """Nothing of the learner's is to be asked anything here, or given up: its class might answer."""
        kind = kind_of(answer)
        if kind is several:
            for each in answer:  # type: ignore[attr-defined]
                expect_plain(each)
        elif kind is not text and kind is not truth and kind is not code and answer is not None:
            end(spoilt)

    def what_was_heard() -> tuple[str, str]:
        """That something was heard is counted; what it was lies where code may have put something else."""
        for each in heard[:1]:
            if kind_of(each) is several and size(each) == 2 and kind_of(each[0]) is kind_of(each[1]) is text:
                return each if each[0] in kinds else (kinds[0], each[1])
        return kinds[0], ""

    def expect_as_they_were() -> None:
        if every(through(number_of, own)) != as_they_were:
            end(spoilt)
        for owner, values in pairs(owners, kept):
            if some(through(differ, owner.values(), values)):
                end(spoilt)
        for owner, number in classes:
            if size(owner) != number:
                end(spoilt)
        # Python tells of it when a function is asked for its code: the main thread does so.
        if functions and some(through(differ, obeyed(order(every, through(code_of, functions))), codes)):
            end(spoilt)

    open_checks: list[Any] = []
    imported = False  # whether the app was ever imported here
    used = False  # whether the app, as it is imported now, has served a check before
    served: set[int] = set()  # which checks have passed on it
    keep, keep_none = served.add, served.clear
    steps_back = False  # a new child judges the rest
    final = tasks[-1][0]
    for ticket, position, control in tasks:
        if steps_back and not control:
            continue
        send({"event": "start", "check": ticket})
        watch(seconds, file=results)  # tells the bench where it hangs
        for anew in (False, True):
            check = checks[position]
            must_not = imported and position in firsts
            wish = ticket if control else ""
            come_of_it, words = obeyed(order(getting_ready, work, wish, must_not))
            if come_of_it == not_prepared:
                send({"event": come_of_it, "check": ticket, "reason": words})
                return
            if come_of_it != ready:
                send({"event": come_of_it})  # a thread goes on, say: this is no end in the middle of a check
                steps_back = True
                break
            imported = True
            expect_as_they_were()  # code may have been called while everything was made ready
            outcome = obeyed(order(judging, work, rest, fail, open_checks, check, wish))
            looked, known_looks = noticed() != known_looks, noticed() + 1
            if looked:
                at, where = what_was_heard()
                send({"event": "looks", "at": at, "where": where})
            failed, known = fail() != known, fail() + 1
            if outcome == "passed":
                followings += 1  # this question
                if failed or followed() != followings:
                    end(spoilt)
                now = every(through(number_of, others))
                changed = not own or now != at_first or every(through(number_of, own)) != as_they_were
                if changed and not control:
                    outcome = obeyed(order(replacing, relied, open_checks))
                    at_first = now
                if changed and outcome == "passed":
                    expect_as_they_were()
            settling_it = order(settling, work, open_checks, check, outcome, control=control, used=used)
            (told, met), settled, again, alone = obeyed(settling_it)
            mark_output(ticket if settled else before)
            if again:
                outcome, told = obeyed(order(looking, work, open_checks, check, outcome))
                if outcome == "passed":  # it was not
                    end(spoilt)
                mark_output(before)
            if settled:
                # At once: nobody waits for what is put away.
                tell(ticket, outcome, told, met, last=ticket is final)
            # After a control, too, a new import: the next check might pass because of what the control left behind;
            # not where the same check has run to its end before, which has left no less.
            if outcome == "passed":
                keep(position)
                if anew:  # code that breaks after some calls passes so, too: who grades may want to know
                    send({"event": "looks", "at": "a new import", "where": checks[position][0]})
            used = (outcome == "passed" or (control and position in served)) and not alone
            if not used:
                keep_none()
            obeyed(order(putting, open_checks, forget=not used))
            if settled:
                break


def _as_they_are() -> tuple[
    list[Mapping[str, Any]],
    list[tuple[Any, ...]],
    list[tuple[Mapping[str, Any], int]],
    list[FunctionType],
    list[Any],
]:
    """The names of what is done between check and verdict, what they are, how many a class has, the functions' code."""
    classes = [
        vars(value)
        for module in _BETWEEN
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    ]
    owners: list[Mapping[str, Any]] = [*(vars(module) for module in _BETWEEN), *classes]
    kept = [tuple(owner.values()) for owner in owners]
    functions = [value for values in kept for value in values if isinstance(value, FunctionType)]
    counted: list[tuple[Mapping[str, Any], int]] = [(owner, len(owner)) for owner in classes]
    return owners, kept, counted, functions, [function.__code__ for function in functions]
