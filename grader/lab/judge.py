"""In the child: runs one check, and makes its verdict plain data."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from os import _exit
from pathlib import Path
from time import perf_counter
from typing import Any

from grader.lab.behind import stub_at, stub_behind
from grader.lab.expect import Expect
from grader.lab.explanation import explain
from grader.lab.focus import Focus
from grader.lab.job import SPOILT
from grader.lab.parts import Parts
from grader.lab.synchronous import asynchronous_instead, came_of_asynchronous
from grader.lab.words import describe
from grader.outcomes import NOT_EXPECTED, Broken, Regression, ToDo, Verdict, is_to_do, outcome_of
from grader.stubs import Stub

_GRADER = str(Path(__file__).parents[1])
_LONGEST_TEXT = 4000
_LONGEST_TRACE = 60
# What the starter never raises, whatever of it is untouched.
_SLIPS = (NameError, ImportError, SyntaxError)


# The verdict on a check: how it ended, ``passed`` or not, and what there is to say of it, as plain data. Code that
# follows the grader's steps may change what is told in a dictionary, but no text; and no class of the grader's own,
# which could be given other attributes for a moment.
Judged = tuple[str, dict[str, Any]]


def judge(
    parts: Parts,
    rule: str,
    check: Callable[..., None],
    asked: tuple[str, ...],
    unmeetable: str = "",
    fail: Callable[[], object] = lambda: None,
) -> Judged:
    """Run one check and return the verdict as plain data.

    Args:
        parts: what the check may ask for.
        rule: the rule's name; empty for what the grader wants to know itself.
        check: the check.
        asked: names of the parts that it asks for.
        unmeetable: what it is to expect instead of everything else; nothing else when empty.
        fail: called first of all where the check did not come to its end: what the learner's code does while it is
            explained, as the text of an exception, cannot take that back.
    """
    root = str(parts.place.root)
    started = perf_counter()
    try:
        if unmeetable:
            _try_to_fail(parts, check, asked, unmeetable)
        else:
            given, expect = {name: parts.named(name) for name in asked}, parts.named("expect")
            as_made, kind = parts.as_made, type(expect)
            check(**given)
            if parts.as_made is not as_made or type(expect) is not kind:
                raise Broken("the code has changed a part of the grader", "code that leaves the grader as it is")
            parts.expect_as_arranged()
            if rule:
                _expect_something_asked(parts, expect)
    except BaseException as error:
        fail()
        verdict = _verdict_on(error, parts.focus)
        outcome = outcome_of(verdict)
        found: dict[str, Any] = {
            "outcome": outcome,
            "observed": verdict.saw,
            "expected": verdict.wanted,
            "where": verdict.where or (parts.focus.at if outcome == "failed" else ""),
            "traceback": _traceback(verdict.cause, root),
            "regression": isinstance(verdict, Regression),
            "slip": isinstance(verdict.cause, _SLIPS) and bool(parts.focus.line_of(verdict.cause)),
        }
        if outcome != "todo" and not unmeetable:
            found |= explain(parts, rule, found, verdict)
            if stub := _still_to_do(found["where"], verdict.cause, parts) if outcome == "failed" else None:
                outcome = "todo"
                found |= {"observed": f"{stub.task} {stub.words}", "where": ""}
        if verdict.got_to and outcome == "error":
            parts.story.got_to(verdict.got_to)
        told = _in_full(found, parts, started)
        if outcome == "passed":  # it was not: somebody has changed that meanwhile
            _exit(SPOILT)
        return outcome, told
    return "passed", _in_full({}, parts, started)


def _in_full(found: dict[str, Any], parts: Parts, started: float) -> dict[str, Any]:
    """What was found, and the story of the check."""
    found["did"] = parts.story.told()
    found["trace"] = parts.story.told_timeline()[:_LONGEST_TRACE]
    found["seconds"] = round(perf_counter() - started, 4)
    return {key: clean(value, str(parts.place.root) + os.sep) for key, value in found.items()}


def _expect_something_asked(parts: Parts, expect: Expect) -> None:
    """End a check as broken that has asked for nothing: then it is not what was to be judged that has passed.

    Raises:
        Broken: nothing was expected.
    """
    if parts.replaced() or type(expect) is not Expect or not Expect.has_counted(expect) or not expect.asked:
        raise Broken("the check came to its end, and nothing was checked", "code that leaves the grader as it is")


def _verdict_on(error: BaseException, focus: Focus) -> Verdict:
    """What an exception means that ended a check."""
    cause = error.cause if isinstance(error, Verdict) else error
    if came_of_asynchronous(cause):
        return asynchronous_instead(error.where if isinstance(error, Verdict) else focus.line_of(error), cause)
    if isinstance(error, Verdict):
        return error
    where = focus.line_of(error) or focus.at
    if is_to_do(error):
        return ToDo(str(error), "", where, error)
    if _is_of_the_grader(error, focus):
        return Broken(f"{describe(error)}{NOT_EXPECTED}", "no error")
    return Broken(describe(error), "no error", where, error)


def _is_of_the_grader(error: BaseException, focus: Focus) -> bool:
    """Whether an exception was raised by a line of the grader's own, in no code of the learner's."""
    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].startswith(_GRADER) and not focus.line_of(error)


def _still_to_do(where: str, cause: BaseException | None, parts: Parts) -> Stub | None:
    """The starter's line, where the line that is to be changed is still that, or only misses what that is to add."""
    place = parts.place
    here = stub_at(where.removeprefix(place.shown("")), place.stubs, place.root)
    if here is None and isinstance(cause, AttributeError) and where == parts.focus.line_of(cause):
        return stub_behind(cause, place.stubs, place.root)
    return here


def _try_to_fail(parts: Parts, check: Callable[..., None], asked: tuple[str, ...], unmeetable: str) -> None:
    """Run a check that expects what nobody can meet; it ends as passed only where that is not noticed any more."""
    expect: Expect = parts.named("expect")
    expect.instead = unmeetable
    check(**{name: parts.named(name) for name in asked})
    if parts.replaced() or not expect.has_counted():
        raise Broken("what the check has counted are no numbers", "code that leaves the grader as it is")
    if expect.asked == expect.unmet:  # what it expects first depends on the code, or is not at once its end
        expect.equal("", unmeetable)


def spoilt(name: str) -> Judged:
    """The verdict on a check that seems to have passed, where one cannot know any more.

    Args:
        name: what the learner's code has replaced.
    """
    told = {
        "observed": f"the code has replaced '{name}', which the grader relies on",
        "expected": "code that replaces neither Python's built-in functions nor parts of the grader",
        "replaced": True,
    }
    return "error", told


def missed() -> Judged:
    """The verdict on a check that seems to have passed, where the grader has not seen what the database was sent."""
    told = {
        "observed": "the code took the grader's trace callback from its SQLite connection, wrapped a connection in "
        "something that is no sqlite3.Connection or psycopg.Connection, or changed PRAGMA reverse_unordered_selects",
        "expected": "connections and cursors as the driver makes them; "
        "to print the SQL, use create_engine(url, echo=True)",
    }
    return "error", told


def clean(value: Any, root: str) -> Any:
    """Text that can be sent and shown: no lone surrogates, no temporary folder, not endless."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace(root, "")[:_LONGEST_TEXT]
    if isinstance(value, list):
        return [clean(each, root) for each in value]
    return value


def _traceback(error: BaseException | None, root: str) -> str:
    """The traceback of learner code, from its own first frame on and without the grader's."""
    if error is None:
        return ""
    try:
        frames = traceback.extract_tb(error.__traceback__)
        kept = [frame for frame in frames if not frame.filename.startswith(_GRADER)]
        first = next((i for i, frame in enumerate(kept) if frame.filename.startswith(root)), 0)
        lines = traceback.format_list(kept[first:])
        lines += traceback.format_exception_only(error)
        return "".join(["Traceback (most recent call last):\n", *lines])
    except Exception as failure:
        return f"(the traceback could not be made: {type(failure).__name__})"
