"""How a check ends when it does not pass."""

from __future__ import annotations

import re

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
    """This cannot be judged while another rule of the chapter, which is named, does not hold."""

    outcome = "blocked"


class ToDo(Verdict):
    """The code is still the starter's ``NotImplementedError``."""

    outcome = "todo"


def is_to_do(error: BaseException) -> bool:
    """Whether this is the exception that a starter raises."""
    return isinstance(error, NotImplementedError) and TASK_TO_DO.match(str(error)) is not None
