"""Command: grades submissions side by side on this machine, a thread and a bench for each."""

from __future__ import annotations

import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from grader import BadInput
from grader.bench import Bench, Interrupted, Target, room
from grader.bench.temporary import disk_full, is_full, make_folder, remove_folder
from grader.classroom.grading.plan import Task, Tasks
from grader.removal import remove
from grader.report import Check
from grader.rules import rules_of

_KEPT_IN_WORKSHOP = ("postgresql", "postgresql.lock")
# How often, and for how many seconds, a worker waits for a disk to have room again: code that fills it is ended.
_MOST_WAITS, _PAUSE = 10, 1.0


@dataclass
class Batch:
    """What has become known since the last batch.

    Attributes:
        verdicts: verdicts, each with the key of the content that it is about.
        done: tasks that are finished.
        failed: tasks that could not be finished, each with the reason.
        isolation: what kept the code apart that was judged, by the key of the content, where that may differ.
    """

    verdicts: list[tuple[str, Check]] = field(default_factory=list)
    done: list[Task] = field(default_factory=list)
    failed: list[tuple[Task, str]] = field(default_factory=list)
    isolation: dict[str, str] = field(default_factory=dict)


def grade_task(bench: Bench, task: Task) -> Iterator[tuple[str, Check]]:
    """Grade one submission.

    Args:
        bench: where it is graded; afterwards its temporary folder is as it was.
        task: what to find out.

    Yields:
        Each verdict as it is made, with the key of the content that it is about.
    """
    pieces = {piece.chapter: piece for piece in task.pieces}
    folder = make_folder()
    try:
        for piece in task.pieces:
            piece.code.write(folder / piece.chapter)
        wanted = {(piece.chapter, name) for piece in task.pieces for name in piece.rules}
        rules = [rule for piece in task.pieces for rule in rules_of(piece.chapter)]
        targets = [Target(folder, rule) for rule in rules if (rule.chapter, rule.name) in wanted]
        known = {(folder, piece.chapter): piece.known for piece in task.pieces}
        for _, check in bench.grade(targets, known):
            piece = pieces[check.chapter]
            yield piece.own if check.cut_off else piece.content, check
    finally:
        remove_folder(folder)
        for path in bench.workshop.iterdir():  # what a submission left there is not for the next one
            if path.name not in _KEPT_IN_WORKSHOP:
                remove(path)


class Worker(threading.Thread):
    """Grades one submission after the other on a bench of its own."""

    def __init__(
        self,
        make_bench: Callable[[], Bench],
        tasks: queue.SimpleQueue[Task | None],
        events: queue.SimpleQueue[object],
        processor: int = -1,
        *,
        alone: bool = False,
    ) -> None:
        super().__init__(daemon=True)
        self._make_bench = make_bench
        self._tasks = tasks
        self._events = events
        self._processor = processor
        self._alone = alone
        self._bench: Bench | None = None
        self._stopped = False

    def run(self) -> None:
        """Work until there is a None among the tasks."""
        if self._processor >= 0 and hasattr(os, "sched_setaffinity"):
            with suppress(OSError):  # this thread, and all processes that it starts
                os.sched_setaffinity(0, {self._processor})
        try:
            self._go_on()
        except Interrupted:
            return
        except BaseException as error:
            self._events.put(error)
        finally:
            self._put_bench_away()

    def _go_on(self) -> None:
        waits = 0
        while (task := self._tasks.get()) is not None and not self._stopped:
            try:
                self._grade(task)
            except Interrupted:
                raise
            except Exception as error:  # whatever it is, it costs this submission alone
                self._put_bench_away()
                if is_full(error) or not room.for_a_check([Path(tempfile.gettempdir())]):
                    waits += 1
                    if waits <= _MOST_WAITS:
                        time.sleep(_PAUSE)
                        self._tasks.put(task)
                        continue
                    if self._alone:  # nobody fills it for a while
                        raise disk_full(tempfile.gettempdir()) from None
                    self._events.put((task, "the disk was full"))
                    continue
                if isinstance(error, BadInput):
                    raise
                self._events.put((task, f"{type(error).__name__}: {error}"))

    def _grade(self, task: Task) -> None:
        self._bench = self._bench or self._make_bench()
        for verdict in grade_task(self._bench, task):
            self._events.put(verdict)
        self._events.put(task)

    def _put_bench_away(self) -> None:
        bench, self._bench = self._bench, None
        if bench is not None:
            with suppress(Exception):
                bench.close()

    def stop(self) -> None:
        """End at once."""
        self._stopped = True
        self._tasks.put(None)
        if (bench := self._bench) is not None:
            bench.interrupt()


def on_this_machine(tasks: Tasks, jobs: int, make_bench: Callable[[int], Bench]) -> Generator[Batch]:
    """Grade tasks, some of them side by side.

    Args:
        tasks: what to do; taken one by one, as there is somebody free for it.
        jobs: how many side by side.
        make_bench: makes the bench of a worker, given the worker's number.

    Raises:
        BadInput: the work cannot go on; all that was found out before has been yielded.
    """
    waiting: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pinned = processors if jobs >= len(processors) > 1 else [-1]
    workers = [
        Worker(partial(make_bench, slot), waiting, events, pinned[slot % len(pinned)], alone=jobs == 1)
        for slot in range(jobs)
    ]
    under_way = 0
    try:
        for worker in workers:
            worker.start()
        while True:
            while under_way < jobs + 1 and (task := tasks.next()) is not None:
                waiting.put(task)
                under_way += 1
            if not under_way:
                return
            batch, error = _gathered(events)
            under_way -= len(batch.done) + len(batch.failed)
            yield batch
            if error is not None:
                raise _sentence(error)
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(timeout=15)


def _gathered(events: queue.SimpleQueue[object]) -> tuple[Batch, BaseException | None]:
    """Everything that has happened; waits until something has."""
    batch = Batch()
    event = events.get()
    while True:
        if isinstance(event, Task):
            batch.done.append(event)
        elif isinstance(event, BaseException):
            return batch, event
        elif isinstance(event, tuple) and isinstance(event[0], Task):
            batch.failed.append(event)
        elif isinstance(event, tuple):
            batch.verdicts.append(event)
        try:
            event = events.get_nowait()
        except queue.Empty:
            return batch, None


def _sentence(error: BaseException) -> BaseException:
    if is_full(error):
        return disk_full(tempfile.gettempdir())
    if isinstance(error, BadInput) or not isinstance(error, Exception):
        return error
    return BadInput(f"The grader cannot continue ({type(error).__name__}: {error}).")
