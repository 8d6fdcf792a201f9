"""Verdict process: the bench's end of the server, the process from which children are forked."""

from __future__ import annotations

import json
import os
import signal
import socket
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

    def kill(self) -> None:
        """Kill the server; its loss is announced as any other is."""
        if self._process is not None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Stop the server: it kills its children, removes the workshop, and gives up after a few seconds."""
        process, self._process = self._process, None
        control, self._control = self._control, None
        if control is not None:
            with suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)
            control.close()
        if process is not None:
            process.wait()

    def _hear(self, control: socket.socket, number: int) -> None:
        with suppress(OSError, ValueError), control.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "ready" in message:
                    self.failures = 0
                if "exit" in message:
                    self._on_exit(message.get("job", 0), message["exit"])
        self._on_loss(number)
