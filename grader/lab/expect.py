"""In the child: what a check expects; what is otherwise ends it as failed."""

from __future__ import annotations

from typing import Any

from grader.lab.answer import Answer
from grader.lab.equality import same
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.place import Place
from grader.lab.words import instead_of_begin, show
from grader.outcomes import Wrong


class Expect:
    """Called with a condition, and what was seen where it does not hold."""

    def __init__(self, place: Place, focus: Focus, seen: Seen) -> None:
        self._place = place
        self._focus = focus
        self._seen = seen

    def __call__(self, holds: bool, *, saw: str, wanted: str, where: str = "") -> None:
        """End the check as failed unless the condition holds."""
        if not holds:
            raise Wrong(saw, wanted, where)

    def equal(self, actual: Any, wanted: Any, what: str = "") -> None:
        """End the check as failed unless the two are equal."""
        subject = f"{what} " if what else ""
        if not same(actual, wanted):
            saw, wish = f"{subject}{show(actual)}", f"{subject}{show(wanted)}"
            raise Wrong(saw, wish, values=(actual, wanted))

    def shows(self, shown: Any, stored: Any) -> None:
        """End the check as failed unless an answer shows what is stored."""
        if not same(shown, stored):
            saw, wish = f"the answer shows {show(shown)}", f"what is stored: {show(stored)}"
            raise Wrong(saw, wish, values=(shown, stored))

    def status(self, answer: Answer, *wanted: int) -> None:
        """End the check as failed unless the answer has one of these status codes."""
        if answer.status not in wanted or answer.error is not None:
            where = self._focus.line_of(answer.error) if answer.error is not None else ""
            if answer.unrouted and answer.status in (404, 405):
                where = self._place.shown("app/main.py")
            better = "".join(f": {words}" for words in [instead_of_begin(answer.error)] if words)
            raise Wrong(
                str(answer), " or ".join(str(code) for code in wanted) + better, where, answer.error, (answer, wanted)
            )

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
            wanted="session closed: connection returned, no transaction, no object attached",
        )
