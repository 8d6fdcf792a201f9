"""Runs checks against a submission in supervised child processes, and collects the verdicts.

The verdict is given here, from a fixed roster: a check passes only if the child that was told to judge it
reported so while it was that check's turn. A child that ends, hangs or floods costs that check alone.
"""

from __future__ import annotations

import json
import os
import queue
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from grader import BadInput
from grader.lab.job import HAS_FORK, LAST_WORDS, Job, end_of_output
from grader.rules import ABOUT_IMPORTS, CHAPTERS, NO_FOLDER, WITHOUT_HTTP, Rule
from grader.starters import SOLUTIONS, given_files, untouched_tasks

if TYPE_CHECKING:
    from grader.report import Check

_PROJECT = Path(__file__).resolve().parents[2]
_PRINTED = 20_000
_MESSAGES = 4_000_000


class Interrupted(Exception):
    """Somebody called `Bench.interrupt` while this was grading."""


@dataclass(frozen=True)
class Limits:
    """What one check, or one process of the learner's code, may use; 0 for no limit.

    Attributes:
        seconds: wall time of a check.
        memory: of a process, in MiB.
        cpu_seconds: processor time of a process.
        file_size: of one file, in MiB.
        processes: processes and threads at a time; counted for a whole user, so only for a user of its own.
        open_files: open files of a process.
    """

    seconds: float = 10.0
    memory: int = 2048
    cpu_seconds: int = 0
    file_size: int = 0
    processes: int = 0
    open_files: int = 0


def limits_for(seconds: float) -> Limits:
    """The usual limits, with the time that the option ``--time-limit`` gives a check.

    Raises:
        BadInput: that is too little or too much.
    """
    if not 0.1 <= seconds <= 3600:
        raise BadInput("Give --time-limit as a number of seconds from 0.1 to 3600.")
    return Limits(seconds=seconds)


@dataclass(frozen=True)
class Isolation:
    """What stands between the learner's code and the rest of the machine.

    Attributes:
        command: the words in front of the server's command, given the bench's temporary folder: they start it
            in namespaces of its own, where processes have other numbers. No words: no namespaces.
        environment: all that the code may know of the environment.
        user: number of the user and group that a child becomes; -1 for no other.
    """

    command: Callable[[Path], Sequence[str]]
    environment: Mapping[str, str]
    user: int = -1


@dataclass(frozen=True)
class Target:
    """One rule to judge against one submission."""

    submission: Path
    rule: Rule


def chapter_folders(submission: Path, name: str = "") -> list[str]:
    """Names of the chapters that a submission holds.

    Args:
        submission: folder laid out like ``chapters/``.
        name: what the user calls it; its path when not given.

    Raises:
        BadInput: the folder does not exist or holds no chapter.
    """
    name = name or str(submission)
    if not submission.is_dir():
        raise BadInput(f"There is no folder '{name}'. Give the folder that holds 01_engine, 02_models, ...")
    found = [chapter for chapter in CHAPTERS if (submission / chapter).is_dir()]
    if not found:
        raise BadInput(f"The folder '{name}' holds no chapter. Give the folder that holds 01_engine, 02_models, ...")
    return found


def expect_solutions(chapters: Iterable[str] = CHAPTERS) -> None:
    """Make sure that the solutions of these chapters are there: they tell what was given, and what is a task.

    Raises:
        BadInput: one is missing.
    """
    for chapter in chapters:
        if not (SOLUTIONS / chapter / "app").is_dir():
            raise BadInput(
                f"The folder solutions/{chapter}/app is missing, from which the grader knows what was given and what "
                f"is still to do; put solutions/ back as it was, for example with 'git checkout -- solutions'."
            )


def stage(submission: Path, chapter: str, folder: Path) -> str:
    """Copy the code of one chapter, and nothing else, into an empty folder.

    Args:
        submission: folder laid out like ``chapters/``.
        chapter: name of the chapter.
        folder: where the package ``app`` is to be put.

    Returns:
        Why it was refused, or an empty string.
    """
    source = submission / chapter
    app = source / "app"
    if source.is_symlink() or app.is_symlink():
        return f"{chapter}/app is a link; a submission has to be its own files"
    if not app.is_dir():
        return f"{chapter}/app is missing; the chapter's code belongs there"
    for place, folders, files in os.walk(app):
        for name in [*folders, *files]:
            path = Path(place, name)
            if path.is_symlink() and (path.is_dir() or path.suffix == ".py"):
                return f"{path.relative_to(submission).as_posix()} is a link; a submission has to be its own files"
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in files:
            path = Path(place, name)
            if path.suffix == ".py" and path.is_file():
                copy = folder / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    (folder / "app").mkdir(exist_ok=True)
    return ""


@dataclass
class _Shared:
    """What the runs of one chapter of one submission know together."""

    selected: frozenset[str]
    untouched: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    outcomes: dict[str, str] = field(default_factory=dict)
    held: list[tuple[Rule, Check]] = field(default_factory=list)


_NO_SLOT = -1


@dataclass
class _Run:
    """Checks of one chapter of one submission on their way through the bench."""

    submission: Path
    chapter: str
    waiting: deque[Rule]
    shared: _Shared
    slot: int = _NO_SLOT
    root: Path = Path()
    # Why it cannot be graded; empty when it is staged, None before.
    refused: str | None = None
    timeouts: int = 0
    unanswered: int = 0
    databases: list[str] = field(default_factory=list)
    child: _Child | None = None


@dataclass
class _Child:
    """One child process of a run."""

    number: int
    token: str
    deadline: float
    server: int = 0
    process: int = 0
    current: Rule | None = None
    told: list[Any] = field(default_factory=list)
    over: bool = False
    started: int = 0
    place: str = ""
    kill: Callable[[], None] | None = None
    reader: threading.Thread | None = None
    printed: dict[str, bytes] = field(default_factory=dict)

    def printed_during(self, check: str) -> str:
        """What the learner's code printed during a check; waits a moment for output that is on its way."""
        deadline = time.monotonic() + 1.0
        while check not in self.printed and time.monotonic() < deadline:
            time.sleep(0.002)
        return self.printed.get(check, b"").decode("utf-8", "replace").strip()


class Bench:
    """Grades submissions; keeps its server warm from one `grade` to the next.

    Args:
        database: ``sqlite`` or ``postgresql``.
        limits: what one check may use.
        jobs: how many chapters are graded side by side; as many as there are processors when not given.
        fork: fork children from a warm server; only where the platform can.
        isolation: keeps the children apart from the rest of the machine; nothing does when not given.

    Raises:
        BadInput: PostgreSQL was asked for and cannot be had.
    """

    def __init__(
        self,
        database: str = "sqlite",
        limits: Limits | None = None,
        jobs: int | None = None,
        fork: bool = HAS_FORK,
        isolation: Isolation | None = None,
    ) -> None:
        self.database = database
        self.limits = limits or Limits()
        self._processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.jobs = jobs or len(self._processors) or os.cpu_count() or 1
        self._fork = fork
        self._isolation = isolation
        self._apart = False
        self._workshop = Path(tempfile.mkdtemp(prefix="grader-"))
        if database == "sqlite":
            self._let_others_pass(self._workshop)
        self._inbox: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._servers = 0
        self._server_failures = 0
        self._live: dict[int, _Run] = {}
        self._interrupted = threading.Event()
        self._number = 0
        self._postgresql: Any = None
        self._postgresql_failure: BadInput | None = None
        self._starting: threading.Thread | None = None
        if database == "postgresql":
            self._starting = threading.Thread(target=self._start_postgresql, daemon=True)
            self._starting.start()
        if self._fork:
            self._start_server()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def workshop(self) -> Path:
        """The bench's temporary folder; it goes with the bench, also when this process is killed."""
        return self._workshop

    # -- grading --------------------------------------------------------------------------------

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
        runs = self._plan(targets, known or {})
        import grader.report  # noqa: F401  (while the server is getting ready)

        free = deque(range(self.jobs))
        running: list[_Run] = []
        alone = False
        try:
            while runs or running:
                while runs and free and not (running and alone):
                    run = runs.popleft()
                    refused = self._stage(run)
                    if refused is None:
                        run.slot = free.popleft()
                        running.append(run)
                        self._launch(run)
                    else:
                        yield from refused
                self._stage_ahead(runs)
                yield from self._turn(running)
                for run in running:  # the next one need not wait until a child that is over has gone
                    if run.slot != _NO_SLOT and (run.child is None or run.child.over):
                        free.append(run.slot)
                        run.slot = _NO_SLOT
                for run in [run for run in running if run.child is None]:
                    running.remove(run)
                    if run.waiting:  # the server was lost
                        runs.appendleft(run)
                        alone = True
                    else:
                        self._clear(run)
        finally:
            for run in (*running, *runs):
                self._kill(run)
                self._clear(run)

    def interrupt(self) -> None:
        """End a `grade` that runs in another thread, without the verdicts that are missing."""
        self._interrupted.set()
        self._inbox.put(("interrupt", 0, None))

    def _plan(self, targets: Sequence[Target], known: Mapping[tuple[Path, str], Mapping[str, str]]) -> deque[_Run]:
        grouped: dict[tuple[Path, str], list[Rule]] = {}
        for target in targets:
            grouped.setdefault((target.submission, target.rule.chapter), []).append(target.rule)
        # A chapter that would have the machine to itself is dealt out to several children, and so is one that comes
        # late and whose checks share nothing: small pieces leave no processor idle at the end.
        fair = max(1, self.jobs // max(1, len(grouped)))
        runs: deque[_Run] = deque()
        for (submission, chapter), rules in grouped.items():
            before = known.get((submission, chapter), {})
            shared = _Shared(frozenset({rule.name for rule in rules} | set(before)), outcomes=dict(before))
            late = chapter in ABOUT_IMPORTS and chapter not in WITHOUT_HTTP
            hands = max(fair, min(2, self.jobs)) if late else fair
            dealt = [deque(rules[start::hands]) for start in range(min(hands, len(rules)))]
            timeouts = list(before.values()).count("timeout")
            runs += [_Run(submission, chapter, waiting, shared, timeouts=timeouts) for waiting in dealt]
        # The longest first, so that at the end no processor waits for another; but before them one that
        # runs already while the server imports what the others need.
        ordered = sorted(runs, key=lambda run: -len(run.waiting) * _COST.get(run.chapter, 13))
        early = next((run for run in ordered if run.chapter in WITHOUT_HTTP), None)
        return deque(sorted(ordered, key=lambda run: run is not early))

    def _stage(self, run: _Run) -> list[tuple[Target, Check]] | None:
        """Stage the submission of a run; the verdicts where there is nothing to run."""
        if not (run.submission / run.chapter).is_dir():
            told = {"outcome": "todo", "observed": f"{NO_FOLDER} {run.chapter} yet"}
            run.shared.untouched = frozenset(rule.task for rule in run.waiting)
            return [verdict for rule in run.waiting for verdict in self._verdict(run, rule, told)]
        self._prepare(run)
        if run.refused:
            self._clear(run)
            told = {"outcome": "error", "observed": run.refused, "expected": f"files of your own in {run.chapter}/app"}
            return [verdict for rule in run.waiting for verdict in self._verdict(run, rule, told)]
        return None

    def _stage_ahead(self, runs: deque[_Run]) -> None:
        """Stage what comes next, as long as there is nothing else to do."""
        for run in islice(runs, self.jobs):
            if self._inbox.empty() and (run.submission / run.chapter).is_dir():
                self._prepare(run)

    def _prepare(self, run: _Run) -> None:
        if run.refused is not None:
            return
        run.root = Path(tempfile.mkdtemp(prefix=f"{run.chapter}-", dir=self._workshop)).resolve()
        run.refused = stage(run.submission, run.chapter, run.root)
        if run.refused:
            return
        run.shared.untouched = untouched_tasks(run.chapter, run.root)
        run.shared.given = given_files(run.chapter, run.root)
        if self._isolation is not None and self._isolation.user >= 0:
            for path in (run.root, *run.root.rglob("*")):
                os.chown(path, self._isolation.user, self._isolation.user)

    def _turn(self, running: list[_Run]) -> Iterator[tuple[Target, Check]]:
        """Wait for something to happen, and deal with it."""
        deadlines = [run.child.deadline for run in running if run.child]
        pause = max(0.0, min(deadlines) - time.monotonic()) if deadlines else 0.0
        with suppress(queue.Empty):
            while True:
                kind, number, data = self._inbox.get(timeout=pause)
                pause = 0.0
                run = self._live.get(number)
                if kind == "server gone":
                    yield from self._lost([each for each in running if each.child and each.child.server == number])
                elif run is not None and run.child is not None:
                    if kind == "message":
                        yield from self._message(run, run.child, data)
                    elif kind == "exit":
                        yield from self._ended(run, run.child, data)
        if self._interrupted.is_set():
            raise Interrupted
        for run in running:
            if run.child is not None and time.monotonic() > run.child.deadline:
                yield from self._late(run, run.child)

    def _message(self, run: _Run, child: _Child, line: bytes) -> Iterator[tuple[Target, Check]]:
        try:
            message = json.loads(line)
            if message["token"] != child.token:
                return
            event, name = message["event"], message.get("check")
        except (ValueError, TypeError, KeyError):
            child.place = child.place or _place(line, run)
            return
        if event == "hello" and not child.process:
            child.process = int(message.get("process", 0))
        if event in ("start", "end"):
            yield from self._settle(run, child)
        if event == "start" and run.waiting and run.waiting[0].name == name and child.current is None:
            child.current = run.waiting.popleft()
            child.started += 1
            child.place = ""
            child.deadline = time.monotonic() + self._patience(run) + LAST_WORDS
        elif event == "verdict" and child.current is not None and child.current.name == name:
            child.told.append(message["verdict"])
        elif event == "end" and not run.waiting:
            child.over = True
            self._stop(child)  # nobody waits for it to tidy up

    def _settle(self, run: _Run, child: _Child) -> Iterator[tuple[Target, Check]]:
        """Take what a child has told of a check for the verdict, now that it goes on to something else.

        Not before: code that tells a verdict of its own is given away by the grader's, which follows.
        """
        rule, told = child.current, child.told
        if rule is not None and told:
            child.current, child.told = None, []
            yield from self._verdict(run, rule, told[0] if len(told) == 1 else _FORGED)

    def _patience(self, run: _Run) -> float:
        """Seconds for the next step; less for a run that has used up its time more than once."""
        return self.limits.seconds if run.timeouts < 2 else self.limits.seconds / 5

    def _late(self, run: _Run, child: _Child) -> Iterator[tuple[Target, Check]]:
        """A child's time is up: the check at fault is a timeout, a new child goes on with the rest."""
        rule, started, seconds = child.current, child.started, self._patience(run)
        self._kill(run)
        run.timeouts += 1
        if rule is not None and _used_app(run, child):
            run.waiting.appendleft(rule)
        elif rule is not None:
            told = {
                "observed": f"no end after {seconds:g} seconds",
                "expected": "an answer in time; look for a loop that does not end, or for something that is waited for",
                "where": child.place,
            }
            yield from self._verdict(run, rule, {"outcome": "timeout", **told})
        elif not child.process and not run.unanswered and self._server is not None:
            # Not the fault of this run: something has stopped the server. A new one gets all that is left.
            run.unanswered += 1
            with suppress(OSError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            return
        elif not started and run.waiting:
            told = {"observed": "the check could not be started in time", "expected": "an answer in time"}
            yield from self._verdict(run, run.waiting.popleft(), {"outcome": "timeout", **told})
        if run.waiting:
            self._launch(run)

    def _ended(self, run: _Run, child: _Child, status: int) -> Iterator[tuple[Target, Check]]:
        """A child has ended: a check without a verdict is an error, a new child goes on with the rest."""
        rule = child.current
        self._kill(run)
        if rule is None and run.waiting and not child.started:
            rule = run.waiting.popleft()
        if rule is not None and _used_app(run, child):
            run.waiting.appendleft(rule)
        elif rule is not None:
            yield from self._verdict(run, rule, _died(status))
        if run.waiting:
            self._launch(run)

    def _lost(self, running: list[_Run]) -> Iterator[tuple[Target, Check]]:
        """The server has gone: everything is done again, one child at a time, so that the guilty is found."""
        if self._server_failures > 2:
            raise BadInput(
                "The grader could not start its own process; see what this says: python -m grader.lab.server"
            )
        suspects = [run for run in running if run.child is not None and run.child.current is not None]
        for run in running:
            rule = run.child.current if run.child is not None else None
            self._kill(run)
            if rule is not None and len(suspects) == 1:
                yield from self._verdict(run, rule, _died(0))
            elif rule is not None:
                run.waiting.appendleft(rule)

    def _verdict(self, run: _Run, rule: Rule, told: Any) -> Iterator[tuple[Target, Check]]:
        """Make the report's entry out of what a child told; hold it back while what it needs is not judged."""
        shared = run.shared
        check = self._entry(run, rule, told if isinstance(told, dict) else {})
        if check.outcome in ("failed", "error", "blocked") and rule.task in shared.untouched:
            check.outcome = "todo"
        check.begun = check.outcome == "todo" and rule.task not in shared.untouched
        shared.outcomes[rule.name] = check.outcome
        shared.held.append((rule, check))
        for rule, check in list(shared.held):
            needed = [name for name in rule.needs if name in shared.selected]
            if check.outcome == "failed" and not all(name in shared.outcomes for name in needed):
                continue
            missing = [name for name in needed if shared.outcomes.get(name) != "passed"]
            if check.outcome == "failed" and missing:
                check.outcome = shared.outcomes[rule.name] = "blocked"
                check.observed = f"{check.observed} (first: {', '.join(missing)})"
            shared.held.remove((rule, check))
            yield Target(run.submission, rule), check

    def _entry(self, run: _Run, rule: Rule, told: dict[str, Any]) -> Check:
        from grader.report import entry_of

        outcome = told["outcome"] if told.get("outcome") in _OUTCOMES else "error"
        told_in_words = ("did", "observed", "expected", "where", "traceback") if outcome != "passed" else ()
        check = entry_of(rule, outcome=outcome, **{name: str(told.get(name, "")) for name in told_in_words})
        if run.child is not None and check.outcome in ("failed", "error", "timeout"):
            check.printed = run.child.printed_during(rule.name).replace(f"{run.root}{os.sep}", "")
        trace, seconds = told.get("trace", []), told.get("seconds", 0.0)
        check.trace = [str(each) for each in trace] if isinstance(trace, list) else []
        check.seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
        return check

    # -- children -------------------------------------------------------------------------------

    def _launch(self, run: _Run) -> None:
        """Start a child for the checks of a run that still wait."""
        self._number += 1
        child = _Child(self._number, secrets.token_hex(16), time.monotonic() + max(60.0, self.limits.seconds))
        run.child = child
        self._live[child.number] = run
        url, admin_url = self._database_of(run, child)
        job = Job(
            chapter=run.chapter,
            checks=tuple(rule.name for rule in run.waiting),
            root=str(run.root),
            url=url,
            admin_url=admin_url,
            token=child.token,
            given=tuple(sorted(run.shared.given)),
            seconds=self._patience(run),
            memory=self.limits.memory,
            cpu=self._processors[run.slot % len(self._processors)] if len(self._processors) > 1 else -1,
            cpu_seconds=self.limits.cpu_seconds,
            file_size=self.limits.file_size,
            processes=self.limits.processes,
            open_files=self.limits.open_files,
            user=self._isolation.user if self._isolation is not None else -1,
        )
        if self._fork:
            self._launch_forked(child, job)
        else:
            self._launch_spawned(child, job)

    def _launch_forked(self, child: _Child, job: Job) -> None:
        if self._server is None or self._server.poll() is not None:
            self._start_server()
        assert self._control is not None
        child.server = self._servers
        results, results_end = os.pipe()
        output, output_end = os.pipe()
        request = json.dumps({"job": child.number, "request": asdict(job)}).encode() + b"\n"
        self._listen(child, os.fdopen(results, "rb"), os.fdopen(output, "rb"))
        try:
            socket.send_fds(self._control, [request], [results_end, output_end])
        except OSError:
            self._inbox.put(("server gone", child.server, None))
        finally:
            os.close(results_end)
            os.close(output_end)

    def _launch_spawned(self, child: _Child, job: Job) -> None:
        process = subprocess.Popen(
            [*_PYTHON, "once"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=os.name != "nt",
        )
        assert process.stdin and process.stdout and process.stderr
        child.process, child.kill = process.pid, process.kill
        self._listen(child, process.stdout, process.stderr)
        with suppress(OSError), process.stdin:
            process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")

        def wait() -> None:
            self._tell_exit(child, process.wait())

        threading.Thread(target=wait, daemon=True).start()

    def _tell_exit(self, child: _Child, status: int) -> None:
        """Announce the end of a child, after everything that it sent."""
        if child.reader is not None:
            child.reader.join(timeout=1.0)
        self._inbox.put(("exit", child.number, status))

    def _listen(self, child: _Child, results: Any, output: Any) -> None:
        """Read what a child sends and prints, each in a thread, so that no flood blocks anybody."""

        def read_results() -> None:
            taken = 0
            with results, suppress(OSError, ValueError):
                for line in iter(lambda: results.readline(_MESSAGES), b""):
                    taken += len(line)
                    if taken < _MESSAGES:
                        self._inbox.put(("message", child.number, line))

        def read_output() -> None:
            printed = b""
            with output, suppress(OSError, ValueError):
                for data in iter(lambda: output.read1(65536), b""):
                    printed += data
                    while (end := end_of_output(child.token).search(printed)) is not None:
                        child.printed[end[1].decode()] = printed[: end.start()][-_PRINTED:]
                        printed = printed[end.end() :]
                    printed = printed[-_PRINTED:]

        child.reader = threading.Thread(target=read_results, daemon=True)
        child.reader.start()
        threading.Thread(target=read_output, daemon=True).start()

    def _kill(self, run: _Run) -> None:
        """End a run's child, whatever it still had to say."""
        child, run.child = run.child, None
        if child is None:
            return
        self._live.pop(child.number, None)
        self._stop(child)

    def _stop(self, child: _Child) -> None:
        """Kill a child with everything that it started."""
        if child.kill is not None:
            child.kill()
        if self._apart:  # the child's number is not the one that it told
            with suppress(OSError):
                if self._control is not None and child.server == self._servers:
                    self._control.sendall(json.dumps({"kill": child.number}).encode() + b"\n")
        elif os.name != "nt" and child.process > 1:
            with suppress(OSError):
                os.killpg(child.process, signal.SIGKILL)

    def _clear(self, run: _Run) -> None:
        if run.root != Path():
            shutil.rmtree(run.root, ignore_errors=True)
        if self._postgresql is not None:
            self._postgresql.drop(run.databases)

    # -- the server -----------------------------------------------------------------------------

    def _start_server(self) -> None:
        if self._control is not None:
            self._control.close()
        self._servers += 1
        self._server_failures += 1
        mine, theirs = socket.socketpair()
        isolation = self._isolation
        in_front = isolation.command(self._workshop) if isolation is not None else ()
        self._apart = bool(in_front)
        with theirs:
            self._server = subprocess.Popen(
                [*in_front, *_PYTHON, "serve", str(theirs.fileno()), str(self._workshop)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment() if isolation is None else dict(isolation.environment),
                start_new_session=True,
            )
        self._control = mine
        threading.Thread(target=self._hear_server, args=[mine, self._servers], daemon=True).start()

    def _hear_server(self, control: socket.socket, server: int) -> None:
        with suppress(OSError, ValueError), control.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "ready" in message:
                    self._server_failures = 0
                number = message.get("job", 0)
                if "exit" in message:
                    run = self._live.get(number)
                    if run is not None and run.child is not None and run.child.number == number:
                        self._tell_exit(run.child, message["exit"])
        for run in list(self._live.values()):  # first what its children still had to say
            child = run.child
            if child is not None and child.server == server and child.reader is not None:
                child.reader.join(timeout=1.0)
        self._inbox.put(("server gone", server, None))

    def close(self) -> None:
        """Kill every child, stop the servers, and remove all temporary files."""
        for run in list(self._live.values()):
            self._kill(run)
        if self._starting is not None:
            self._starting.join()
        if self._postgresql is not None:
            self._postgresql.stop()
        server, self._server = self._server, None
        control, self._control = self._control, None
        if control is not None:
            with suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)
            control.close()
        if server is not None:
            server.wait()  # it gives up by itself after a few seconds
        shutil.rmtree(self._workshop, ignore_errors=True)

    # -- databases ------------------------------------------------------------------------------

    def _start_postgresql(self) -> None:
        from grader.bench.postgresql import start

        try:
            self._postgresql = start(self._workshop / "postgresql")
            self._let_others_pass(self._workshop)
            if not self._postgresql.elsewhere:
                self._let_others_pass(self._workshop / "postgresql")  # to its socket, and to nothing else
        except BadInput as failure:
            self._postgresql_failure = failure

    def _let_others_pass(self, folder: Path) -> None:
        """Let children that are another user through a folder, to what is theirs in it."""
        if self._isolation is not None and self._isolation.user >= 0:
            folder.chmod(0o711)

    def wait_for_database(self) -> None:
        """Wait until there is a database server, where one was asked for.

        Raises:
            BadInput: PostgreSQL cannot be had.
        """
        if self._starting is not None:
            self._starting.join()
        if self._postgresql_failure is not None:
            raise self._postgresql_failure

    def _database_of(self, run: _Run, child: _Child) -> tuple[str, str]:
        """URL of the database for a child, and of the maintenance database."""
        if self._postgresql is None:
            return f"sqlite:///{run.root.as_posix()}/grader_{child.number}.db", ""
        run.databases.append(f"{run.root.name}_{child.number}")
        url: str = self._postgresql.url_of(run.databases[-1])
        return url, self._postgresql.admin_url


# Milliseconds that a check takes, where that is not about 13; only the order depends on it.
_COST = {"02_models": 7, "04_schemas": 3, "05_crud": 6}
_FRAME = re.compile(r'\s*File "(.+)", line (\d+) in ')
_OUTCOMES = ("passed", "failed", "todo", "error", "blocked", "timeout")
_PYTHON = (
    sys.executable,
    "-I",
    "-c",
    f"import sys; sys.path.insert(0, {str(_PROJECT)!r}); from grader.lab.server import main; main()",
)


def _environment() -> dict[str, str]:
    """What a child may know of the environment: nothing that changes how Python or a database is found."""
    dropped = ("DATABASE_URL", "GRADER_POSTGRESQL_URL", "COVERAGE_PROCESS_START", "COV_CORE_SOURCE")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "PG")) and name not in dropped
    }


def _place(line: bytes, run: _Run) -> str:
    """The place in the learner's code that a line of a traceback names, or an empty string."""
    found = _FRAME.match(line.decode("utf-8", "replace"))
    if found is None or not Path(found[1]).is_relative_to(run.root):
        return ""
    return f"{run.chapter}/{Path(found[1]).relative_to(run.root).as_posix()}:{found[2]}"


def _used_app(run: _Run, child: _Child) -> bool:
    """Whether an app may have been at work that served an earlier check: then a new child has to judge anew."""
    return child.started > 1 and run.chapter not in ABOUT_IMPORTS


_FORGED = {
    "outcome": "error",
    "observed": "the code told the grader a verdict of its own",
    "expected": "code that leaves the verdict to the grader",
}


def _died(status: int) -> dict[str, Any]:
    """The verdict on a check whose process ended before there was one."""
    how = f" (exit status {status})"
    if status < 0:
        with suppress(ValueError):
            how = f" (killed by {signal.Signals(-status).name})"
    return {
        "outcome": "error",
        "observed": f"the code ended the process before the check had finished{how}",
        "expected": "code that returns to its caller",
    }
