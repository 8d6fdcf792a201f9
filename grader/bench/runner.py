"""Verdict process: how verdicts are made, from top to bottom: plan, stage, run a child, collect, verdict.

A check passes only if the child that was told to judge it reported so while it was that check's turn. A child
that ends, hangs or floods costs that check alone.
"""

from __future__ import annotations

import json
import queue
import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import BadInput
from grader.bench import controls, looks, room, verdicts
from grader.bench.budget import Budget
from grader.bench.children import Child, Children
from grader.bench.databases import Databases
from grader.bench.isolation import Isolation
from grader.bench.limits import PROCESSES, Limits, processes_for_all
from grader.bench.plan import NO_SLOT, Run, Target, plan
from grader.bench.room import MOST_FILES, Watch
from grader.bench.staging import put_back, stage
from grader.bench.temporary import is_full
from grader.lab.job import LAST_WORDS, LOST, SPOILT, Job, seal_of
from grader.removal import remove
from grader.rules import Rule
from grader.starters import given_files, left_below, misplaced_code, suspicious_files, taken_back, untouched_stubs

if TYPE_CHECKING:
    from grader.report import Check

# Seconds after which to see whether the server is still at work, when nothing is heard.
_LOOK_AROUND = 2.0
# Seconds in which a child's connections end when it is stopped.
_A_MOMENT = 2.0
# How many messages are dealt with before deadlines are looked at.
_AT_A_TIME = 500

# How many runs are staged before it is their turn: a submission's chapters, while the server gets ready.
_AHEAD = 10

# Seconds for removing what a chapter leaves behind while others wait; the rest goes with the bench.
_AT_ONCE = 5.0

# How often code is believed that a disk was full, or that there were no threads, which nobody has seen: it costs
# everybody's time.
_MOST_CLAIMS = 6

Verdicts = Iterator[tuple["Target", "Check"]]


class Interrupted(Exception):
    """Somebody called `Bench.interrupt` while this was grading."""


@dataclass(frozen=True)
class Means:
    """What grading needs.

    Attributes:
        workshop: the bench's temporary folder.
        children: starts and ends them.
        databases: where each child finds one.
        isolation: what keeps children apart.
        limits: what a check may use.
        jobs: how many runs work side by side.
        beside: how many more work beside them at first (see `grader.bench.plan.plan`).
        alone: nobody else's code is at work on this machine, so that what is used up was used up by this code.
        processors: numbers of the processors to share out; none where the platform cannot tell.
        interrupted: set when the rest is no longer wanted.
    """

    workshop: Path
    children: Children
    databases: Databases
    isolation: Isolation
    limits: Limits
    jobs: int
    beside: int
    alone: bool
    processors: Sequence[int]
    interrupted: threading.Event


class Runner:
    """Judges targets: the runs of one chapter one check after the other, chapters side by side."""

    def __init__(
        self, means: Means, targets: Sequence[Target], known: Mapping[tuple[Path, str], Mapping[str, str]]
    ) -> None:
        self._means = means
        self._waiting = plan(targets, known, means.jobs, means.beside)
        self._running: list[Run] = []
        self._live: dict[int, Run] = {}
        self._free = deque(range(means.jobs))
        self._beside = count(means.jobs)
        # After a server was lost, or that of the database, the runs go on one by one, so that the guilty one is found.
        self._one_by_one = False
        self._budget = Budget(means.limits)
        self._watch = Watch(means.workshop)

    def verdicts(self) -> Generator[tuple[Target, Check]]:
        """Each verdict as it is made.

        Raises:
            BadInput: the grader's own process cannot be started.
            Interrupted: the rest is no longer wanted.
        """
        try:
            while self._waiting or self._running:
                yield from self._begin()
                self._stage_ahead()
                yield from self._collect()
                self._go_on()
        finally:
            for run in (*self._running, *self._waiting):
                self._kill(run)
                self._clear(run)

    # -- stage ----------------------------------------------------------------------------------

    def _begin(self) -> Verdicts:
        """Stage what waits, and start a child for it, as long as there is room."""
        while self._waiting and (self._free or self._waiting[0].beside) and not (self._running and self._one_by_one):
            run = self._waiting.popleft()
            told = self._not_gradable(run)
            if told is None:
                run.slot = next(self._beside) if run.beside else self._free.popleft()
                self._running.append(run)
                self._start_child(run)
            else:
                for rule in run.waiting:
                    yield from verdicts.judged(run, rule, told)

    def _not_gradable(self, run: Run) -> dict[str, Any] | None:
        """Stage a run; what there is to say of it where that cannot be."""
        if run.is_missing:
            run.shared.untouched = frozenset(rule.task for rule in run.waiting)
            return verdicts.no_folder(run.chapter)
        if used_up := self._budget.used_up(run):
            self._clear(run)
            return used_up
        try:
            self._stage(run)
        except OSError as error:
            if not is_full(error):
                raise
            self._clear(run)
            return verdicts.NO_ROOM
        if run.refused:
            self._clear(run)
            return verdicts.refused(run.chapter, run.refused)
        return None

    def _stage(self, run: Run) -> None:
        if run.refused is not None:
            return
        run.root = self._new_folder(run)
        try:
            run.refused = stage(run.submission, run.chapter, run.root, run.copied)
        except OSError:
            self._clear(run)
            raise
        if not run.refused:
            run.shared.stubs = untouched_stubs(run.chapter, run.root)
            run.shared.untouched = frozenset(stub.task for stub in run.shared.stubs)
            below = left_below(run.chapter, run.root)
            run.shared.misplaced = misplaced_code(run.chapter, run.root, run.shared.stubs, below)
            run.shared.taken_back = taken_back(below)
            run.shared.given = given_files(run.chapter, run.root)
            run.shared.suspicious = suspicious_files(run.chapter, run.root)
            run.shared.may_look = looks.may_look(run.root, run.shared.given)

    def _new_folder(self, run: Run) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{run.chapter}-", dir=self._means.workshop)).resolve()

    def _stage_anew(self, run: Run) -> None:
        """Give the next child of a run a folder in which nothing tells it what another one has done."""
        before = run.root
        with suppress(OSError):  # where there is no room for it, the next one has the same
            run.root = self._new_folder(run)
            try:
                put_back(run.copied, run.root)
            except OSError:
                before, run.root = run.root, before
            remove(before, _AT_ONCE)

    def _stage_ahead(self) -> None:
        """Stage what comes next, as long as there is nothing else to do."""
        for run in islice(self._waiting, max(self._means.jobs, _AHEAD)):
            if self._means.children.inbox.empty() and not run.is_missing:
                with suppress(OSError):  # it is tried once more when it is its turn
                    self._stage(run)

    # -- run a child ----------------------------------------------------------------------------

    def _start_child(self, run: Run) -> None:
        """Start a child for the checks of a run that still wait."""
        means, limits = self._means, self._means.limits
        if run.begun:
            self._stage_anew(run)
        run.begun = True
        child = run.child = means.children.new(max(60.0, limits.seconds))
        self._live[child.number] = run
        url, own_url = means.databases.urls_for(run.root, child.number)
        job = Job(
            chapter=run.chapter,
            checks=controls.ask(child, run.waiting),
            root=str(run.root),
            url=url,
            own_url=own_url,
            token=child.token,
            given=tuple(sorted(run.shared.given)),
            suspicious=run.shared.suspicious,
            stubs=run.shared.stubs,
            may_look=run.shared.may_look,
            threads_go_on=run.shared.threads_go_on,
            seconds=self._patience(run),
            memory=limits.memory,
            cpu=self._processor(run),
            cpu_seconds=limits.cpu_seconds,
            file_size=limits.file_size,
            processes=limits.processes or (PROCESSES if means.isolation.user >= 0 else processes_for_all()),
            open_files=limits.open_files,
            user=means.isolation.user_of(run.slot),
        )
        means.children.start(child, job)

    def _processor(self, run: Run) -> int:
        """The processor of a run; of those beside the others, none that the server needs."""
        processors = self._means.processors
        if len(processors) < 2:
            return -1
        own = processors[1:] if run.beside else processors
        return own[run.slot % len(own)]

    def _patience(self, run: Run) -> float:
        """Seconds for the next step; less for a run that has used up its time more than once."""
        return self._means.limits.seconds if run.timeouts < 2 else self._means.limits.seconds / 5

    def _kill(self, run: Run) -> None:
        """End a run's child, whatever it still had to say."""
        child, run.child = run.child, None
        if child is not None:
            self._live.pop(child.number, None)
            self._means.children.kill(child)
            self._means.databases.take_back(child.number)
            controls.take_back(run, child)

    def _clear(self, run: Run) -> None:
        """Remove what a run leaves behind."""
        if run.root != Path():
            remove(run.root, _AT_ONCE)

    # -- collect --------------------------------------------------------------------------------

    def _collect(self) -> Verdicts:
        """Wait for something to happen, and deal with it."""
        working = [run for run in self._running if run.child]
        deadlines = [run.child.deadline for run in working if run.child]
        pause = max(0.0, min(deadlines) - time.monotonic()) if deadlines else 0.0
        pause = min(pause, self._budget.left(working), _LOOK_AROUND)
        with suppress(queue.Empty):
            for _ in range(_AT_A_TIME):  # nobody may say so much that no deadline is looked at
                kind, number, data = self._means.children.inbox.get(timeout=pause)
                pause = 0.0
                run = self._live.get(number)
                if kind == "server gone":
                    yield from self._server_gone([r for r in self._running if r.child and r.child.server == number])
                elif run is not None and run.child is not None:
                    if kind == "message":
                        yield from self._message(run, run.child, data)
                    elif kind == "exit":
                        yield from self._ended(run, run.child, data)
                    elif kind == "flood":
                        yield from self._flooded(run, run.child)
        if self._means.interrupted.is_set():
            raise Interrupted
        self._budget.count(working)
        if pause:  # nothing was heard for so long
            self._means.children.revive_server()
        for run in self._running:
            if run.child is not None and (used_up := self._budget.used_up(run)):
                yield from self._give_up(run, run.child, used_up)
        working = [run for run in self._running if run.child is not None]
        for run in (*self._watch.guilty(working), *self._means.databases.guilty(working)):
            if run.child is not None:
                yield from self._give_up(run, run.child, verdicts.too_much(MOST_FILES, self._watch.most_bytes))
        for run in self._running:
            if run.child is not None and time.monotonic() > run.child.deadline:
                yield from self._late(run, run.child)

    def _message(self, run: Run, child: Child, line: bytes) -> Verdicts:
        """A child has something to say; only what it was asked for, and in its turn, is believed."""
        seal, _, said = line.rstrip(b"\n").partition(b" ")
        try:
            if seal != seal_of(child.token, said):
                raise ValueError
            number, _, said = said.partition(b" ")
            message = json.loads(said)
            event, name = message["event"], message.get("check")
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
            child.place = child.place or verdicts.place_in(line, run)
            return
        name = name if isinstance(name, str) else ""
        child.heard += 1
        if int(number) != child.heard:
            run.shared.cheated = run.shared.cheated or verdicts.KEPT_BACK
        if event == "hello" and not child.greeted:
            child.greeted, child.process = True, child.process or int(message["process"])
            self._means.children.open_to.update(map(str, message["open"]))
        if event == "looks":
            run.shared.note(looks.told(run.chapter, message))
        run.shared.threads_go_on = run.shared.threads_go_on or event == "threads"
        child.steps_back = child.steps_back or event in ("threads", "step back")
        if event in ("start", "end"):
            yield from self._settle(run, child)
            if run.child is not child:  # the check is judged again
                return
        if name == child.control:
            if event == "start" and not child.control_begun:
                child.control_begun, child.place = True, ""
                child.deadline = time.monotonic() + self._patience(run) + LAST_WORDS
            child.told_of_control += [verdicts.told_in(message)] if event == "verdict" else []
            return
        rule = child.tickets.get(name)
        if event == "start" and run.waiting and run.waiting[0] is rule and child.current is None:
            child.current = run.waiting.popleft()
            child.started += 1
            child.place = ""
            child.deadline = time.monotonic() + self._patience(run) + LAST_WORDS
        elif event == "verdict" and rule is not None and child.current is rule:
            child.told.append(verdicts.told_in(message))
            child.trouble = str(message.get("trouble", ""))
        elif event == "not prepared" and rule is not None and child.current is rule:
            again = rule.name in run.judged_again
            in_vain = again and self._means.databases.can_be_made_new(child.number)
            told = verdicts.NEVER_PREPARED if in_vain else verdicts.not_prepared(message.get("reason"))
            self._means.databases.take_back(child.number, spoilt=True)
            run.shared.note(looks.kept_from_preparing(run.chapter))
            yield from self._judge_again(run, rule, told)
        elif event == "end" and not (run.waiting or child.current or child.unproved):
            child.over = True  # nothing can come back any more: its place is given to another run
            self._means.children.stop(child)  # nobody waits for it to tidy up
            self._means.databases.take_back(child.number)

    def _settle(self, run: Run, child: Child) -> Verdicts:
        """Take what a child has told of a check for the verdict, now that it goes on to something else.

        Not before: code that tells a verdict of its own is given away by the grader's, which follows.
        """
        rule, told = child.current, child.told
        if rule is not None and told:
            child.current, child.told = None, []
            verdict = told[0] if len(told) == 1 else verdicts.FORGED
            if child.trouble:
                run.shared.note(looks.claimed(run.chapter))
                lost = self._lost(run, rule, child) if child.trouble == LOST else None
                yield from self._judge_again(run, rule, verdict if lost is None else lost)
                return
            if verdicts.has_not_passed(verdict):
                alone = self._means.alone
                if self._is_short() or (verdicts.lacks_room(verdict) and self._may_be(run)):
                    is_so = alone and room.for_a_check(self._disks())
                    yield from self._judge_again(run, rule, verdict if is_so else verdicts.NO_ROOM)
                    return
                if verdicts.lacks_threads(verdict) and self._means.isolation.user < 0 and self._may_be(run):
                    is_so = alone and room.for_threads()
                    yield from self._judge_again(run, rule, verdict if is_so else verdicts.NO_THREADS)
                    return
            yield from controls.heard(run, child, rule, verdicts.with_output(verdict, child, rule))
        yield from controls.proved(run, child)

    def _is_short(self) -> bool:
        """Whether there is, or was, no room for files, so that anything may have failed for want of it."""
        return self._watch.was_short or not room.for_files(self._disks())

    def _may_be(self, run: Run) -> bool:
        """Whether something was used up, though nobody has seen that: code that says so again and again lies."""
        run.shared.claims += 1
        run.shared.note(looks.claimed(run.chapter))
        return run.shared.claims <= _MOST_CLAIMS

    def _threads_are_shared(self) -> bool:
        """Whether other code may have used up the threads that there are, without one of which a child ends."""
        return not self._means.alone and self._means.isolation.user < 0

    def _disks(self) -> list[Path]:
        """Folders on the disks that a check writes to."""
        return [self._means.workshop, *self._means.databases.folders()]

    def _lost(self, run: Run, rule: Rule, child: Child) -> dict[str, Any]:
        """What there is to say of a check whose child has lost the grader's own connection, or says so."""
        if rule.name not in run.judged_again:
            return verdicts.LOST
        self._means.children.stop(child)  # which may hold all the connections that there are for the grader
        in_vain = self._means.databases.answers(child.number, _A_MOMENT)
        return verdicts.LOST_IN_VAIN if in_vain else verdicts.LOST

    def _judge_again(self, run: Run, rule: Rule, told: Any) -> Verdicts:
        """Something of the grader's own went wrong: judge the check once more, with nothing else beside it.

        Args:
            run: the run.
            rule: the check.
            told: what there is to say when that does not help.
        """
        if rule.name in run.judged_again:
            yield from verdicts.judged(run, rule, told)
        else:
            run.judged_again.add(rule.name)
            run.waiting.appendleft(rule)
        self._kill(run)
        self._means.databases.look_after()

    def _ended(self, run: Run, child: Child, status: int) -> Verdicts:
        """A child has ended: a check without a verdict is an error, a new child goes on with the rest."""
        rule, has_begun = child.current, child.started > 0
        self._kill(run)
        if rule is None and run.waiting and not has_begun:
            rule = run.waiting.popleft()
        if rule is not None and _has_failed(child):
            yield from verdicts.judged(run, rule, verdicts.with_output(child.told[0], child, rule))
        elif rule is not None and _not_the_first(child):
            if not child.steps_back:
                run.shared.note(looks.ended(run.chapter))
            run.waiting.appendleft(rule)
        elif rule is not None and not self._means.databases.look_after():
            yield from self._judge_again(run, rule, verdicts.LOST)
            return
        elif rule is not None and (not has_begun or self._is_short() or self._threads_are_shared()):
            told = verdicts.NO_THREADS if room.for_a_check(self._disks()) else verdicts.NO_ROOM
            yield from self._judge_again(run, rule, told)
            return
        elif rule is not None:
            yield from verdicts.judged(run, rule, verdicts.died(status))
        if run.waiting:
            self._start_child(run)

    def _flooded(self, run: Run, child: Child) -> Verdicts:
        """A child has sent more than any has to say: its check is an error, a new child goes on with the rest."""
        rule = child.current
        self._kill(run)
        if rule is not None:
            yield from verdicts.judged(run, rule, verdicts.died(SPOILT))
        if run.waiting:
            self._start_child(run)

    def _late(self, run: Run, child: Child) -> Verdicts:
        """A child's time is up: the check at fault is a timeout, a new child goes on with the rest."""
        rule, started, seconds = child.current, child.started, self._patience(run)
        self._kill(run)
        if rule is not None and not self._means.databases.look_after():
            yield from self._judge_again(run, rule, verdicts.LOST)
            return
        run.timeouts += 1
        if rule is not None and _has_failed(child):
            yield from verdicts.judged(run, rule, verdicts.with_output(child.told[0], child, rule))
        elif rule is not None and _not_the_first(child):
            run.shared.note(looks.ended(run.chapter))
            run.waiting.appendleft(rule)
        elif rule is not None:
            yield from verdicts.judged(run, rule, verdicts.timed_out(seconds, child.place, run.submission))
        elif not child.process and not run.unanswered and self._means.children.kill_server():
            # Not the fault of this run: something has stopped the server. A new one gets all that is left.
            run.unanswered += 1
            return
        elif not started and run.waiting:
            yield from verdicts.judged(run, run.waiting.popleft(), verdicts.NOT_STARTED)
        if run.waiting:
            self._start_child(run)

    def _give_up(self, run: Run, child: Child, told: dict[str, Any]) -> Verdicts:
        """A chapter, or its submission, has used up what it may: what has no verdict yet gets none."""
        rule = child.current
        self._kill(run)
        left = [*([rule] if rule is not None else []), *run.waiting]
        run.waiting.clear()
        for rule in left:
            yield from verdicts.judged(run, rule, told)

    def _server_gone(self, runs: Sequence[Run]) -> Verdicts:
        """The server of these runs has gone: everything is done again, one child at a time."""
        if self._means.children.cannot_start:
            raise BadInput(
                "The grader could not start its own process; see what this says: python -m grader.lab.server"
            )
        suspects = [run for run in runs if run.child is not None and run.child.current is not None]
        for run in runs:
            rule = run.child.current if run.child is not None else None
            self._kill(run)
            if rule is not None and len(suspects) == 1:
                yield from verdicts.judged(run, rule, verdicts.died(0))
            elif rule is not None:
                run.waiting.appendleft(rule)

    def _go_on(self) -> None:
        """Make room for what waits: the next run need not wait until a child that is over has gone."""
        for run in self._running:
            if run.slot != NO_SLOT and (run.child is None or run.child.over):
                if not run.beside:
                    self._free.append(run.slot)
                run.slot = NO_SLOT
        for run in [run for run in self._running if run.child is None]:
            self._running.remove(run)
            if run.waiting:  # the server was lost, or that of the database
                self._waiting.appendleft(run)
                self._one_by_one = True
            else:
                self._clear(run)


def _has_failed(child: Child) -> bool:
    """Whether a child has told that its check has failed, and ended, or hung, before it went on: that stays so."""
    return bool(child.told) and child.told[0] is not None and child.told[0].get("outcome") in ("failed", "error")


def _not_the_first(child: Child) -> bool:
    """Whether what went wrong may come from an earlier check of the same child: then a new child has to judge anew.

    An app that served before, or a thread that goes on, which no new import of the app ends.
    """
    return child.started > 1
