"""Verdict process: starts children, hears what they tell and print, and ends them."""

from __future__ import annotations

import json
import os
import queue
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from grader.bench.isolation import Isolation
from grader.bench.server import PYTHON, Server
from grader.lab.job import BEFORE, Job, end_of_output
from grader.rules import Rule

_PRINTED = 20_000
_MESSAGES = 4_000_000
_MOST_LINES = 10_000


@dataclass
class Child:
    """A process that judges checks.

    Attributes:
        number: counts the children of a bench.
        token: the word with which every message of the child is sealed.
        deadline: when its time is up, on the monotonic clock, in seconds.
        server: number of the server that it was forked from; 0 for none.
        process: its process number, as it told; 0 before.
        heard: how many messages it has sent.
        greeted: it has said its first word.
        current: the rule that it is judging.
        told: what it has told of that rule.
        over: it has nothing more to do.
        started: how many checks it has begun.
        steps_back: it leaves the rest to a new child, as something of the app's goes on in it.
        place: the learner's line in which its time ran out.
        trouble: what it has told of the database server, which may not be the fault of the learner's code.
        tickets: the rules that it was asked for, by the names under which it tells of them.
        control: the name of the check that nobody can pass (`grader.bench.controls`).
        control_begun: it has begun to judge that one.
        told_of_control: what it has told of that one.
        proved: it has told the truth about it.
        unproved: what it says has passed, before it has proved itself.
    """

    number: int
    token: str
    deadline: float
    server: int = 0
    process: int = 0
    heard: int = 0
    greeted: bool = False
    current: Rule | None = None
    told: list[Any] = field(default_factory=list)
    over: bool = False
    started: int = 0
    steps_back: bool = False
    place: str = ""
    trouble: str = ""
    tickets: dict[str, Rule] = field(default_factory=dict)
    control: str = ""
    control_begun: bool = False
    told_of_control: list[Any] = field(default_factory=list)
    proved: bool = False
    unproved: list[tuple[Rule, Any]] = field(default_factory=list)
    _kill: Callable[[], None] | None = None
    _reader: threading.Thread | None = None
    _printed: dict[str, bytes] = field(default_factory=dict)
    _silent: bool = False

    def printed_during(self, check: str) -> str:
        """What the learner's code printed during a check; waits a moment for output that is on its way."""
        deadline = time.monotonic() + (0.0 if self._silent else 1.0)
        while check not in self._printed and time.monotonic() < deadline:
            time.sleep(0.002)
        self._silent = check not in self._printed  # it may have closed its output: nobody waits for it once more
        return self._printed.get(check, b"").decode("utf-8", "replace").strip()

    def knows(self, check: str) -> bool:
        """Whether this is the name of something that it was asked for, or of what came before."""
        return check in self.tickets or check in (self.control, BEFORE)

    def wait_until_heard(self) -> None:
        """Wait a moment until everything that it sent has been read."""
        if self._reader is not None and self._reader.is_alive():  # it may never have begun
            self._reader.join(timeout=1.0)


class Children:
    """Starts children, and puts what happens to them into a queue.

    Args:
        workshop: the bench's temporary folder.
        fork: fork them from a warm server; only where the platform can.
        isolation: what keeps them apart from the rest of the machine.

    Attributes:
        open_to: what was open to children, of all that should not be (`grader.lab.walls`), as they have tried it.
        inbox: what has happened: ``message``, ``flood``, ``exit`` or ``wake``, the number of the child, and the data;
            or ``server gone`` and the number of the server.
    """

    def __init__(self, workshop: Path, fork: bool, isolation: Isolation) -> None:
        self.open_to: set[str] = set()
        self.inbox: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._isolation = isolation
        self._live: dict[int, Child] = {}
        self._number = 0
        self._server = Server(workshop, isolation, self._on_exit, self._on_loss) if fork else None
        if self._server is not None:
            self._server.start()

    @property
    def cannot_start(self) -> bool:
        """Whether one server after the other ended before it was ready."""
        return self._server is not None and self._server.failures > 2

    def new(self, seconds: float) -> Child:
        """A child that is still to be started; it has this much time until its first word."""
        self._number += 1
        return Child(self._number, secrets.token_hex(16), time.monotonic() + seconds)

    def start(self, child: Child, job: Job) -> None:
        """Start a child, and give it something to do."""
        self._live[child.number] = child
        if self._server is not None:
            self._fork(self._server, child, job)
        else:
            self._spawn(child, job)

    def kill(self, child: Child) -> None:
        """Kill a child with everything that it started, whatever it still had to say."""
        self._live.pop(child.number, None)
        self.stop(child)

    def stop(self, child: Child) -> None:
        """Kill a child with everything that it started; its exit is still told."""
        if child._kill is not None:
            child._kill()
        if self._server is not None and self._server.apart:  # the child's number is not the one that it told
            with suppress(OSError):
                if child.server == self._server.number:
                    self._server.send({"kill": child.number})
        elif os.name != "nt" and child.process > 1:
            with suppress(OSError):
                os.killpg(child.process, signal.SIGKILL)

    def revive_server(self) -> None:
        """Kill the server where somebody has stopped it: there will be a new one."""
        if self._server is not None and self._server.is_stopped():
            self._server.kill()

    def kill_server(self) -> bool:
        """Kill the server, which is told as a loss; False where there is none."""
        if self._server is None:
            return False
        self._server.kill()
        return True

    def close(self) -> None:
        """Kill every child."""
        for child in list(self._live.values()):
            self.kill(child)

    def close_server(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.close()

    def _fork(self, server: Server, child: Child, job: Job) -> None:
        try:
            self._ask(server, child, job)
        except (OSError, RuntimeError):  # it has gone; or there can be no more threads or processes, nor files
            server.kill()  # and its children, who may have used them up
            self.inbox.put(("server gone", child.server, None))

    def _ask(self, server: Server, child: Child, job: Job) -> None:
        """Have the server fork a child.

        Raises:
            OSError: there is none, or it has gone.
            RuntimeError: no thread can be started that would read what the child has to say.
        """
        server.start()
        child.server = server.number
        # Who has the other end of a pipe could open this one by /proc, and read what is told.
        results, results_end = (end.detach() for end in socket.socketpair())
        output, output_end = os.pipe()
        told, printed = os.fdopen(results, "rb"), os.fdopen(output, "rb")
        try:
            self._listen(child, told, printed)
            server.send({"job": child.number, "request": asdict(job)}, [results_end, output_end])
        except RuntimeError:
            printed.close()
            if child._reader is None or not child._reader.is_alive():  # it closes what it reads
                told.close()
            raise
        finally:
            os.close(results_end)
            os.close(output_end)

    def _spawn(self, child: Child, job: Job) -> None:
        process = subprocess.Popen(
            [*PYTHON, "once"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(self._isolation.environment),
            start_new_session=os.name != "nt",
        )
        assert process.stdin and process.stdout and process.stderr
        child.process, child._kill = process.pid, process.kill
        self._listen(child, process.stdout, process.stderr)
        with suppress(OSError), process.stdin:
            process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")

        def wait() -> None:
            self._tell_exit(child, process.wait())

        threading.Thread(target=wait, daemon=True).start()

    def _listen(self, child: Child, results: Any, output: Any) -> None:
        """Read what a child sends and prints, each in a thread, so that no flood blocks anybody."""

        def read_results() -> None:
            taken = 0
            with results, suppress(OSError, ValueError):
                lines = iter(lambda: results.readline(_MESSAGES), b"")
                for line in islice(lines, _MOST_LINES):
                    taken += len(line)
                    if taken < _MESSAGES and line.strip():
                        self.inbox.put(("message", child.number, line))
                if taken >= _MESSAGES or next(lines, b""):  # whoever sends more finds the pipe closed
                    self.inbox.put(("flood", child.number, None))

        def read_output() -> None:
            printed = b""
            with output, suppress(OSError, ValueError):
                for data in iter(lambda: output.read1(65536), b""):
                    printed += data
                    while (end := end_of_output(child.token).search(printed)) is not None:
                        if child.knows(name := end[1].decode()):
                            child._printed[name] = printed[: end.start()][-_PRINTED:]
                        printed = printed[end.end() :]
                    printed = printed[-_PRINTED:]

        child._reader = threading.Thread(target=read_results, daemon=True)
        child._reader.start()
        threading.Thread(target=read_output, daemon=True).start()

    def _tell_exit(self, child: Child, status: int) -> None:
        """Announce the end of a child, after everything that it sent."""
        child.wait_until_heard()
        self.inbox.put(("exit", child.number, status))

    def _on_exit(self, number: int, status: int) -> None:
        child = self._live.get(number)
        if child is not None:
            self._tell_exit(child, status)

    def _on_loss(self, server: int) -> None:
        for child in list(self._live.values()):  # first what its children still had to say
            if child.server == server:
                child.wait_until_heard()
        self.inbox.put(("server gone", server, None))
