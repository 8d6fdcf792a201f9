"""In the child: how a check ends when it does not pass. Imports nothing heavy, as checks import it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# What is said of an exception that no code of the learner's has raised.
NOT_EXPECTED = ", in the grader itself: it did not expect what your app does"
# What is asked where an exception is of the very line that is shown, and nothing more is known.
SAYS_IT_ALL = "Read the exception: what does it say about this line?"
TASK_TO_DO = re.compile(r"\d{1,2}\.\d{1,2}\b")


class Verdict(Exception):
    """Ends a check.

    Args:
        saw: what was seen, in words.
        wanted: what was wanted, in words.
        where: the place in the learner's files.
        cause: the exception out of the learner's code, if there was one.
        values: what was compared with what, where values were; for the explanation.

    Attributes:
        step: where the first difference is (`grader.diagnosis.evidence.Step`), for the explanation too.
        got_to: what the check was at when the code broke before it did what it tells of.
    """

    outcome = "failed"

    def __init__(
        self,
        saw: str,
        wanted: str = "",
        where: str = "",
        cause: BaseException | None = None,
        values: tuple[Any, Any] = (None, None),
    ) -> None:
        super().__init__(saw)
        self.saw, self.wanted, self.where, self.cause, self.values = saw, wanted, where, cause, values
        self.step: Any = None
        self.got_to = ""


class Wrong(Verdict):
    """The code behaves wrongly."""


class Regression(Wrong):
    """What was given, or asked for by an earlier chapter, no longer works: that a task is to do is no excuse."""


class Broken(Verdict):
    """The code broke before the rule could be judged."""

    outcome = "error"


class Waits(Verdict):
    """This cannot be judged before another rule of the chapter holds.

    Args:
        saw: what was seen.
        rule: the other rule's name.
        cause: the exception that was met, if any.
    """

    outcome = "blocked"

    def __init__(self, saw: str, rule: str, cause: BaseException | None = None) -> None:
        super().__init__(f"{saw} (first: {rule})", cause=cause)


@contextmanager
def waiting_for(rule: str) -> Iterator[None]:
    """Let a failure of the block be the matter of another rule of the chapter."""
    try:
        yield
    except Wrong as verdict:
        raise Waits(str(verdict), rule, verdict.cause) from None


@contextmanager
def as_before() -> Iterator[None]:
    """Let a failure of the block mean that something worked before the chapter began."""
    try:
        yield
    except Wrong as verdict:
        raise Regression(verdict.saw, verdict.wanted, verdict.where, verdict.cause, verdict.values) from None


class ToDo(Verdict):
    """The code is still the starter's ``NotImplementedError``."""

    outcome = "todo"


# By identity: a class of somebody else's, which may say that it equals these, is none of them.
_OUTCOMES = tuple((each, each.outcome) for each in (Wrong, Regression, Broken, Waits, ToDo))


def outcome_of(verdict: Verdict) -> str:
    """How a check ends that ends like this: only the verdicts of this module say so."""
    return next((outcome for each, outcome in _OUTCOMES if type(verdict) is each), Broken.outcome)


def is_to_do(error: BaseException) -> bool:
    """Whether this is the exception that a starter raises."""
    return isinstance(error, NotImplementedError) and TASK_TO_DO.match(str(error)) is not None
