"""In the child: mistakes that no other reading knows, found by the way of a value through the learner's functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from grader.diagnosis.evidence import Event, Evidence
from grader.diagnosis.reading import Told, reading
from grader.diagnosis.source import Function, Source, calls, decorators, inside, name_of
from grader.diagnosis.trail import NOTHING, SIMPLE, Names, Reach, Run, Trail, Value, key_of

# The readings here: they hold where there is a trail.
BY_A_TRAIL = ("value_lost_on_the_way", "other_value_on_the_way")
_MOST_PAIRS, _MOST_STEPS = 12, 40
_WRITES = ("INSERT", "UPDATE")
_BLOCKS = ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.AsyncWith | ast.Try | ast.Match
_COMPOUND = _BLOCKS | Function | ast.ClassDef
# What these do to an object comes from the database.
_OF_A_SESSION = "refresh", "commit", "flush", "rollback", "expire", "expire_all", "merge"
Values = frozenset[Value]


@dataclass(frozen=True)
class Difference:
    """A value that was expected, the one that is there in its place, and what stands beside the two.

    Attributes:
        expected: the value, if one that can be recognised was expected.
        actual: what is there, if that can be recognised.
        beside: what else is there, as it should be.
    """

    expected: Value | None
    actual: Value | None
    beside: Values = NOTHING


def differences(actual: Any, expected: Any) -> list[Difference]:
    """The values of plain data that are others than they should be, as far as it can be told what belongs together."""
    known = [each for each in _pairs(actual, expected) if each.expected or each.actual]
    known.sort(key=lambda each: each.expected is None or each.expected[0] != "str")  # a text says more than an id
    return list(dict.fromkeys(known))[:_MOST_PAIRS]


def _pairs(actual: Any, expected: Any, beside: Values = NOTHING) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        same = [expected[name] for name in expected if name in actual and actual[name] == expected[name]]
        for each in expected:
            yield from _pairs(actual.get(each), expected[each], frozenset(filter(_is_telling, _leaves(same))))
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(actual) != len(expected):  # something was not done, or twice
            return
        same = [one for one, other in zip(expected, actual, strict=True) if one == other]
        beside = frozenset(filter(_is_telling, _leaves(same))) if isinstance(expected, tuple) else beside
        for one, other in zip(actual, expected, strict=True):
            yield from _pairs(one, other, beside)
    elif type(actual) in (*SIMPLE, dict, list, tuple) and (type(actual) is not type(expected) or actual != expected):
        shown = _told(actual)
        for each in _leaves(expected):
            if _is_telling(each) or shown:
                yield Difference(each if _is_telling(each) else None, shown if shown != each else None, beside)


def _told(value: Any) -> Value | None:
    key = key_of(value) if type(value) in SIMPLE else None
    return key if key and _is_telling(key) else None


def _leaves(value: Any) -> Iterator[Value]:
    if type(value) in SIMPLE:
        yield key_of(value)
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)


def _is_telling(key: Value) -> bool:
    """Whether a value is hardly there by chance: numbers often are."""
    return key[0] == "str" and len(key[1]) > 1


@dataclass(frozen=True, eq=False)
class Done:
    """A statement that was carried out, of a compound one its head.

    Attributes:
        run: the run of its function.
        node: the statement.
        first: the first of the run's lines that belong to it.
        last: the last one.
        calls: what it called of the learner's.
    """

    run: Run
    node: ast.stmt
    first: int
    last: int
    calls: list[Run] = field(default_factory=list)

    @property
    def time(self) -> int:
        """When it began."""
        return self.run.lines[self.first].time

    @property
    def before(self) -> Names:
        """What the names of its function held before it."""
        return self.run.lines[self.first].names

    @cached_property
    def after(self) -> Names:
        """What they held after it."""
        return self.run.lines[self.last + 1].names if self.is_followed else self.run.end

    @property
    def is_followed(self) -> bool:
        """Whether its function went on after it."""
        return self.last + 1 < len(self.run.lines)

    @cached_property
    def head(self) -> list[ast.AST]:
        """The nodes that are its own: of a compound statement none of its block."""
        if not isinstance(self.node, _COMPOUND):
            return list(inside(self.node))
        parts = [getattr(self.node, name, None) for name in ("target", "iter", "test", "subject")]
        parts += [part for item in getattr(self.node, "items", ()) for part in (item.context_expr, item.optional_vars)]
        return [each for part in parts if part is not None for each in ast.walk(part)]

    @cached_property
    def reads(self) -> dict[str, Values]:
        """What it reads of the names of its function, each expression with its values."""
        found: dict[str, Values] = {}
        within: set[int] = set()
        for node in self.head:
            base = node.value if isinstance(node, ast.Attribute | ast.Subscript) else node
            if not isinstance(base, ast.Name) or not isinstance(base.ctx, ast.Load) or base.id not in self.before:
                continue
            if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or id(node) in within:
                continue
            reach, name = self.before[base.id], _field(node)
            if name in reach.fields:
                within.add(id(base))
                found[f"{base.id}.{name}"] = reach.fields[name]
            else:
                found[base.id] = reach.values
        return found

    @cached_property
    def mentions(self) -> set[str]:
        """Every name in it."""
        return {each.id for each in self.head if isinstance(each, ast.Name)}

    def is_on(self, file: str, line: int) -> bool:
        """Whether it stands on a line."""
        return self.run.file == file and self.node.lineno <= line <= (self.node.end_lineno or 0)

    @property
    def read(self) -> Values:
        """All values that it reads, and what it gets from the learner's functions that it calls."""
        returned = [each.returned.values for each in self.calls if each.returned is not None]
        return NOTHING.union(*self.reads.values(), *returned)

    @cached_property
    def names(self) -> list[str]:
        """The names that it reads."""
        return list(dict.fromkeys(each.partition(".")[0] for each in self.reads))

    @cached_property
    def constants(self) -> Values:
        """What is written in it."""
        found = [each.value for each in self.head if isinstance(each, ast.Constant)]
        return frozenset(key_of(each) for each in found if type(each) in SIMPLE)

    @property
    def _may_change_what_it_reads(self) -> bool:
        call = self.node.value if isinstance(self.node, ast.Expr) else None
        return call is not None and not (isinstance(call, ast.Call) and name_of(call) in _OF_A_SESSION)

    @cached_property
    def makes(self) -> dict[str, Reach]:
        """What it gives: to names and their fields, to the learner's functions that it calls, to its caller."""
        found: dict[str, Reach] = {}
        for node in self.head:
            base = node.value if isinstance(node, ast.Attribute | ast.Subscript) else node
            if isinstance(base, ast.Name) and isinstance(getattr(node, "ctx", None), ast.Store):
                reach, name = self.after.get(base.id), _field(node)
                if reach is not None:
                    part = reach.fields.get(name)
                    found[f"{base.id}.{name}".strip(".")] = reach if part is None else Reach(part, {}, reach.whole)
        for name in self.names:
            before, after = self.before[name], self.after.get(name)
            if after is not None and after.values != before.values and self._may_change_what_it_reads:
                found.setdefault(name, after)
        for each in self.calls:
            found[f"{each.name}()"] = _together(each.arguments)
        if isinstance(self.node, ast.Return) and not self.is_followed and self.run.returned is not None:
            found["return"] = self.run.returned
        return found

    def gives(self, name: str) -> bool:
        """Whether it gives a name its value, or changes what that holds."""
        return any(each.partition(".")[0] == name for each in self.makes)


def _field(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    index = node.slice if isinstance(node, ast.Subscript) else None
    return str(index.value) if isinstance(index, ast.Constant) else ""


def _together(names: Names) -> Reach:
    reaches = names.values()
    fields = {name: reach.values for name, reach in names.items()}
    return Reach(NOTHING.union(*fields.values()), fields, all(each.whole for each in reaches))


class Way:
    """The statements that were carried out, in the order of their begins."""

    def __init__(self, trail: Trail, source: Source) -> None:
        self._source = source
        self._events = trail.events
        self.runs = trail.runs
        self._statements: dict[tuple[str, int], ast.stmt | None] = {}
        self.of_run: dict[int, list[Done]] = {id(run): self._done_in(run) for run in trail.runs}
        for run in trail.runs:
            for each in self.of_run[id(run.caller)] if run.caller is not None else ():
                if each.first <= run.at <= each.last:
                    each.calls.append(run)
        self.all = sorted((each for done in self.of_run.values() for each in done), key=lambda each: each.time)

    def _done_in(self, run: Run) -> list[Done]:
        found: list[Done] = []
        for number, line in enumerate(run.lines):
            node = self._statement(run.file, line.number)
            if found and found[-1].node is node and not isinstance(node, ast.For):
                found[-1] = replace(found[-1], last=number)
            elif node is not None:
                found.append(Done(run, node, number, number))
        return found

    def _statement(self, file: str, line: int) -> ast.stmt | None:
        """The innermost statement around a line."""
        if (file, line) not in self._statements:
            around = [
                node
                for node in self._source.file(file).nodes
                if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
            ]
            self._statements[file, line] = max(
                around, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None
            )
        return self._statements[file, line]

    def caller_of(self, run: Run) -> Done | None:
        """The statement that called a function, if one of the learner's did."""
        done = self.of_run[id(run.caller)] if run.caller is not None else []
        return next((each for each in done if each.first <= run.at <= each.last), None)

    def function(self, run: Run) -> Function | None:
        """The function that was run."""
        found = self._source.function(run.name, run.file)
        return found[1] if found is not None else None

    @staticmethod
    def source_lines(where: str) -> tuple[str, int]:
        """File and number of a place."""
        file, _, line = where.rpartition(":")
        return file, int(line)

    def at(self, done: Done) -> str:
        """The place of a statement."""
        return f"{done.run.file}:{done.node.lineno}"

    def swaps(self, each: Difference) -> list[Done]:
        """The statements that get the value that was expected, and make the other one of it."""
        found = []
        for done in self.all:
            if any(self._swaps(done, name, made, each) for name, made in done.makes.items()):
                found.append(done)
        return found

    @staticmethod
    def _swaps(done: Done, name: str, made: Reach, each: Difference) -> bool:
        if each.actual in made.values and each.actual not in done.read and each.expected not in made.values:
            written = each.actual in done.constants
            at_hand = each.expected is None or any(each.expected in reach.values for reach in done.before.values())
            return (each.expected in done.read or (written and at_hand)) and not _had(done, name, each.actual)
        if each.expected is None or each.actual is None or each.actual not in made.values:
            return False
        returned = [call.returned.values for call in done.calls if call.returned is not None]
        if not name.endswith("()") and any(each.actual in values for values in returned):
            return False  # it came so from a function, which is looked at itself
        # Both come in, and the wrong one gets the name.
        right, wrong = frozenset({each.expected}), frozenset({each.actual})
        given = [{one: done.before[one].values, **done.before[one].fields} for one in done.names]
        return any(
            values == wrong
            and (held := [one[part] for one in given if part in one])
            and all(one == right for one in held)
            for part, values in {name.rpartition(".")[2]: made.values, **made.fields}.items()
        )

    def loss(self, each: Difference) -> Done | None:
        """The statement that gets the value that was expected, and hands on without it what should hold it."""
        value = each.expected
        if value is None or not any(value in done.read for done in self.all):
            return None
        search = _Search(self, value, each.beside)
        writes = [(time, event) for time, event in self._events if event.what.startswith(_WRITES) and event.where]
        sent = [key for _, event in writes for key in _leaves(event.parameters)]
        if writes and value not in sent:
            instead = [one for one in writes if each.actual in [*_leaves(one[1].parameters)]]
            beside = [one for one in writes if each.beside & {*_leaves(one[1].parameters)}]
            time, event = (instead or beside or writes)[-1]
            return search.from_a_write(time, event)
        return search.from_an_answer()


class _Search:
    """Goes back from what came out, to the statement in which a value is lost.

    Args:
        way: the statements.
        value: the value.
        beside: what stands beside it.
    """

    def __init__(self, way: Way, value: Value, beside: Values) -> None:
        self._way = way
        self._value = value
        self._beside = beside
        self._left = _MOST_STEPS
        self._met: set[Done] = set()

    def from_a_write(self, time: int, event: Event) -> Done | None:
        """Begin where something was sent to the database: with the names that hold what was sent."""
        sent = frozenset(_leaves(event.parameters))
        self._beside = self._beside & sent or frozenset(filter(_is_telling, sent))
        lines = self._way.source_lines(event.where)
        done = next((each for each in reversed(self._way.all) if each.time <= time and each.is_on(*lines)), None)
        while done is not None:
            held = [name for name, reach in done.before.items() if self._carries(reach)]
            if self._value in done.read and not held:
                return done
            for name in sorted(held, key=done.names.__contains__, reverse=True):
                found = self._before(done, name)
                if found is not None:
                    return found
            done = self._way.caller_of(done.run)
        return None

    def from_an_answer(self) -> Done | None:
        """Begin with what the last function returned that holds what stands beside the value."""
        for run in sorted(self._way.runs, key=lambda run: -run.ended):
            function = self._way.function(run)
            if run.returned is None or run.caller is not None or not run.returned.values:
                continue
            if function is None or _is_generator(function):
                continue
            if run.returned.values == {key_of(None)} and not self._should_return(run, function):
                continue
            if self._value in run.returned.values:
                return None
            if self._carries(run.returned) or self._value in _together(run.arguments).values:
                return self._into(run)
        return None

    def _carries(self, reach: Reach) -> bool:
        return self._value not in reach.values and reach.whole and self._beside <= reach.values and bool(reach.values)

    def _into(self, run: Run) -> Done | None:
        """Go on with what a function returned."""
        done, function = self._way.of_run[id(run)], self._way.function(run)
        if not done or function is None or _is_generator(function):
            return None
        if not isinstance(done[-1].node, ast.Return):
            return Done(run, function, 0, 0) if self._should_return(run, function) else None
        return self._back(done[-1])

    def _should_return(self, run: Run, function: Function) -> bool:
        """Whether somebody waits for what a function makes of the value, and returns nothing."""
        decorated = any(each.endswith(("validator", "serializer")) for each, _ in decorators(function))
        caller = self._way.caller_of(run)
        used = decorated if caller is None else not isinstance(caller.node, ast.Expr)
        return used and self._value in _together(run.arguments).values

    def _back(self, done: Done) -> Done | None:
        """Go on from a statement that gave something without the value."""
        self._left -= 1
        if done in self._met or self._left < 0:
            return None
        self._met.add(done)
        for run in reversed(done.calls):
            if run.returned is not None and self._carries(run.returned) and self._has_seen(run):
                return self._into(run)
        if any(self._value in values for values in done.reads.values()):
            return done
        for name in done.names:
            if self._value not in done.before[name].values:
                found = self._before(done, name)
                if found is not None:
                    return found
        makes_a_record = any(made.fields and self._carries(made) for made in done.makes.values())
        return done if makes_a_record and any(self._value in done.before[name].values for name in done.names) else None

    def _before(self, done: Done, name: str) -> Done | None:
        """Go on with whatever gave a name its value before a statement; of an argument with the caller."""
        for each in reversed(self._way.of_run[id(done.run)]):
            if each.time < done.time and each.gives(name):
                found = self._back(each)
                if found is not None:
                    return found
        if name not in done.run.arguments or self._value in done.run.arguments[name].values:
            return None
        caller = self._way.caller_of(done.run)
        return self._back(caller) if caller is not None else self._handed_over(done.run)

    def _handed_over(self, run: Run) -> Done | None:
        """Go on from a function that the library called: with the one that named it, or that made what it gets."""
        earlier = [each for each in self._way.all if each.time < run.begin]
        named = [each for each in earlier if run.name in each.mentions and self._value in each.read]
        if named:
            return named[-1]
        made = [each for each in self._way.runs if each.caller is None and each.begin < run.begin and self._loses(each)]
        return self._into(made[0]) if len({(each.file, each.name) for each in made}) == 1 else None

    def _loses(self, run: Run) -> bool:
        returned = run.returned
        lost = returned is not None and returned.whole and self._value not in returned.values
        return lost and self._value in _together(run.arguments).values

    def _has_seen(self, run: Run) -> bool:
        """Whether a function, or one that it calls, has had the value."""
        done = self._way.of_run[id(run)]
        given = _together(run.arguments).values
        return self._value in given or any(
            self._value in each.read or any(map(self._has_seen, each.calls)) for each in done
        )


def _is_generator(function: Function) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in inside(function))


def _had(done: Done, name: str, value: Value | None) -> bool:
    base, _, part = name.partition(".")
    reach = done.before.get(base)
    return reach is not None and value in (reach.part(part) if part else reach.values)


@reading("a value that is lost on its way")
def value_lost_on_the_way(evidence: Evidence) -> Told | None:
    """A line gets the value that should arrive, and hands on something without it."""
    if evidence.trail is None:
        return None
    way = Way(evidence.trail, evidence.source)
    found: dict[str, Difference] = {}
    for each in differences(evidence.actual, evidence.expected):
        done = way.loss(each)
        # What a block leaves out is in its lines; what setattr() is given is in the object.
        if done is not None and not isinstance(done.node, _BLOCKS) and not calls(done.node, "setattr"):
            found.setdefault(way.at(done), each)
    if len(found) != 1:
        return None
    [(where, each)] = found.items()
    value = _shown(each.expected)
    return Told(
        where=where,
        saw=f"{evidence.saw}; {value} is there before the line below, and no longer after it",
        hint=f"What does this line do with {value}?",
    )


@reading("another value takes the place of the one that was sent")
def other_value_on_the_way(evidence: Evidence) -> Told | None:
    """A line gets the value that should arrive, and hands on another one."""
    if evidence.trail is None:
        return None
    way = Way(evidence.trail, evidence.source)
    found: dict[str, tuple[Done, Difference]] = {}
    for each in differences(evidence.actual, evidence.expected):
        if each.actual is not None:
            for done in way.swaps(each):
                found.setdefault(way.at(done), (done, each))
    if len(found) != 1:
        return None
    [(where, (done, each))] = found.items()
    value, other = _shown(each.expected), _shown(each.actual)
    if each.expected is None:
        return Told(where=where, hint=f"This line writes {other}. What should it hand on?")
    saw, hint = f"{value} is there before the line below, and {other} after it", f"What does this line do with {value}?"
    if each.actual in done.read:  # the right one was not turned into it
        saw, hint = f"the line below hands on {other} in the place of {value}", f"What does this line do with {other}?"
    elif each.actual in done.constants and each.expected not in done.read:  # it never gets the right one
        saw = f"the line below hands on {other} in the place of {value}"
        hint = f"Where does {other} come from, and where should the value come from?"
    return Told(where=where, saw=f"{evidence.saw}; {saw}", hint=hint)


def _shown(value: Value | None) -> str:
    return repr(value[1]) if value is not None else "nothing"
