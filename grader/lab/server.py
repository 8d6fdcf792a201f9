"""In the server: has everything imported, and forks the children.

    server ── fork ──> one child for a chapter: check after check, each on a database of its own

Where there is no fork, the same child is started as a fresh process.
"""

from __future__ import annotations

import gc

gc.disable()  # imports make no garbage worth looking for; a third of their time is saved

# ruff: noqa: E402
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.lab.child import become_child, enter_job, grade_chapter
from grader.lab.job import Job
from grader.lab.observer import listen
from grader.lab.processes import adopt_orphans, kill_group, kill_strays
from grader.lab.restrictions import raise_limit_of_open_files
from grader.lab.walls import Walls, sockets_for
from grader.lab.warm_up import get_ready
from grader.removal import remove


def serve(control: socket.socket, workshop: Path, hidden: Sequence[Path]) -> list[Iterator[None]]:
    """Fork a child for every job that comes over the socket, until its other end is closed.

    A job comes as one line of JSON with two file descriptors: for messages and for the output of the
    learner's code. The server answers ``{"job": n, "exit": status}`` when the child has ended and everything
    that it left behind was killed. A line ``{"kill": n}`` ends a job at once.

    Args:
        control: the server's end of the socket.
        workshop: the bench's temporary folder; removed at the end.
        hidden: folders that children must not see.

    Returns:
        in each child, with what it has to do: nothing of the server's is left on the way to the learner's code.
    """
    adopt_orphans()
    walls = Walls([workshop, *hidden])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    waker, wake = socket.socketpair()
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    children: dict[int, int] = {}
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(waker, selectors.EVENT_READ)
    _send(control, {"ready": True})
    buffered = b""
    descriptors: list[int] = []
    while True:
        for key, _ in selector.select():
            if key.fileobj is waker:
                waker.recv(4096)
                _reap(children, control)
                continue
            data, fds = b"", list[int]()
            with suppress(OSError):  # the other end has gone without reading what it was told
                data, fds, _, _ = socket.recv_fds(control, 65536, 16)
            if not data:
                _end(children, workshop)
            buffered += data
            descriptors += fds
        while b"\n" in buffered:
            line, buffered = buffered.split(b"\n", 1)
            request = json.loads(line)
            if "kill" in request:
                _kill_job(children, request["kill"])
                continue
            results, output = descriptors[:2]
            del descriptors[:2]
            job = Job.read(request["request"])
            get_ready(job.chapter, job.url)
            walls.prepare(sockets_for(job.url))
            try:
                process = os.fork()
            except OSError:  # somebody has used up all processes and threads; the bench starts another server
                os._exit(1)
            if process == 0:
                selector.close()
                return become_child(job, walls, results, output)
            os.close(results)
            os.close(output)
            children[process] = request["job"]


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    with suppress(OSError):
        control.sendall(json.dumps(message).encode() + b"\n")


def _reap(children: dict[int, int], control: socket.socket) -> None:
    """Collect ended children, and kill what they left behind."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            break
        if process in children:
            kill_group(process)
            kill_strays(set(children) - {process})
            _send(control, {"job": children.pop(process), "exit": os.waitstatus_to_exitcode(status)})
    kill_strays(set(children))


def _kill_job(children: dict[int, int], number: int) -> None:
    """Kill the child of a job with its group; the bench asks for it where it cannot do so itself."""
    for process, job in children.items():
        if job == number:
            kill_group(process)
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _end(children: dict[int, int], workshop: Path) -> None:
    """Kill every child and leave nothing behind; never returns."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for process in children:
            kill_group(process)
        kill_strays(set())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.005)
    remove(workshop)
    os._exit(0)


def main() -> None:
    """Serve (arguments: ``serve``, file descriptor, folder), or do one job from standard input (``once``)."""
    listen()
    if len(sys.argv) < 2:
        print("The grader's own process starts as it should.")
        return
    raise_limit_of_open_files()
    if sys.argv[1] == "serve":
        grade_chapter(serve(socket.socket(fileno=int(sys.argv[2])), Path(sys.argv[3]), [*map(Path, sys.argv[4:])]))
    grade_chapter(_once())


def _once() -> list[Iterator[None]]:
    """Do one job in this process: what it has to do."""
    job = Job.read(json.loads(sys.stdin.readline()))
    results = os.dup(1)
    os.dup2(2, 1)
    get_ready(job.chapter, job.url)
    return enter_job(job, Walls(), results)


if __name__ == "__main__":
    main()
