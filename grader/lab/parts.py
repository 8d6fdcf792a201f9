"""In the child: makes what one check asks for, and puts everything away after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

from grader.diagnosis.evidence import Evidence
from grader.lab.code import Code
from grader.lab.fixtures import fixtures_of
from grader.lab.focus import Focus
from grader.lab.observer import Seen, observing
from grader.lab.place import Place
from grader.lab.story import Story


@dataclass(frozen=True)
class Maker:
    """What makes a part, imported, and what it needs."""

    make: Callable[..., Any]
    needs: tuple[str, ...]


# What tells of every check, whatever it asks for.
_ALWAYS = ("focus", "story", "code", "expect")


def load_makers(chapter: str, asked: Iterable[str]) -> dict[str, Maker]:
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
        unread: what is known of the check, once it has failed and no reading knows the mistake.
    """

    def __init__(self, place: Place, seen: Seen, makers: dict[str, Maker]) -> None:
        self.place = place
        self.seen = seen
        self.unread: Evidence | None = None
        self._makers = makers
        self._made: dict[str, Any] = {"place": place, "seen": seen}
        self._as_made: list[tuple[str, type, dict[str, Any], frozenset[str]]] = [
            (name, type(part), {}, _named_in(part.__class__)) for name, part in self._made.items()
        ]
        self.focus: Focus = self.named("focus")
        self.story: Story = self.named("story")
        self.code: Code = self.named("code")

    def named(self, name: str) -> Any:
        """A part."""
        if name not in self._made:
            maker = self._makers[name]
            made = self._made[name] = maker.make(**{need: self.named(need) for need in maker.needs})
            parts = [id(each) for each in self._made.values()]
            held = {key: value for key, value in _attributes(made).items() if id(value) in parts}
            self._as_made.append((name, type(made), held, _named_in(made.__class__)))
        return self._made[name]

    def replaced(self) -> str:
        """The name of the first part that is no longer as it was made; empty where all are."""
        for name, kind, held, named in self._as_made:
            made = self._made.get(name)
            if type(made) is not kind or not _keeps(made, held) or _attributes(made).keys() & named:
                return name
        return ""

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
            self._made[name].close()


def _attributes(part: object) -> dict[str, Any]:
    found: dict[str, Any] = getattr(part, "__dict__", {})
    return found


def _keeps(part: object, held: dict[str, Any]) -> bool:
    """Whether a part still holds the other parts that it was made of."""
    attributes = _attributes(part)
    return all(attributes.get(name) is value for name, value in held.items())


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
            yield parts
        finally:
            parts.close()
