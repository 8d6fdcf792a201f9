"""In the child: what a check expects; what is otherwise ends it as failed."""

from __future__ import annotations

import re
from typing import Any

from grader.lab.answer import Answer
from grader.lab.equality import same
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.place import Place
from grader.lab.relied import expect_untouched
from grader.lab.words import instead_of_begin, show_both, with_null
from grader.outcomes import ToDo, Wrong, is_to_do

# What is in a database, by the words for it.
_ROWS = re.compile(r"\b(database|rows?)\b|^the (other )?item:")


class Expect:
    """Called with a condition, and what was seen where it does not hold.

    Attributes:
        instead: what is expected instead of everything else, and nobody can meet; empty for what is asked for.
        asked: how often something was expected.
        unmet: how often it was not so.
    """

    __slots__ = ("_focus", "_place", "_seen", "asked", "instead", "unmet")

    def __init__(self, place: Place, focus: Focus, seen: Seen) -> None:
        self._place = place
        self._focus = focus
        self._seen = seen
        self.instead = ""
        self.asked = self.unmet = 0

    def __call__(
        self,
        holds: bool,
        *,
        saw: str,
        wanted: str,
        where: str = "",
        cause: BaseException | None = None,
        values: tuple[Any, Any] = (None, None),
    ) -> None:
        """End the check as failed unless the condition holds.

        Args:
            holds: the condition.
            saw: what is otherwise, in words.
            wanted: what should be, in words.
            where: the place in the learner's files.
            cause: the exception out of the learner's code, if there was one.
            values: what was compared with what, for the explanation.
        """
        self._decide(holds and not self.instead, saw, wanted, where, cause, values)

    def _decide(
        self,
        holds: bool,
        saw: str,
        wanted: str,
        where: str = "",
        cause: BaseException | None = None,
        values: tuple[Any, Any] = (None, None),
    ) -> None:
        self.asked = _one_more(self.asked)
        if not holds:
            self.unmet = _one_more(self.unmet)
            raise Wrong(saw, wanted, where, cause, values)

    def equal(self, actual: Any, wanted: Any, what: str = "", *, null: str = "") -> None:
        """End the check as failed unless the two are equal.

        Args:
            actual: what was seen.
            wanted: plain data.
            what: what it is, in words.
            null: what None is called there (`with_null`); where it is not given, `what` tells.
        """
        wanted = self.instead or wanted
        if self._are_same(actual, wanted):
            return
        subject = f"{what} " if what else ""
        null = null or ("null" if what.startswith("the answer") else "NULL" if _ROWS.search(what) else "None")
        shown, wish = show_both(with_null(actual, null), with_null(wanted, null))
        expect_untouched()  # what shows an object of the learner's runs its code
        self._decide(False, f"{subject}{shown}", f"{subject}{wish}", values=(actual, wanted))

    def shows(self, shown: Any, stored: Any) -> None:
        """End the check as failed unless an answer shows what is stored."""
        stored = self.instead or stored
        if self._are_same(shown, stored):
            return
        told, wish = show_both(with_null(shown, "null"), with_null(stored, "NULL"))
        expect_untouched()  # what shows an object of the learner's runs its code
        self._decide(False, f"the answer shows {told}", f"what is stored: {wish}", values=(shown, stored))

    def _are_same(self, actual: Any, wanted: Any) -> bool:
        """Whether two values are equal: only where they are not, somebody has to find words for them."""
        holds = same(actual, wanted)
        if holds:
            self.asked = _one_more(self.asked)
        return holds

    def status(self, answer: Answer, *wanted: int) -> None:
        """End the check as failed unless the answer has one of these status codes."""
        holds = answer.status in ((-1,) if self.instead else wanted) and answer.error is None
        if holds:
            self.asked = _one_more(self.asked)
        else:
            where = self._focus.line_of(answer.error) if answer.error is not None else ""
            if answer.unrouted and answer.status in (404, 405):
                where = self._place.shown("app/main.py")
            better = "".join(f": {words}" for words in [instead_of_begin(answer.error)] if words)
            wish = " or ".join(map(str, wanted)) + better
            self._decide(False, str(answer), wish, where, answer.error, (answer, wanted))

    def has_counted(self) -> bool:
        """Whether what it has counted are numbers of Python's own: reading them runs no code of anybody else."""
        return all(type(each) is kind for each, kind in ((self.asked, int), (self.unmet, int), (self.instead, str)))

    def nothing_left_in(self, error: BaseException | None) -> None:
        """End the check where the starter's ``NotImplementedError`` came after the answer.

        The app's handler of it is too late then, and what is raised in its place says nothing of it.

        Raises:
            ToDo: it is the reason for this exception.
        """
        left = error.__cause__ if error is not None else None
        if left is not None and is_to_do(left):
            raise ToDo(str(left), where=self._focus.line_of(left))

    def all_closed(self, after: str = "") -> None:
        """End the check as failed if any session or connection is still open.

        Args:
            after: after what, in words.
        """
        left = self._seen.left_open()
        told = f"after {after}: " if after else ""
        self(
            not left,
            saw=told + "; ".join(left[:3]),
            wanted="a closed session: its connection is back in the pool, no transaction is open, it holds no objects",
        )


def _one_more(number: int) -> int:
    """The next number, one of Python's own: a class of the learner's has no say in it."""
    return int.__add__(number, 1)
