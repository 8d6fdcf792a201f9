"""Command: one run of ``workbook class``: take in, grade what is not known yet, keep each verdict."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from grader.classroom import intake
from grader.classroom.grading.plan import Plan, Tasks, known_in_full
from grader.classroom.grading.progress_bar import ProgressBar
from grader.classroom.grading.workers import Batch
from grader.classroom.intake import Chapter, Entry, Unreadable
from grader.classroom.intake.layouts.pieces import folded, put_in_one, put_in_rows
from grader.classroom.intake.matching import match
from grader.classroom.intake.roster import Learner
from grader.classroom.intake.times import time_of
from grader.classroom.store import Row, Store

_READERS = 4
# A learner, what was found of theirs, and what there is to say of that.
_Found = tuple[Learner, Sequence[Entry], list[str]]
_MOST_NOTES, _LONGEST_NOTE = 20, 500


@dataclass
class Tally:
    """What a run has done.

    Attributes:
        graded: the learners whose submissions were graded, at least in part.
        verdicts: how many verdicts were made and kept.
        failed: why some submissions could not be finished, by learner.
        seconds: how long grading took.
    """

    graded: set[str] = field(default_factory=set)
    verdicts: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def take_in(store: Store, plan: Plan, entries: Sequence[Entry], learners: Sequence[Learner]) -> list[str]:
    """Read every submission and keep what counts of it.

    Args:
        store: where it is kept.
        plan: which chapters count.
        entries: the submissions that were found.
        learners: the roster; empty where there is none.

    Returns:
        Those that are not in the roster.
    """
    found, strangers = match(entries, learners) if learners else ({}, [(entry, "") for entry in put_in_rows(entries)])
    taken = {folded(learner.id) for learner in learners}

    rows: list[_Found] = [(learner, found.get(learner.id, []), []) for learner in learners]
    rows += [(_stranger(entry, taken), [entry], [why] if why else []) for entry, why in strangers]
    store.replace_learners(_read(rows, plan))
    return [entry.name or entry.learner for entry, why in strangers if why]


def _read(rows: Iterable[_Found], plan: Plan) -> Iterator[tuple[Row, Mapping[str, Chapter]]]:
    """Read what each has handed in, some at a time, as one that is hard to read may take a while; in their order."""
    with ExitStack() as stack:
        readers: queue.SimpleQueue[intake.Reader] = queue.SimpleQueue()
        for _ in range(_READERS):
            readers.put(stack.enter_context(intake.Reader()))
        pool = stack.enter_context(ThreadPoolExecutor(_READERS))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)

        def read(learner: Learner, entries: Sequence[Entry], notes: list[str]) -> tuple[Row, Mapping[str, Chapter]]:
            reader = readers.get()
            try:
                return _row(learner, entries, plan, notes, reader)
            finally:
                readers.put(reader)

        waiting: deque[Future[tuple[Row, Mapping[str, Chapter]]]] = deque()
        for each in rows:
            waiting.append(pool.submit(read, *each))
            if len(waiting) > 2 * _READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _stranger(entry: Entry, taken: set[str]) -> Learner:
    """A learner whom the layout alone knows, under an id that nobody else has."""
    number, id_ = 1, entry.learner
    while folded(id_) in taken:
        number += 1
        id_ = f"{entry.learner}~{number}"
    taken.add(folded(id_))
    return Learner(id_, entry.name)


def _few(notes: list[str]) -> list[str]:
    """The notes, as far as somebody reads them."""
    shown = [note if len(note) <= _LONGEST_NOTE else f"{note[:_LONGEST_NOTE]}..." for note in notes[:_MOST_NOTES]]
    return [*shown, f"and {len(notes) - _MOST_NOTES} more"] if len(notes) > _MOST_NOTES else shown


def _row(
    learner: Learner, entries: Sequence[Entry], plan: Plan, notes: list[str], reader: intake.Reader
) -> tuple[Row, Mapping[str, Chapter]]:
    if not entries:
        return Row(learner, "missing", "; ".join(["nothing was handed in", *notes])), {}
    entry = put_in_one(entries)
    notes = [*entry.notes, *notes]
    submitted = entry.submitted or time_of(learner.keys.get("time", ""))

    def row(status: str, *said: str, **more: Any) -> Row:
        return Row(learner, status, "; ".join(_few([*said, *notes])), submitted=submitted, names=entry.names, **more)

    if not entry.sources:
        return row("empty", "no file was handed in"), {}
    try:
        submission = reader.read(entry.sources, plan.chapters)
    except Unreadable as reason:
        return row("unreadable", str(reason)), {}
    chosen = {name: chapter for name, chapter in submission.chapters.items() if name in plan.chapters}
    if not chosen:
        what = "none of these chapters" if submission.chapters else "no chapter"
        return row("empty", f"{what} in the submission", *submission.notes), {}
    graded = {name: chapter for name, chapter in chosen.items() if not chapter.refused}
    refused = {name: chapter.refused for name, chapter in chosen.items() if chapter.refused}
    digests = {name: each.digest for name, each in graded.items()}
    return row("graded", *refused.values(), *submission.notes, chapters=digests, refused=refused), graded


def grade(
    store: Store,
    plan: Plan,
    grader: Callable[[Tasks], Generator[Batch]],
    console: Console,
    tally: Tally,
    isolation: str = "",
) -> None:
    """Grade what is not known yet, and keep each verdict as it is made; what has failed may be tried once more.

    Args:
        store: what is known.
        plan: what is to be found out.
        grader: grades tasks side by side.
        console: where the progress is shown.
        tally: counts what is done; right also when the run is interrupted.
        isolation: what keeps the code apart, where the grader does not say it of each submission.
    """
    left = sum(row.status == "graded" and not known_in_full(store, plan, row) for row in store.learners())
    already = store.count("graded") - left
    before = store.kept() - tally.verdicts
    if already and before and not tally.graded:  # what nobody could read is known at once
        console.print(f"{already} of {store.count('graded')} submissions are graded already.")
    began = time.monotonic()
    tasks = Tasks(store, plan)
    done: set[str] = set()
    unjudged: dict[str, str] = {}
    stream = grader(tasks)
    try:
        with ProgressBar(console, left) as bar:
            for batch in stream:
                if batch.verdicts:
                    contents = {content: isolation for content, _ in batch.verdicts} if isolation else {}
                    store.keep(batch.verdicts, contents | batch.isolation)
                unjudged |= {content: check.observed for content, check in batch.verdicts if check.unjudged}
                for task in batch.done:
                    tasks.done(task)
                    for piece in task.pieces:
                        if piece.content in unjudged:
                            tally.failed[task.learner] = unjudged[piece.content]
                for task, reason in batch.failed:
                    tasks.done(task)
                    tally.failed[task.learner] = reason
                done.update(task.learner for task in (*batch.done, *(task for task, _ in batch.failed)))
                tally.graded |= done
                # Those whose code is another's, too, are done with it.
                bar.reached(len(done) + max(0, tasks.passed_over - already))
            bar.reached(left)
    finally:
        tally.verdicts = store.kept() - before
        stream.close()
        tally.seconds += time.monotonic() - began
