"""Verdict process: from what a child told, or failed to tell, to the entry in the report."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.bench.plan import Run, Target
from grader.rules import NO_FOLDER, Rule

if TYPE_CHECKING:
    from grader.report import Check

_OUTCOMES = ("passed", "failed", "todo", "error", "blocked", "timeout")
_FRAME = re.compile(r'\s*File "(.+)", line (\d+) in ')

FORGED = {
    "outcome": "error",
    "observed": "the code told the grader a verdict of its own",
    "expected": "code that leaves the verdict to the grader",
}
NOT_STARTED = {
    "outcome": "timeout",
    "observed": "the check could not be started in time",
    "expected": "an answer in time",
}


def no_folder(chapter: str) -> dict[str, Any]:
    """What there is to say where a submission does not have the chapter."""
    return {"outcome": "todo", "observed": f"{NO_FOLDER} {chapter} yet"}


def refused(chapter: str, reason: str) -> dict[str, Any]:
    """What there is to say where a submission cannot be staged."""
    return {"outcome": "error", "observed": reason, "expected": f"files of your own in {chapter}/app"}


def died(status: int) -> dict[str, Any]:
    """What there is to say of a check whose process ended before there was a verdict."""
    how = f" (exit status {status})"
    if status < 0:
        with suppress(ValueError):
            how = f" (killed by {signal.Signals(-status).name})"
    return {
        "outcome": "error",
        "observed": f"the code ended the process before the check had finished{how}",
        "expected": "code that returns to its caller",
    }


def timed_out(seconds: float, place: str) -> dict[str, Any]:
    """What there is to say of a check that came to no end.

    Args:
        seconds: the time that it had.
        place: the learner's line that ran when it was up.
    """
    return {
        "outcome": "timeout",
        "observed": f"no end after {seconds:g} seconds",
        "expected": "an answer in time; look for a loop that does not end, or for something that is waited for",
        "where": place,
    }


def place_in(line: bytes, run: Run) -> str:
    """The place in the learner's code that a line of a traceback names, or an empty string."""
    found = _FRAME.match(line.decode("utf-8", "replace"))
    if found is None or not Path(found[1]).is_relative_to(run.root):
        return ""
    return f"{run.chapter}/{Path(found[1]).relative_to(run.root).as_posix()}:{found[2]}"


def judged(run: Run, rule: Rule, told: Any) -> Iterator[tuple[Target, Check]]:
    """Make the report's entry; hold it back while what it needs is not judged, and let go of what waited for it."""
    shared = run.shared
    told = told if isinstance(told, dict) else {}
    check = _entry(run, rule, told)
    untouched = rule.task in shared.untouched
    if check.outcome in ("failed", "blocked") and untouched and not told.get("regression"):
        check.outcome = "todo"
    if check.outcome == "todo" and check.observed.startswith(f"{rule.task} ") and not untouched:
        check.outcome, check.expected = "failed", "your code, and this line taken out"
        check.observed = f"the starter's line still runs: raise NotImplementedError({check.observed!r})"
    check.begun = check.outcome == "todo" and not untouched
    shared.outcomes[rule.name] = check.outcome
    shared.held.append((rule, check))
    for rule, check in list(shared.held):
        needed = [name for name in rule.needs if name in shared.selected]
        if check.outcome == "failed" and not all(name in shared.outcomes for name in needed):
            continue
        missing = [name for name in needed if shared.outcomes.get(name) != "passed"]
        if check.outcome == "failed" and missing:
            check.outcome = shared.outcomes[rule.name] = "blocked"
            check.observed = f"{check.observed} (first: {', '.join(missing)})"
        shared.held.remove((rule, check))
        yield Target(run.submission, rule), check


def _entry(run: Run, rule: Rule, told: dict[str, Any]) -> Check:
    from grader.report import entry_of

    outcome = told["outcome"] if told.get("outcome") in _OUTCOMES else "error"
    told_in_words = ("did", "observed", "expected", "where", "traceback") if outcome != "passed" else ()
    check = entry_of(rule, outcome=outcome, **{name: str(told.get(name, "")) for name in told_in_words})
    if run.child is not None and check.outcome in ("failed", "error", "timeout"):
        check.printed = run.child.printed_during(rule.name).replace(f"{run.root}{os.sep}", "")
    trace, seconds = told.get("trace", []), told.get("seconds", 0.0)
    check.trace = [str(each) for each in trace] if isinstance(trace, list) else []
    check.seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
    return check
