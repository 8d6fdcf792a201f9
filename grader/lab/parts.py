"""In the child: makes what one check asks for, and puts everything away after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from operator import attrgetter, is_not
from types import FunctionType
from typing import Any, NamedTuple

from grader.lab.code import Code
from grader.lab.fixtures import fixtures_of
from grader.lab.focus import Focus
from grader.lab.observer import Seen, observing
from grader.lab.place import Place
from grader.lab.relied import looked_at
from grader.lab.story import Story
from grader.outcomes import Broken


class Maker(NamedTuple):
    """What makes a part, imported, and what it needs."""

    make: Callable[..., Any]
    needs: tuple[str, ...]


class _AsMade(NamedTuple):
    """A part as it was made.

    Attributes:
        name: its name.
        part: the part.
        kind: its class.
        of: tells the other parts that it was made of, together, and its engine; None where it has none of these.
        held: these, as they were then: one, or a tuple.
        named: what its class has, where the part itself could have something of its own in the place of that.
    """

    name: str
    part: object
    kind: type
    of: Callable[[object], Any] | None
    held: tuple[object, ...]
    named: frozenset[str]


# What tells of every check, whatever it asks for.
_ALWAYS = ("focus", "story", "code", "expect")


# By what a part reads the database itself.
_READS_BY = "engine", "reader"


@cache
def load_makers(chapter: str, asked: frozenset[str]) -> dict[str, Maker]:
    """Import what makes the parts that the checks of a chapter ask for: later the grader is out of reach."""
    fixtures = fixtures_of(chapter, [*_ALWAYS, *asked])
    return {name: Maker(fixture.load(), fixture.needs) for name, fixture in fixtures.items()}


class Parts:
    """The parts of one check, each made when it is first asked for.

    Args:
        place: where the check runs.
        seen: what is observed while it runs.
        makers: what makes the parts, by their names.

    Attributes:
        as_made: each part as it was made; another object, or a changed one, is none of the grader's doing.
    """

    __slots__ = ("_made", "_makers", "as_made", "code", "focus", "place", "seen", "story")

    def __init__(self, place: Place, seen: Seen, makers: dict[str, Maker]) -> None:
        self.place = place
        self.seen = seen
        self._makers = makers
        self._made: dict[str, Any] = {"place": place, "seen": seen}
        self.as_made: tuple[_AsMade, ...] = tuple(self._as_it_is(*each) for each in self._made.items())
        self.focus: Focus = self.named("focus")
        self.story: Story = self.named("story")
        self.code: Code = self.named("code")

    def named(self, name: str) -> Any:
        """A part."""
        if name not in self._made:
            maker = self._makers[name]
            made = self._made[name] = maker.make(**{need: self.named(need) for need in maker.needs})
            self.as_made += (self._as_it_is(name, made),)
        return self._made[name]

    def _as_it_is(self, name: str, made: object) -> _AsMade:
        parts = [id(each) for each in self._made.values()]
        held = [key for key in _attributes(made) if id(getattr(made, key, None)) in parts or key in _READS_BY]
        of = attrgetter(*held, "__class__") if held else None
        kind: object = type(made)
        own: frozenset[str] = _named_in(kind) if hasattr(made, "__dict__") else frozenset()
        return _AsMade(name, made, type(made), of, of(made) if of else (), own)

    def replaced(self) -> str:
        """The name of the first part that is no longer as it was made; empty where all are.

        It is asked whenever the learner's code has run: what is replaced there may be put back before the end.
        """
        if type(self.as_made) is not tuple or type(self._made) is not dict:  # another class would answer for itself
            return "a part"
        for name, part, kind, of, held, named in self.as_made:
            if type(part) is not kind or self._made.get(name) is not part:
                return name
            if of is not None and any(map(is_not, of(part), held)):
                return name
            if named and not named.isdisjoint(vars(part)):
                return name
        return ""

    def expect_as_arranged(self) -> None:
        """End a check as broken in which the code has undone what the check had arranged in the database."""
        if "database" in self._made:
            self._made["database"].expect_as_arranged()

    def close(self) -> None:
        """Let go of everything that the check opened; what the learner's code makes of that is no longer judged."""
        self._close("sessions")
        for session in self.seen.sessions:
            with suppress(Exception):
                session.close()
        self._close("client")
        self._close("database")
        engines = {id(each): each for each in (connection.engine for connection in self.seen.connections)}
        for engine in engines.values():
            with suppress(Exception):
                engine.dispose()

    def _close(self, name: str) -> None:
        if name in self._made:
            with suppress(Broken):
                self._made[name].close()


def _attributes(part: object) -> list[str]:
    """The names of what a part holds."""
    return [*getattr(part, "__dict__", ()), *getattr(type(part), "__slots__", ())]


@cache
def _named_in(kind: object) -> frozenset[str]:
    """The functions and properties of a class, in the place of which an object may have something of its own."""
    return frozenset(
        name
        for each in getattr(kind, "__mro__", ())[:-1]
        for name, value in vars(each).items()
        if isinstance(value, FunctionType | property | staticmethod | classmethod)
    )


@contextmanager
def open_parts(place: Place, makers: dict[str, Maker]) -> Iterator[Parts]:
    """The parts of a check."""
    with observing(place.root) as seen:
        parts = Parts(place, seen, makers)
        try:
            with looked_at(parts.replaced):
                yield parts
        finally:
            parts.close()
