"""In the child: which thread waits for which future.

The frames of other threads would tell, but are out of reach (`grader.lab.guard`).
"""

from __future__ import annotations

import concurrent.futures
from _thread import get_ident
from collections.abc import Callable
from functools import wraps
from typing import Any

# For which future each thread waits, by the threads' numbers.
waiting: dict[int, object] = {}


def _noting(wait: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a future that notes which thread waits in it."""

    @wraps(wait)
    def noting(self: object, timeout: float | None = None) -> Any:
        thread = get_ident()
        before = waiting.get(thread)
        waiting[thread] = self
        try:
            return wait(self, timeout)
        finally:
            if before is None:
                waiting.pop(thread, None)
            else:
                waiting[thread] = before

    return noting


for _name in ("result", "exception"):
    setattr(concurrent.futures.Future, _name, _noting(vars(concurrent.futures.Future)[_name]))
