"""In the child: what was done in a check, in words, and what the code then did to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grader.lab.observer import Moment, Seen
from grader.lab.words import some_of

_OF_ROWS = "stored", "another", "removed", "deleted", "gave"


class Story:
    """What a check tells of itself.

    Attributes:
        lines: what was done, in order.
        stored: how many items there are of which nobody has to have told.
        chosen: the ids that the check chose for some of them.
    """

    __slots__ = ("_arranged", "_seen", "_told_from", "chosen", "lines", "stored")

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._arranged: list[str] = []
        self._told_from = 0
        self.lines: list[str] = []
        self.stored = 0
        self.chosen: list[int] = []

    def did(self, what: str) -> None:
        """Add to what was done."""
        self.lines.append(what)

    def told(self) -> str:
        """What was done, in a sentence; nothing is shown of items that were never stored in it."""
        known = (
            self.stored < 1
            or bool(self._arranged)
            or not self.lines
            or any(word in line for line in self.lines for word in _OF_ROWS)
        )
        stored = "stored an item" if self.stored == 1 else f"stored {self.stored} items"
        if self.stored == len(self.chosen) > 0:  # 'stored 3 items' would look as if their ids were 1, 2 and 3
            one = self.stored == 1
            stored = f"stored an item with the id {self.chosen[0]}" if one else f"stored items {some_of(self.chosen)}"
        elif len(self.chosen) == 1:
            stored = f"{stored}, one of them with the id {self.chosen[0]}"
        return ", then ".join(self.lines if known else [stored, *self.lines])

    def got_to(self, what: str) -> None:
        """Tell in the place of what comes last how far that got, unless it tells of an import by itself."""
        if self.lines and "import" not in self.lines[-1]:
            self.lines[-1] = what

    def begin(self, *lines: str) -> None:
        """Begin anew: what happened up to now has nothing to do with what is judged."""
        self.lines[:] = [*self._arranged, *lines]
        self.begin_timeline()

    def arranged(self, what: str) -> None:
        """Begin every story of this check with what was arranged for it."""
        self._arranged.append(what)
        self.begin()

    def begin_timeline(self) -> None:
        """Leave out of the timeline what happened up to now."""
        self._told_from = len(self._seen.moments)

    @contextmanager
    def untold(self) -> Iterator[None]:
        """Leave out of the story, and of the timeline, what the block does."""
        lines, told_from, known = list(self.lines), self._told_from, len(self._seen.moments)
        try:
            yield
        finally:
            self.lines[:], self._told_from = lines, told_from
            del self._seen.moments[known:]

    def moments(self) -> list[Moment]:
        """What the code did to the database in the story that is told."""
        return self._seen.moments[self._told_from :]

    def earlier_moments(self) -> list[Moment]:
        """What it did before that in this check."""
        return self._seen.moments[: self._told_from]

    def timeline(self) -> list[str]:
        """What the code did to the database in the story that is told, in words."""
        return [moment.what for moment in self.moments()]

    def told_timeline(self) -> list[str]:
        """The same as it is shown: also by what, where nobody has asked for it."""
        # A learner knows nothing of the table that the check brings along.
        return [moment.told().replace(" grader_probe", " by the check") for moment in self.moments()]

    def has_no_timeline(self) -> bool:
        """Whether nothing was done to the database in it so far."""
        return len(self._seen.moments) == self._told_from
