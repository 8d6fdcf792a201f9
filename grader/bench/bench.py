"""Verdict process: the bench, what stays ready from one grading to the next: a warm server, databases, a folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from grader.bench.children import Children
from grader.bench.databases import Databases
from grader.bench.integrity import Snapshot, sentence
from grader.bench.isolation import Isolation
from grader.bench.limits import Limits
from grader.bench.openness import openness
from grader.bench.plan import Target
from grader.bench.runner import Means, Runner
from grader.bench.staging import expect_solutions
from grader.bench.temporary import make_folder, remove_folder
from grader.lab.job import HAS_FORK
from grader.rules import WITHOUT_HTTP

if TYPE_CHECKING:
    from grader.report import Check

# The chapters that do without FastAPI.
_BESIDE = len(WITHOUT_HTTP)


class Bench:
    """Grades submissions; keeps its server warm from one `grade` to the next.

    Args:
        database: ``sqlite`` or ``postgresql``.
        limits: what one check may use.
        jobs: how many chapters are graded side by side; as many as there are processors when not given.
        fork: fork children from a warm server; only where the platform can.
        isolation: keeps the children apart from the rest of the machine, beside the walls that they always have.
        alone: no other bench is at work on this machine: the disk, say, is full only if this one's children fill it.

    Attributes:
        spoilt: what the code that was graded last has changed of the grader, in a sentence; empty for nothing.
    """

    def __init__(
        self,
        database: str = "sqlite",
        limits: Limits | None = None,
        jobs: int | None = None,
        fork: bool = HAS_FORK,
        isolation: Isolation | None = None,
        alone: bool = True,
    ) -> None:
        self.database = database
        self.limits = limits or Limits()
        self._processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.jobs = jobs or len(self._processors) or os.cpu_count() or 1
        self._isolation = isolation or Isolation()
        self._alone = alone
        self._workshop = make_folder()
        self._databases = Databases(database, self._workshop, self._isolation, self.jobs)
        self._children = Children(self._workshop, fork, self._isolation)
        self._interrupted = threading.Event()
        # While the server imports FastAPI for the first time, a processor is free for what does without.
        self._beside = _BESIDE if fork and self.jobs > 1 and database == "sqlite" else 0
        self.spoilt = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def workshop(self) -> Path:
        """The bench's temporary folder; it goes with the bench, also when this process is killed."""
        return self._workshop

    def grade(
        self, targets: Sequence[Target], known: Mapping[tuple[Path, str], Mapping[str, str]] | None = None
    ) -> Generator[tuple[Target, Check]]:
        """Judge every target, and yield each verdict as it is made.

        Chapters run side by side; the checks of one chapter run one after the other.

        Args:
            targets: what to judge.
            known: per submission and chapter the outcomes of rules that were judged before, by name, so that
                the rest of an interrupted run ends as the whole would have.

        Raises:
            BadInput: PostgreSQL cannot be had, or a solution is missing.
            Interrupted: `interrupt` was called from another thread.
        """
        expect_solutions({target.rule.chapter for target in targets})
        self._interrupted.clear()
        self.wait_for_database()
        self._databases.look_after()
        beside, self._beside = self._beside, 0
        means = Means(
            workshop=self._workshop,
            children=self._children,
            databases=self._databases,
            isolation=self._isolation,
            limits=self.limits,
            jobs=self.jobs,
            beside=beside,
            alone=self._alone,
            processors=self._processors,
            interrupted=self._interrupted,
        )
        runner = Runner(means, targets, known or {})
        import grader.report  # noqa: F401  (while the server is getting ready)

        before = Snapshot()
        try:
            yield from runner.verdicts()
        finally:
            self.spoilt = sentence(before.changed()) if "files" in self._children.open_to else ""

    @contextmanager
    def within(self, limits: Limits) -> Iterator[None]:
        """Grade within these limits for a while."""
        usual, self.limits = self.limits, limits
        try:
            yield
        finally:
            self.limits = usual

    @property
    def openness(self) -> str:
        """What no wall has kept the code from that was graded, in one sentence; empty where that is nothing."""
        return openness(self._children.open_to)

    def interrupt(self) -> None:
        """End a `grade` that runs in another thread, without the verdicts that are missing."""
        self._interrupted.set()
        self._children.inbox.put(("wake", 0, None))

    def wait_for_database(self) -> None:
        """Wait until there is a database server, where one was asked for.

        Raises:
            BadInput: PostgreSQL cannot be had.
        """
        self._databases.wait()

    def close(self) -> None:
        """Kill every child, stop the servers, and remove all temporary files."""
        self._children.close()
        self._databases.close()
        self._children.close_server()
        remove_folder(self._workshop)
