"""Verdict process: how long the checks of a chapter, and of a submission, have taken together."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.bench.limits import Limits
from grader.bench.plan import Run
from grader.bench.verdicts import CutOff, out_of_time


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

    def used_up(self, run: Run) -> dict[str, Any] | None:
        """What there is to say of a check for which no time is left; None while there is some."""
        left, of_submission = self._left(run)
        if left > 0:
            return None
        if of_submission:
            return CutOff(out_of_time(f"the {self._limits.submission:g} seconds for the submission"))
        return out_of_time(f"the {self._limits.chapter:g} seconds for the chapter")

    def _left(self, run: Run) -> tuple[float, bool]:
        chapter = self._limits.chapter - run.seconds
        submission = self._limits.submission - self._submissions[run.submission]
        return (chapter, False) if chapter <= submission else (submission, True)
