"""In the child: asks the diagnosis which mistake was made, once there is a verdict."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from grader.diagnosis.anywhere import innermost
from grader.diagnosis.catalogue import readings_of
from grader.diagnosis.endpoints import route_at
from grader.diagnosis.evidence import Event, Evidence, Raised
from grader.diagnosis.reading import UNTIL_IT_RUNS, Reading, Told, first_that_holds
from grader.diagnosis.source import Source, calls, first_line
from grader.diagnosis.unread import hint_for, why_for
from grader.lab.observer import Moment
from grader.lab.parts import Parts
from grader.lab.place import Place
from grader.lab.words import describe
from grader.outcomes import NOT_EXPECTED, SAYS_IT_ALL, Verdict

_MOST_ERRORS, _LONGEST_LINE = 5, 1000
_NONE_IN_AN_OPERATION = re.compile(r"TypeError: .*(operand type|between instances).*'NoneType'")
_CRASH = re.compile(r"(the endpoint was not called: )?a crash: |the client was told \d+ because of ")
_NOT_SENT = re.compile(r"^no [A-Z]+ was sent|^[A-Z]+ \w+ was sent, but no COMMIT")
_IN_THE_DATABASE = re.compile(r"(ids (that are no longer )?|(new )?rows |events )in the database|the row is")
_REFUSALS = {"IntegrityError", "DataError"}
# What is raised where a line asks for something that cannot be: its message says what.
_ACCIDENTS = {
    *("TypeError", "AttributeError", "LookupError", "NameError", "ValueError", "ArithmeticError"),
    *("InvalidRequestError", "ArgumentError"),
}

_SLIPS = {"TypeError", "AttributeError", "NameError", "ArgumentError"}


_OF_ERRORS = "error_reaches_the_client"  # whose own reason fits an error in the handling of one


def explain(parts: Parts, rule: str, found: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    """What there is to say of a mistake beyond the rule's own words.

    Args:
        parts: the parts of the check.
        rule: the rule's name.
        found: what is told of the check so far.
        verdict: what ended it.

    Returns:
        What is to be told in the place of it, and ``mistake``, ``line``, ``function``; `owner`,
        `under`, `around`, `beside` and `users` tell whose line it is (`Source`), `route` the request whose endpoint it
        is in.
    """
    told: dict[str, Any] = {"where": found.get("where", "")}
    source = _source_of(parts.place.root)
    crashed, evidence = "", None
    if found["outcome"] in ("failed", "error"):
        with suppress(Exception):  # an explanation must never cost a verdict
            evidence = _evidence(parts, rule, found, verdict, source)
            crashed = _crashed_at(evidence)
            told |= _after_the_answer(evidence)
            told |= _mistake(first_that_holds(readings_of(parts.place.chapter), evidence), evidence, parts.place)
            if "mistake" in told and NOT_EXPECTED in (saw := told.get("observed", evidence.saw)):
                told["observed"] = saw.replace(NOT_EXPECTED, "")  # it is known where this comes from
            as_seen = "observed" not in told and _is_an_accident(evidence) and evidence.rule != _OF_ERRORS
            if as_seen and not told.get("why") and _is_a_slip(evidence.raised[0]) and not evidence.sent("COMMIT"):
                told["why"] = UNTIL_IT_RUNS
            if not told.get("why") and (other := why_for(evidence)):
                told["why"] = other
            if "mistake" not in told and (first := hint_for(evidence)):
                told["hint"] = first
            if "mistake" not in told and _says_it_all(evidence):
                told["hint"] = SAYS_IT_ALL
                if _NONE_IN_AN_OPERATION.search(evidence.saw):
                    told["hint"] = "One of the two sides is None here. Which one, and when is it?"
    cause, place = verdict.cause, told["where"].removeprefix(parts.place.shown(""))
    if "mistake" not in told:
        place = crashed or _closer(place, source, parts)
        if {each.__name__ for each in type(cause).__mro__} & _REFUSALS:
            place = source.begin_of(place)  # what the database refuses comes from somewhere else in the function
        told["where"] = place and parts.place.shown(place)
    with suppress(Exception):  # an exception may have been made by hand, of anything
        told |= _about(place, source, evidence)
        if isinstance(cause, SyntaxError) and type(cause.offset) is int and told["where"] == found.get("where"):
            told["caret"] = min(cause.offset, _LONGEST_LINE)
    return told


def _about(place: str, source: Source, evidence: Evidence | None) -> dict[str, Any]:
    """What a place is: its line, and whose it is."""
    owner, under, around = source.owner_of(place)
    told: dict[str, Any] = {"line": source.line(place), "function": source.function_of(place)}
    told |= {"owner": owner, "under": under, "around": around}
    of_this_chapter = evidence is None or under.partition(".")[0] == evidence.chapter[:2].lstrip("0")
    told |= {"beside": source.beside(place), "users": [] if under and of_this_chapter else source.users_of(place)}
    return told | {"route": route_at(evidence, place) if evidence is not None else ""}


@cache
def _source_of(root: Path) -> Source:
    """A child has one submission, whose files are read for the first of its failures."""
    return Source(root)


def _crashed_at(evidence: Evidence) -> str:
    """The line in which the code crashed; not where the database refused something that comes from elsewhere."""
    raised = evidence.raised[0] if evidence.raised and _CRASH.match(evidence.saw) else None
    return innermost(raised, evidence.given) if raised is not None and not raised.bases & _REFUSALS else ""


def _says_it_all(evidence: Evidence) -> bool:
    """Whether what was seen is an exception that speaks of the very line that is shown."""
    if not _is_an_accident(evidence) or not evidence.raised[0].lines:
        return False
    return bool(_CRASH.match(evidence.saw)) or innermost(evidence.raised[0], evidence.given) == evidence.where


def _is_an_accident(evidence: Evidence) -> bool:
    """Whether what was seen is an exception of a line that asks for something that cannot be."""
    raised = evidence.raised[0] if evidence.raised else None
    shown = _CRASH.sub("", evidence.saw)
    if raised is None or not raised.bases & _ACCIDENTS or raised.kind == "PendingRollbackError":
        return False
    return shown.startswith(f"{raised.kind}: ") and (raised.kind != "ValidationError" or shown != evidence.saw)


def _is_a_slip(raised: Raised) -> bool:
    """Whether the code would fail whatever it is given: what the rule is about has no part in it."""
    return bool(raised.bases & _SLIPS) and "NoneType" not in raised.message


def _closer(place: str, source: Source, parts: Parts) -> str:
    """Where a rule names a function as a whole that only reads: the last line in it that asked the database."""
    name, _, number = place.rpartition(":")
    function = (
        next((node for node in source.file(name).functions if str(first_line(node)) == number), None) if name else None
    )
    if function is None:
        return place
    begins = f"{name}:{function.lineno}"  # a decorator is seldom what is wrong
    file, does = source.handed_on((source.file(name), function))
    if calls(does, "add", "commit", "delete", "merge", "refresh", "setattr"):
        return begins
    inside = {file.at(line) for line in range(does.lineno + 1, (does.end_lineno or 0) + 1)}
    sent = [moment for moment in parts.story.moments() if moment.where in inside and moment.sql]
    return sent[-1].where if sent and not any(moment.writes_to() for moment in sent) else begins


def _after_the_answer(evidence: Evidence) -> dict[str, Any]:
    """What to say of a crash that came when the answer that was wanted was there already."""
    sent = [event.what for event in evidence.events_of("ANSWER")]
    if not evidence.saw.startswith("a crash: ") or sent[-1:] != [f"ANSWER {evidence.wanted}"]:
        return {}
    return {
        "observed": f"after the answer, {evidence.saw}",
        "expected": f"{evidence.wanted}, and no exception after it",
    }


def _mistake(held: tuple[Reading, Told] | None, evidence: Evidence, place: Place) -> dict[str, Any]:
    if held is None:
        return {}
    reading, said = held
    if _NOT_SENT.search(said.saw) and not said.wanted and _IN_THE_DATABASE.match(evidence.wanted):
        known = _NOT_SENT.search(evidence.saw.rpartition("; ")[2])
        said = replace(said, saw=evidence.saw if known else f"{evidence.saw}; {said.saw}")  # as wanted is of that kind
    words = {"observed": said.saw, "expected": said.wanted, "hint": said.hint, "why": said.why}
    told: dict[str, Any] = {name: text for name, text in words.items() if text}
    if said.where:
        told["where"] = place.shown(said.where)
    return told | {"mistake": reading.name}


def _evidence(parts: Parts, rule: str, found: dict[str, Any], verdict: Verdict, source: Source) -> Evidence:
    place, seen = parts.place, parts.seen
    actual, expected = verdict.values
    cause = verdict.cause
    errors = list(_chain([cause, *reversed(seen.errors)]))[:_MOST_ERRORS]
    return Evidence(
        chapter=place.chapter,
        rule=rule,
        outcome=found["outcome"],
        did=list(parts.story.lines),
        saw=found.get("observed", ""),
        wanted=found.get("expected", ""),
        where=found.get("where", "").removeprefix(place.shown("")),
        endpoint=parts.focus.endpoint.removeprefix(place.shown("")),
        events=[event_of(moment) for moment in parts.story.moments()],
        earlier=[event_of(moment) for moment in parts.story.earlier_moments()],
        raised=[_raised(error, place.root) for error in errors],
        actual=actual,
        expected=expected,
        sessions=len(seen.sessions),
        left_open=seen.left_open(),
        given=place.given,
        source=source,
        step=verdict.step,
    )


def event_of(moment: Moment) -> Event:
    """A moment as the diagnosis has it."""
    return Event(moment.what, moment.where, moment.sql, moment.parameters, moment.session, moment.connection)


def _chain(errors: Iterable[BaseException | None]) -> Iterator[BaseException]:
    """Each exception, and then those that it came from."""
    told: list[BaseException] = []
    for error in errors:
        while error is not None and not any(error is each for each in told):
            told.append(error)
            yield error
            error = error.__cause__ or error.__context__


def _raised(error: BaseException, root: Path) -> Raised:
    walked = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    names = {name: Path(name) for name in {name for name, _ in walked}}  # of a recursion once, not a thousand times
    own = {name: path.relative_to(root).as_posix() for name, path in names.items() if path.is_relative_to(root)}
    lines = [f"{own[name]}:{line}" for name, line in walked if name in own]
    kind = type(error)
    bases = frozenset(each.__name__ for each in kind.__mro__)
    return Raised(kind.__name__, str(error), tuple(lines), bases, describe(error))
