"""Command: says how far the run is, a bar with count, rate and time left; single lines where there is no terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

_EVERY = 30.0


def _left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Speed(ProgressColumn):
    """Submissions a minute, and the time left."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed or task.remaining is None:
            return Text("")
        return Text(f"{speed * 60:.0f} a minute, {_left(task.remaining / speed)} left")


class ProgressBar:
    """The progress of a run.

    Args:
        console: where it is shown.
        total: how many submissions there are to grade.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._began = self._told = time.monotonic()
        columns = (TextColumn("grading"), BarColumn(bar_width=30), MofNCompleteColumn(), _Speed())
        self._bar = Progress(*columns, console=console) if console.is_terminal else None
        self._task = self._bar.add_task("grading", total=total) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def reached(self, count: int) -> None:
        """So many submissions are done by now."""
        news = count > self._done
        self._done = max(count, self._done)
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done)
            return
        now = time.monotonic()
        if news and (now - self._told >= _EVERY or self._done == self._total):
            self._told = now
            speed = self._done / max(0.001, now - self._began)
            left = _left((self._total - self._done) / speed)
            self._console.print(f"{self._done} of {self._total} graded, {speed * 60:.0f} a minute, {left} left")
