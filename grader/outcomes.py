"""In the child: how a check ends when it does not pass. Imports nothing heavy, as checks import it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

TASK_TO_DO = re.compile(r"\d{1,2}\.\d{1,2}\b")


class Verdict(Exception):
    """Ends a check: what was seen, what was wanted, and where in the learner's files."""

    outcome = "failed"

    def __init__(self, saw: str, wanted: str = "", where: str = "", cause: BaseException | None = None) -> None:
        super().__init__(saw)
        self.saw, self.wanted, self.where, self.cause = saw, wanted, where, cause


class Wrong(Verdict):
    """The code behaves wrongly."""


class Broken(Verdict):
    """The code broke before the rule could be judged."""

    outcome = "error"


class Waits(Verdict):
    """This cannot be judged before another rule of the chapter holds.

    Args:
        saw: what was seen.
        rule: the other rule's name.
    """

    outcome = "blocked"

    def __init__(self, saw: str, rule: str) -> None:
        super().__init__(f"{saw} (first: {rule})")


@contextmanager
def waiting_for(rule: str) -> Iterator[None]:
    """Let a failure of the block be the matter of another rule of the chapter."""
    try:
        yield
    except Wrong as verdict:
        raise Waits(str(verdict), rule) from None


class ToDo(Verdict):
    """The code is still the starter's ``NotImplementedError``."""

    outcome = "todo"


# By identity: a class of somebody else's, which may say that it equals these, is none of them.
_OUTCOMES = tuple((each, each.outcome) for each in (Wrong, Broken, Waits, ToDo))


def outcome_of(verdict: Verdict) -> str:
    """How a check ends that ends like this: only the verdicts of this module say so."""
    return next((outcome for each, outcome in _OUTCOMES if type(verdict) is each), Broken.outcome)


def is_to_do(error: BaseException) -> bool:
    """Whether this is the exception that a starter raises."""
    return isinstance(error, NotImplementedError) and TASK_TO_DO.match(str(error)) is not None
