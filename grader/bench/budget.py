"""Verdict process: how long the checks of a chapter, and of a submission, have taken together."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from grader.bench.limits import Limits
from grader.bench.plan import Run


class Budget:
    """Counts the time in which children are at work; waiting for others costs nothing.

    Args:
        limits: what a chapter and a submission may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._now = time.monotonic()
        self._submissions: defaultdict[Path, float] = defaultdict(float)

    def count(self, running: Sequence[Run]) -> None:
        """Count the time since this was called last.

        Args:
            running: the runs that had a child meanwhile.
        """
        before, self._now = self._now, time.monotonic()
        passed = self._now - before
        for run in running:
            run.seconds += passed
        for submission in {run.submission for run in running}:
            self._submissions[submission] += passed

    def left(self, running: Sequence[Run]) -> float:
        """Seconds until the first of these runs has used up its time."""
        return max(0.0, min((self._left(run)[0] for run in running), default=3600.0))

    def used_up(self, run: Run) -> str:
        """What has no time left: ``the chapter's 60 seconds``; empty while there is some."""
        left, what = self._left(run)
        return what if left <= 0 else ""

    def _left(self, run: Run) -> tuple[float, str]:
        return min(
            (self._limits.chapter - run.seconds, f"the {self._limits.chapter:g} seconds for the chapter"),
            (
                self._limits.submission - self._submissions[run.submission],
                f"the {self._limits.submission:g} seconds for the submission",
            ),
        )
