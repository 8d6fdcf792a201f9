"""Verdict process: the bench's end of the server, the process from which children are forked."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.bench.isolation import Isolation

_PROJECT = Path(__file__).resolve().parents[2]
# Starts the grader's own process, whatever lies in the working directory or stands in the environment.
PYTHON = (
    sys.executable,
    "-I",
    "-c",
    f"import sys; sys.path.insert(0, {str(_PROJECT)!r}); from grader.lab.server import main; main()",
)


# The server gives up its children after five seconds; one that does not do so in time was stopped, or worse.
_PATIENCE = 8.0


def _end(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Wait for a process, kill it with its group when that takes too long; whether it ended by itself."""
    try:
        process.wait(patience)
        return True
    except subprocess.TimeoutExpired:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # whatever holds it up
            process.wait(10.0)
        return False


def kill_all_of(workshop: Path) -> None:
    """Kill what a server has left behind that could not do so itself: its name stays that of the server (Linux)."""
    name = str(workshop).encode()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError, ValueError):
            if name in file.read_bytes().split(b"\0") and int(file.parent.name) != os.getpid():
                os.kill(int(file.parent.name), signal.SIGKILL)


class Server:
    """The server that is at work, and those before it that were lost.

    Args:
        workshop: the bench's temporary folder; the last server removes it when the bench was killed.
        isolation: what keeps the server and its children apart from the rest of the machine.
        on_exit: called in another thread with the number of a child that has ended and its exit status.
        on_loss: called in another thread with the number of a server that has gone.

    Attributes:
        number: counts the servers that were started.
        failures: how many of them in a row never got ready.
        apart: whether it runs in namespaces of its own, where processes have other numbers.
    """

    def __init__(
        self,
        workshop: Path,
        isolation: Isolation,
        on_exit: Callable[[int, int], None],
        on_loss: Callable[[int], None],
    ) -> None:
        self._workshop = workshop
        self._isolation = isolation
        self._on_exit = on_exit
        self._on_loss = on_loss
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.number = 0
        self.failures = 0
        self.apart = False

    def start(self) -> None:
        """Start a server, unless there is one."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._control is not None:
            self._control.close()
        self.number += 1
        self.failures += 1
        mine, theirs = socket.socketpair()
        in_front = self._isolation.command(self._workshop)
        self.apart = bool(in_front)
        hidden = [str(path) for path in self._isolation.hidden]
        with theirs:
            self._process = subprocess.Popen(
                [*in_front, *PYTHON, "serve", str(theirs.fileno()), str(self._workshop), *hidden],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=dict(self._isolation.environment),
                start_new_session=True,
            )
        with suppress(OSError):  # one that has been stopped reads nothing
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(_PATIENCE), 0))
        self._control = mine
        threading.Thread(target=self._hear, args=[mine, self.number], daemon=True).start()

    def send(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a message, and file descriptors with it.

        Raises:
            OSError: the server has gone.
        """
        assert self._control is not None
        data = json.dumps(message).encode() + b"\n"
        if descriptors:
            socket.send_fds(self._control, [data], list(descriptors))
        else:
            self._control.sendall(data)

    def is_stopped(self) -> bool:
        """Whether somebody has stopped the server, so that it answers nobody (Linux)."""
        if self._process is None or self._process.poll() is not None:
            return False
        with suppress(OSError, IndexError):
            state = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state in ("T", "t")
        return False

    def kill(self) -> None:
        """Kill the server; its loss is announced as any other is."""
        if self._process is not None:
            _end(self._process, 0.0)

    def close(self) -> None:
        """Stop the server: it kills its children, removes the workshop, and gives up after a few seconds."""
        process, self._process = self._process, None
        control, self._control = self._control, None
        if control is not None:
            with suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)
            control.close()
        if process is not None and not _end(process, _PATIENCE):
            kill_all_of(self._workshop)

    def _hear(self, control: socket.socket, number: int) -> None:
        with suppress(OSError, ValueError), control.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "ready" in message:
                    self.failures = 0
                if "exit" in message:
                    self._on_exit(message.get("job", 0), message["exit"])
        self._on_loss(number)
