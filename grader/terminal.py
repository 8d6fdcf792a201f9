"""Verdict process, commands and kernel: what a run found out, as lines for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from grader.rules import CHAPTERS, NO_FOLDER, rules_of
from grader.shown import without_commands

if TYPE_CHECKING:
    from grader.report import Check

WIDTH = 80


@dataclass(frozen=True)
class Line:
    """A line of text and how to colour it: ``green``, ``red``, ``yellow`` or nothing."""

    text: str
    colour: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Signs:
    """The signs in front of a check; plain letters where the terminal knows no others."""

    passed: str = "\N{CHECK MARK}"
    failed: str = "\N{BALLOT X}"
    waiting: str = "\N{MIDDLE DOT}"
    between: str = " \N{MIDDLE DOT} "


ASCII = Signs("+", "x", "-", " > ")


def signs_for(encoding: str | None) -> Signs:
    """The signs that an output of this encoding can show."""
    try:
        "".join(vars(Signs()).values()).encode(encoding or "ascii")
    except (UnicodeError, LookupError):
        return ASCII
    return Signs()


def chapters(
    checks: Sequence[Check], signs: Signs, *, submission: str = "chapters", full_trace: bool = False
) -> Iterator[Line]:
    """Everything about the checks of a run, chapter by chapter."""
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        found = list(group)
        yield Line(chapter, bold=True)
        reasons = {(check.observed, check.where) for check in found}
        if all(check.outcome == "todo" for check in found):
            yield Line(f"  {signs.waiting} all {len(found)} checks are still to do")
            if len(reasons) == 1 and (found[0].begun or _is_missing(found[0])):
                yield from _in_the_way(found[0], submission)
        else:
            told: set[tuple[str, str]] = set()
            for check in sorted(found, key=lambda check: _number(check.task)):
                yield from _check(check, signs, submission, full_trace, told)
        yield Line("")


def _check(check: Check, signs: Signs, submission: str, full_trace: bool, told: set[tuple[str, str]]) -> Iterator[Line]:
    """One check; `told` are the errors that were told already, each with its place."""
    name = f"{check.task} {check.title}"
    if check.outcome == "error" and (check.observed, check.where) in told:
        yield Line(f"  {signs.failed} {name}: the same error", "red")
        return
    if check.outcome == "error":
        told.add((check.observed, check.where))
    if check.outcome == "passed":
        yield Line(f"  {signs.passed} {name}", "green")
    elif check.outcome == "todo":
        yield Line(f"  {signs.waiting} {name}: to do")
        if check.begun and (check.observed, check.where) not in told:
            told.add((check.observed, check.where))
            yield from _in_the_way(check, submission)
    elif check.outcome == "blocked":
        waits = f"{signs.waiting} {name}: waits {_first_needed(check)}"
        rows = textwrap.wrap(waits, WIDTH, initial_indent="  ", subsequent_indent=" " * 6)
        yield from (Line(row, "yellow") for row in rows)
    else:
        yield Line(f"  {signs.failed} {name}", "red")
        yield from failure(check, signs, submission=submission, full_trace=full_trace)


def _in_the_way(check: Check, submission: str) -> Iterator[Line]:
    """What is in the way of code that was written: something of the starter's."""
    if check.where:
        line = "the line 'raise NotImplementedError' still runs; take it out when your code is there"
        yield from _fact("saw", f"{line} ({check.observed})" if not _TASK.match(check.observed) else line)
        yield from _fact("where", f"{submission}/{check.where}")
    elif _is_missing(check):
        yield from _fact("saw", check.observed)
    elif _TASK.match(check.observed):
        yield from _fact("saw", f"this is still in the way: {check.observed}")


def _is_missing(check: Check) -> bool:
    """Whether the chapter has no folder at all."""
    return check.outcome == "todo" and check.observed.startswith(NO_FOLDER)


def _first_needed(check: Check) -> str:
    """The rule that a check waits for, as the reader knows it: by task and title."""
    name = check.observed[check.observed.rfind("(first: ") :].removeprefix("(first: ").rstrip(")").split(", ")[0]
    needed = next((rule for rule in rules_of(check.chapter) if rule.name == name), None)
    return f"for {needed.task} {needed.title}" if needed else f"(first: {name})"


def failure(check: Check, signs: Signs, *, submission: str = "chapters", full_trace: bool = False) -> Iterator[Line]:
    """What a check that did not pass has to say: what was done, seen and wanted, why, where, when."""
    for label, text in {"rule": check.id, **check.facts(signs.between)}.items():
        yield from _fact(label, f"{submission}/{text}" if label == "where" else text)
    if check.printed:
        yield from _fact("printed", "")
        rows = [row for line in check.printed.splitlines() for row in textwrap.wrap(plain(line), WIDTH - 12) or [""]]
        yield from (Line(f"          | {row}") for row in rows[-12:])
    if full_trace and check.traceback:
        yield Line("")
        yield from (Line(f"      {plain(line)}") for line in check.traceback.rstrip().splitlines())
        yield Line("")


def _fact(label: str, text: str) -> Iterator[Line]:
    head = f"      {label:<9} "
    rows = textwrap.wrap(plain(text), WIDTH - len(head), break_on_hyphens=False) or [""]
    yield Line(head + rows[0])
    yield from (Line(" " * len(head) + without_commands(row)) for row in rows[1:])


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[Line]:
    """Text in lines that fit the terminal; addresses and commands stay whole.

    Args:
        text: one paragraph.
        indent: what every line begins with.
        first: what the first line begins with instead.
    """
    rows = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(row) for row in rows]


def plain(text: str) -> str:
    """Text that can do nothing to a terminal: control characters are shown, not sent."""
    return without_commands("".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text))


def closing(checks: Sequence[Check], *, submission: str = "chapters") -> Iterator[Line]:
    """The last lines: the numbers, and what to do next."""
    yield from summary(checks)
    step = next_step(checks, submission=submission)
    if step:
        yield Line(step, bold=True)


def summary(checks: Sequence[Check]) -> Iterator[Line]:
    """The numbers, and what they mean where nothing is left or nothing was begun."""
    passed = sum(check.outcome == "passed" for check in checks)
    untouched = all(check.outcome == "todo" and not check.begun and not _is_missing(check) for check in checks)
    if checks and untouched:
        yield Line("Everything is still to do. That is as it should be: nothing is wrong.")
    yield Line(f"{passed} of {len(checks)} checks passed.", "green" if passed == len(checks) else "")
    if checks and passed == len(checks):
        yield Line("Everything that was checked is right.", "green", bold=True)


def next_step(checks: Sequence[Check], *, submission: str = "chapters") -> str:
    """Where to go on: the first task with a check that has not passed; after a whole chapter, the next one."""
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        left = [check for check in group if check.outcome != "passed"]
        if left:
            first = min(left, key=lambda check: (check.outcome == "blocked", _number(_task_left(check))))
            if first.outcome == "error" and first.where:
                return f"next: mend {submission}/{first.where}"
            sheet = f"{'chapters' if _is_missing(first) else submission}/{chapter}/README.md"
            mend = "" if first.outcome == "todo" else "mend "
            return f"next: {mend}chapter {chapter[:2]}, task {_task_left(first)} ({sheet})"
    last = checks[-1].chapter if checks else ""
    whole = last and {rule.id for rule in rules_of(last)} <= {check.id for check in checks}
    later = CHAPTERS[CHAPTERS.index(last) + 1 :] if whole else ()
    return f"next: chapter {later[0][:2]} ({submission}/{later[0]}/README.md)" if later else ""


def _task_left(check: Check) -> str:
    """The task that a check is about; of what is to do, the one that is in its way."""
    found = _TASK.match(check.observed) if check.outcome == "todo" else None
    return found[1] if found else check.task


# What a starter raises begins with the number of its task.
_TASK = re.compile(r"(\d{1,2}\.\d{1,2})\b")


def _number(task: str) -> tuple[int, ...]:
    return tuple(int(part) for part in task.split("."))
