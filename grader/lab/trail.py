"""In the child: runs a check once more to follow the values on their way, for an explanation alone.

Nothing of the learner's is called: values are read where dictionaries, lists, tuples and the ``__dict__`` of objects
hold them. The verdict was given before.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from sys import settrace
from types import CodeType, FrameType, GetSetDescriptorType
from typing import Any

from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from grader.diagnosis.evidence import Evidence
from grader.diagnosis.lost import differences
from grader.diagnosis.trail import SIMPLE, Line, Names, Reach, Run, Trail, Value, key_of
from grader.lab.code import Code, forget_app
from grader.lab.explanation import event_of, explain_by
from grader.lab.fresh_database import prepare_database
from grader.lab.judge import clean
from grader.lab.observer import Moment
from grader.lab.parts import Maker, open_parts
from grader.lab.place import Place
from grader.lab.surroundings import Surroundings

_SECONDS = 0.5  # of the processor's time: a busy machine finds the same
_MOST_LINES, _MOST_VALUES, _DEEPEST, _MOST_NAMES, _LONGEST = 3000, 60, 4, 40, 300
_IN_A_FUNCTION = 1  # CO_OPTIMIZED: not a module's, nor a class's
_CLOSED = ("sqlalchemy", "fastapi", "starlette", "asyncio", "threading", "logging", "typing")
_OPEN = ("BackgroundTasks", "BackgroundTask")


def can_be_followed(unread: Evidence | None, outcome: str, told: dict[str, Any], seconds: float) -> bool:
    """Whether another run of a check that has failed may tell more, and there is time for it.

    Args:
        unread: what is known of the check, of which no reading knows the mistake.
        outcome: how it ended.
        told: what there is to say of it.
        seconds: wall time of a check.
    """
    if unread is None or outcome not in ("failed", "error"):
        return False
    return told["seconds"] < seconds / 4 and bool(differences(unread.actual, unread.expected))


def explained(
    unread: Evidence,
    place: Place,
    makers: dict[str, Maker],
    surroundings: Surroundings,
    check: Callable[..., None],
    asked: tuple[str, ...],
) -> dict[str, Any]:
    """What another run of a check tells of its mistake; nothing where that is not certain.

    Args:
        unread: what is known of the check.
        place: where it runs.
        makers: what makes its parts.
        surroundings: what it finds.
        check: the check.
        asked: names of the parts that it asks for.
    """
    forget_app()
    with suppress(Exception):  # an explanation must never cost a verdict
        surroundings.restore()
        prepare_database(place)
        told = explain_by(follow(place, makers, check, asked), unread, place)
        return {name: clean(text, f"{place.root}/") for name, text in told.items()}
    return {}


def follow(place: Place, makers: dict[str, Maker], check: Callable[..., None], asked: tuple[str, ...]) -> Trail:
    """Run a check on a database that is new and an app that is not imported, and keep the way of the values."""
    followed = Maker(_Followed, makers["code"].needs)
    with open_parts(place, {**makers, "code": followed}) as parts:
        follower = _Follower(f"{place.root}/", parts.seen.moments)
        with suppress(BaseException):
            parts.code.module("main")  # what an import does has no part in it
        follower.begin()
        before, of_threads, nobody = sys.gettrace(), threading.gettrace(), sys.settrace
        threading.settrace(follower.called)
        sys.settrace = settrace  # for the threads
        settrace(follower.called)
        try:
            with suppress(BaseException):
                check(**{name: parts.named(name) for name in asked})
        finally:
            settrace(before)
            sys.settrace = nobody
            threading.settrace(of_threads)
            follower.ends = 0.0
        return Trail(follower.runs, follower.events())


class _Followed(Code):
    """The learner's package, where nobody minds the trace function."""

    __slots__ = ()

    def returned(self) -> None:
        """Go on."""


class _Follower:
    """What Python tells of each step of the learner's functions.

    Args:
        root: the learner's folder, with a slash.
        moments: what is done to the database meanwhile.
    """

    def __init__(self, root: str, moments: list[Moment]) -> None:
        self._root = root
        self._moments = moments
        self._times: list[int] = []  # for each step, how much had been done to the database before
        self._known: dict[CodeType, str] = {}
        self._active: dict[FrameType, Run] = {}
        self._raising: set[FrameType] = set()
        self.runs: list[Run] = []
        self.ends = 0.0

    def begin(self) -> None:
        """Follow from now on, for a while."""
        self.ends = time.process_time() + _SECONDS

    def called(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        """A function is called: follow it if it is the learner's."""
        code = frame.f_code
        file = self._known.get(code)
        if file is None:
            own = code.co_filename.startswith(self._root) and code.co_flags & _IN_A_FUNCTION
            own = own and (code.co_name[0] != "<" or code.co_name == "<lambda>")  # a comprehension is part of its line
            file = self._known[code] = code.co_filename.removeprefix(self._root) if own else ""
        if not file or self._is_over():
            return None
        caller = frame.f_back
        while caller is not None and caller not in self._active:
            caller = caller.f_back
        run = Run(file, code.co_name, self._tick())
        if caller is not None:
            run.caller = self._active[caller]
            run.at = max(0, len(run.caller.lines) - 1)
        self.runs.append(run)
        self._active[frame] = run
        return self._step

    def _step(self, frame: FrameType, event: str, result: Any) -> Callable[..., Any] | None:
        run = self._active.get(frame)
        if run is None or (self._is_over() and event != "return"):
            return None
        if event == "line":
            self._raising.discard(frame)
            run.lines.append(Line(frame.f_lineno, _names(frame), self._tick()))
        elif event == "exception":
            self._raising.add(frame)
        elif event == "return":
            self._active.pop(frame, None)
            run.end, run.ended = _names(frame), self._tick()
            run.returned = None if frame in self._raising else reach_of(result)
        return self._step

    def _is_over(self) -> bool:
        return len(self._times) > _MOST_LINES or time.process_time() > self.ends

    def _tick(self) -> int:
        self._times.append(len(self._moments))
        return len(self._times) - 1

    def events(self) -> list[tuple[int, Any]]:
        """What was done to the database, each with the time of the step that did it."""
        found, step = [], 0
        for number, moment in enumerate(self._moments):
            while step + 1 < len(self._times) and self._times[step + 1] <= number:
                step += 1
            found.append((step, event_of(moment)))
        return found


def _names(frame: FrameType) -> Names:
    return {name: reach_of(value) for name, value in list(frame.f_locals.items())[:_MOST_NAMES]}


def reach_of(value: Any) -> Reach:
    """What can be reached from a value."""
    search = _Search()
    fields: dict[str, frozenset[Value]] = {}
    for name, part in search.parts(value, 0):
        fields[name] = frozenset(search.below(part, 1))
    values = frozenset().union(*fields.values()) if fields else frozenset(search.below(value, 0))
    return Reach(values, fields, search.whole)


class _Search:
    """Looks for simple values; `whole` says whether all were found."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES
        self.whole = True

    def below(self, value: Any, depth: int) -> Iterator[Value]:
        """The simple values in something."""
        kind = type(value)
        if kind in SIMPLE:
            if kind is not str or len(value) <= _LONGEST:
                self.left -= 1
                yield key_of(value)
        elif depth > _DEEPEST or self.left <= 0:
            self.whole = False
        elif issubclass(kind, str | int):  # an enumeration
            yield key_of(str.__str__(value) if issubclass(kind, str) else int.__add__(value, 0))
        else:
            for _, part in self.parts(value, depth):
                if self.left <= 0:
                    self.whole = False
                    break
                yield from self.below(part, depth + 1)

    def parts(self, value: Any, depth: int) -> list[tuple[str, Any]]:
        """What something holds, by name where it has names."""
        kind = type(value)
        if kind in SIMPLE or issubclass(kind, type | str | int):
            return []
        found: list[tuple[Any, Any]] = []
        if issubclass(kind, dict):
            found = list(dict.items(value))
        elif issubclass(kind, list | tuple | set | frozenset):
            plain = next(each for each in (list, tuple, set, frozenset) if issubclass(kind, each))
            return (
                [("", part) for part in list(plain.__iter__(value))]
                if depth
                else [(str(number), part) for number, part in enumerate(plain.__iter__(value))]
            )
        elif kind is Row:
            found = list(enumerate(tuple(value)))
        elif kind is partial:
            found = [("args", value.args), ("keywords", value.keywords)]
        else:
            found = list(self._attributes(value, kind).items())
        return [(str(name) if type(name) in (str, int) else "", part) for name, part in found]

    def _attributes(self, value: Any, kind: type) -> dict[str, Any]:
        """The ``__dict__`` of an object that is meant to hold data; of any other nothing, and not the whole."""
        closed = kind.__module__.partition(".")[0] in _CLOSED and kind.__name__ not in _OPEN
        holder = next((vars(each)["__dict__"] for each in kind.__mro__ if "__dict__" in vars(each)), None)
        if closed or issubclass(kind, Session) or type(holder) is not GetSetDescriptorType:
            self.whole = self.whole and getattr(kind, "__module__", "") == "datetime"
            return {}
        found: dict[str, Any] = holder.__get__(value)
        state = found.get("_sa_instance_state")
        if state is not None and vars(state).get("expired_attributes"):
            self.whole = False  # it was committed, and not loaded again yet
        return {name: part for name, part in dict.items(found) if name[:1] != "_"}
