"""Says in a terminal what a run found out: per chapter what passed, what failed and why, what is next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

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
        if all(check.outcome == "todo" for check in found):
            yield Line(f"  {signs.waiting} all {len(found)} checks are still to do")
        else:
            for check in found:
                yield from _check(check, signs, submission, full_trace)
        yield Line("")


def _check(check: Check, signs: Signs, submission: str, full_trace: bool) -> Iterator[Line]:
    name = f"{check.task} {check.title}"
    if check.outcome == "passed":
        yield Line(f"  {signs.passed} {name}", "green")
    elif check.outcome == "todo":
        yield Line(f"  {signs.waiting} {name}: to do")
    elif check.outcome == "blocked":
        waits = f"{signs.waiting} {name}: waits {check.observed[check.observed.rfind('(first') :]}"
        rows = textwrap.wrap(waits, WIDTH, initial_indent="  ", subsequent_indent=" " * 6)
        yield from (Line(row, "yellow") for row in rows)
    else:
        yield Line(f"  {signs.failed} {name}", "red")
        yield from failure(check, signs, submission=submission, full_trace=full_trace)


def failure(check: Check, signs: Signs, *, submission: str = "chapters", full_trace: bool = False) -> Iterator[Line]:
    """What a check that did not pass has to say: what was done, seen and wanted, why, where, when."""
    where = f"{submission}/{check.where}" if check.where else ""
    facts = {
        "rule": check.id,
        "did": check.did,
        "saw": check.observed,
        "wanted": check.expected,
        "why": check.why,
        "where": where,
        "timeline": signs.between.join(_shortened(check.trace)),
        "hint": check.hint,
    }
    for label, text in facts.items():
        if text:
            yield from _fact(label, text)
    if check.printed:
        yield from _fact("printed", "")
        yield from (Line(f"          | {plain(line)[: WIDTH - 12]}") for line in check.printed.splitlines()[-8:])
    if full_trace and check.traceback:
        yield Line("")
        yield from (Line(f"      {plain(line)}") for line in check.traceback.rstrip().splitlines())
        yield Line("")


def _shortened(trace: list[str]) -> list[str]:
    return trace if len(trace) <= 16 else [*trace[:8], "...", *trace[-7:]]


def _fact(label: str, text: str) -> Iterator[Line]:
    head = f"      {label:<9} "
    rows = textwrap.wrap(plain(text), WIDTH - len(head), break_on_hyphens=False) or [""]
    yield Line(head + rows[0])
    yield from (Line(" " * len(head) + row) for row in rows[1:])


def plain(text: str) -> str:
    """Text that can do nothing to a terminal: control characters are shown, not sent."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def closing(checks: Sequence[Check]) -> Iterator[Line]:
    """The last lines: the numbers, and what to do next."""
    passed = sum(check.outcome == "passed" for check in checks)
    if checks and all(check.outcome == "todo" for check in checks):
        yield Line("Everything is still to do. That is as it should be: nothing is wrong.")
    yield Line(f"{passed} of {len(checks)} checks passed.", "green" if passed == len(checks) else "")
    step = next_step(checks)
    if step:
        yield Line(step, bold=True)
    elif checks:
        yield Line("Everything that was checked is right.", "green", bold=True)


def next_step(checks: Sequence[Check]) -> str:
    """Where to go on: the first task with a check that has not passed."""
    order = {"failed": 0, "error": 0, "timeout": 0, "todo": 1, "blocked": 2}
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        left = [check for check in group if check.outcome != "passed"]
        if left:
            first = min(left, key=lambda check: (order[check.outcome] == 2, _number(check.task)))
            verb = "next" if first.outcome == "todo" else "next: mend"
            separator = ": " if verb == "next" else " "
            return f"{verb}{separator}chapter {chapter[:2]}, task {first.task} ({chapter}/README.md)"
    return ""


def _number(task: str) -> tuple[int, ...]:
    return tuple(int(part) for part in task.split("."))
