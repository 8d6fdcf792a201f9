"""The process side of the bench: a server that has everything imported, and the children that it forks.

    server ── fork ──> one child per chapter (imports the learner's app once)
                           └── fork ──> one process per check (judges, reports, ends)

Where there is no fork, the same child is started as a fresh process and runs the checks one after the
other, with a fresh import of the app for each. The learner's code runs in the child and in what it forks;
whatever it does there, the verdict is given by the bench, which only believes what it was waiting for.
"""

from __future__ import annotations

import gc

gc.disable()  # imports make no garbage worth looking for; a third of their time is saved

# ruff: noqa: E402
import ctypes
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader import lab as labs
from grader.job import Job
from grader.observe import listen, observing
from grader.rules import rules_of

_MEBIBYTE = 1024 * 1024
_LONGEST_TEXT = 4000


class Reporter:
    """Sends messages to the bench, one JSON object a line."""

    def __init__(self, descriptor: int, token: str) -> None:
        self._descriptor = descriptor
        self._token = token
        self._write = os.write  # learner code may replace os.write later

    def send(self, message: dict[str, Any]) -> None:
        """Send one message whole; a bench that has gone is no error."""
        data = json.dumps({"token": self._token, **message}).encode() + b"\n"
        with suppress(OSError):
            while data:
                data = data[self._write(self._descriptor, data) :]


# -- a check ------------------------------------------------------------------------------------


def judge(job: Job, name: str) -> dict[str, Any]:
    """Run one check and return the verdict as plain data."""
    rule = next(each for each in rules_of(job.chapter) if each.name == name)
    place = labs.Place(job.chapter, Path(job.root), job.url, job.admin_url)
    started = time.perf_counter()
    found: dict[str, Any] = {"outcome": "passed"}
    with labs.open_lab(place) as lab:
        try:
            rule.function(lab)
        except labs.Verdict as verdict:
            found = {
                "outcome": verdict.outcome,
                "observed": verdict.saw,
                "expected": verdict.wanted,
                "where": verdict.where or (lab.focus if verdict.outcome == "failed" else ""),
                "traceback": _traceback(verdict.cause, job.root),
            }
        except BaseException as error:
            to_do = labs.is_to_do(error)
            found = {
                "outcome": "todo" if to_do else "error",
                "observed": str(error) if to_do else f"the check met {labs.describe(error)}",
                "expected": "" if to_do else "code that the check can judge",
                "where": lab.where_of(error) or lab.focus,
                "traceback": _traceback(error, job.root),
            }
        found["did"] = ", then ".join(lab.story)
        found["trace"] = lab.seen.timeline()[:60]
    found["seconds"] = round(time.perf_counter() - started, 4)
    return {key: _clean(value) for key, value in found.items()}


def _clean(value: Any) -> Any:
    """Text that can be sent and shown: no lone surrogates, not endless."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()[:_LONGEST_TEXT]
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return value


def _traceback(error: BaseException | None, root: str) -> str:
    """The traceback of learner code, from its own first frame on and without the grader's."""
    if error is None:
        return ""
    try:
        frames = traceback.extract_tb(error.__traceback__)
        own = str(Path(__file__).parent)
        kept = [frame for frame in frames if not frame.filename.startswith(own)]
        first = next((i for i, frame in enumerate(kept) if frame.filename.startswith(root)), 0)
        lines = traceback.format_list(kept[first:])
        lines += traceback.format_exception_only(error)
        return "".join(["Traceback (most recent call last):\n", *lines]).replace(root + os.sep, "")
    except Exception as failure:
        return f"(the traceback could not be made: {type(failure).__name__})"


# -- a chapter ----------------------------------------------------------------------------------


def grade_chapter(job: Job, results: int) -> None:
    """Judge the checks of a job, each in a process of its own where the platform can.

    Args:
        job: what to do.
        results: file descriptor for the messages.
    """
    reporter = Reporter(results, job.token)
    _limit_memory(job.memory)
    if job.cpu >= 0 and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {job.cpu})
    os.chdir(job.root)
    os.environ["DATABASE_URL"] = job.url
    sys.path.insert(0, job.root)
    sys.dont_write_bytecode = True
    labs.listen_to_connections()
    _hide_grader(job.chapter)
    if job.import_first:
        reporter.send({"event": "import"})
        if not _import_app(job):
            reporter.send({"event": "import again"})
            os._exit(0)
    judge_one = _judge_forked if job.fork else _judge_here
    for name in job.checks:
        judge_one(job, name, reporter)
    reporter.send({"event": "done"})


def _judge_here(job: Job, name: str, reporter: Reporter) -> None:
    reporter.send({"event": "start", "check": name})
    reporter.send({"event": "verdict", "check": name, "verdict": judge(job, name)})
    labs.forget_app()


# Learner code may replace these later.
_fork, _waitpid, _leave, _killpg = (getattr(os, name, None) for name in ("fork", "waitpid", "_exit", "killpg"))


def _judge_forked(job: Job, name: str, reporter: Reporter) -> None:
    assert _fork and _waitpid and _leave and _killpg
    ready, go = os.pipe()
    process = _fork()
    if process == 0:
        try:
            os.setpgid(0, 0)
            os.read(ready, 1)
            reporter.send({"event": "verdict", "check": name, "verdict": judge(job, name)})
        finally:
            _leave(0)
    with suppress(OSError):
        os.setpgid(process, process)
    # The bench learns whom to kill before any learner code of the check runs.
    reporter.send({"event": "start", "check": name, "process": process})
    os.write(go, b".")
    os.close(ready)
    os.close(go)
    _, status = _waitpid(process, 0)
    with suppress(OSError):
        _killpg(process, signal.SIGKILL)
    reporter.send({"event": "end", "check": name, "status": os.waitstatus_to_exitcode(status)})


class _NoGrader:
    """Refuses ``import grader`` to the code under test."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name.split(".")[0] == "grader":
            raise ModuleNotFoundError("the code under test cannot import the grader", name=name)


def _hide_grader(chapter: str) -> None:
    rules_of(chapter)
    for name in [name for name in sys.modules if name.split(".")[0] == "grader"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _NoGrader())  # type: ignore[arg-type]


def _import_app(job: Job) -> bool:
    """Import the learner's app for all checks to start from; False if each check has to do it anew.

    Forking is sound only while nothing runs and nothing is connected.
    """
    root = Path(job.root)
    names = [".".join(file.relative_to(root).with_suffix("").parts) for file in sorted(root.glob("app/**/*.py"))]
    before = set(root.iterdir())
    with observing(root) as seen:
        try:
            for name in names:
                importlib.import_module(name.removesuffix(".__init__"))
        except Exception:
            labs.forget_app()
    return not (seen.opened or threading.active_count() > 1 or set(root.iterdir()) - before)


def _limit_memory(mebibytes: int) -> None:
    if not mebibytes:
        return
    try:
        import resource
    except ImportError:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes * _MEBIBYTE, mebibytes * _MEBIBYTE))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# -- the server ---------------------------------------------------------------------------------


def serve(control: socket.socket, workshop: Path) -> None:
    """Fork a child for every job that comes over the socket, until its other end is closed.

    A job comes as one line of JSON with two file descriptors: for messages and for the output of the
    learner's code. The server answers ``{"job": n, "pid": p}`` when the child runs and
    ``{"job": n, "exit": status}`` when it has ended and everything that it left behind was killed.

    Args:
        control: the server's end of the socket.
        workshop: the bench's temporary folder; removed at the end.
    """
    _adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    waker, wake = socket.socketpair()
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    children: dict[int, int] = {}
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(waker, selectors.EVENT_READ)
    control.sendall(b'{"ready": true}\n')
    buffered = b""
    descriptors: list[int] = []
    while True:
        for key, _ in selector.select():
            if key.fileobj is waker:
                waker.recv(4096)
                _reap(children, control)
                continue
            data, fds, _, _ = socket.recv_fds(control, 65536, 16)
            if not data:
                _end(children, workshop)
            buffered += data
            descriptors += fds
        while b"\n" in buffered:
            line, buffered = buffered.split(b"\n", 1)
            request = json.loads(line)
            results, output = descriptors[:2]
            del descriptors[:2]
            process = os.fork()
            if process == 0:
                control.close()
                waker.close()
                wake.close()
                selector.close()
                _become_child(Job(**request["request"]), results, output)
            os.close(results)
            os.close(output)
            children[process] = request["job"]
            _send(control, {"job": request["job"], "pid": process})


def _become_child(job: Job, results: int, output: int) -> None:
    """Turn the forked copy of the server into the child of a job; never returns."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        grade_chapter(job, results)
    finally:
        os._exit(0)


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
            with suppress(OSError):
                os.killpg(process, signal.SIGKILL)
            _kill_strays(set(children) - {process})
            _send(control, {"job": children.pop(process), "exit": os.waitstatus_to_exitcode(status)})
    _kill_strays(set(children))


def _adopt_orphans() -> None:
    """Make processes whose parent has gone children of the server (Linux), so that none is lost sight of."""
    if sys.platform == "linux":
        pr_set_child_subreaper = 36
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _kill_strays(known: set[int]) -> None:
    for process in _children_of(os.getpid()):
        if process not in known:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _children_of(process: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in file.read_text().split()]
    return found


def _end(children: dict[int, int], workshop: Path) -> None:
    """Kill every child and leave nothing behind; never returns."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for process in children:
            with suppress(OSError):
                os.killpg(process, signal.SIGKILL)
        _kill_strays(set())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.005)
    shutil.rmtree(workshop, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Serve (arguments: ``serve``, file descriptor, folder), or do one job from standard input (``once``)."""
    listen()
    gc.freeze()
    gc.enable()
    if sys.argv[1] == "serve":
        serve(socket.socket(fileno=int(sys.argv[2])), Path(sys.argv[3]))
    job = Job(**json.loads(sys.stdin.readline()))
    results = os.dup(1)
    os.dup2(2, 1)
    grade_chapter(job, results)
    os._exit(0)
