"""The process side of the bench: a server that has everything imported, and the children that it forks.

    server ── fork ──> one child for a chapter: check after check, each on a database of its own

Checks that pass share one import of the app, because importing it takes half of a check's time. What does not pass
on an app that has served before is judged again on a new import: only that is blamed.

Where there is no fork, the same child is started as a fresh process. Whatever the learner's code does to
its child, the verdict is given by the bench, which only believes what it was waiting for. A child that is
no longer as it was (a thread that goes on, say) steps back, and a new one does the rest.
"""

from __future__ import annotations

import gc

gc.disable()  # imports make no garbage worth looking for; a third of their time is saved

# ruff: noqa: E402
import ctypes
import faulthandler
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pydantic
from sqlalchemy import Column, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import StaticPool

from grader.lab import lab as labs
from grader.lab import sqlmodels
from grader.lab.job import Job
from grader.lab.observer import listen
from grader.lab.relied import Relied, json_encoder
from grader.lab.verdicts import is_to_do
from grader.lab.words import describe
from grader.rules import ABOUT_IMPORTS, WITHOUT_HTTP, rules_of

_MEBIBYTE = 1024 * 1024
_LONGEST_TEXT = 4000


class Reporter:
    """Sends messages to the bench, one JSON object a line."""

    def __init__(self, descriptor: int, token: str) -> None:
        self._descriptor = descriptor
        self._token = token
        # Learner code may replace these later.
        self._write = os.write
        self._encode = json_encoder()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message whole; a bench that has gone is no error."""
        data = self._encode({"token": self._token, **message}).encode() + b"\n"
        with suppress(OSError):
            while data:
                data = data[self._write(self._descriptor, data) :]

    def mark_output(self, check: str) -> None:
        """Tell where the output of a check ends (see `grader.lab.job.end_of_output`)."""
        with suppress(Exception):
            sys.stdout.flush()
        with suppress(OSError):
            self._write(1, b"\x00%s %s\x00" % (self._token.encode(), check.encode()))


# -- a check ------------------------------------------------------------------------------------


def judge(lab: labs.Lab, check: Callable[[labs.Lab], None]) -> dict[str, Any]:
    """Run one check and return the verdict as plain data."""
    root = str(lab.place.root)
    started = time.perf_counter()
    found: dict[str, Any] = {"outcome": "passed"}
    try:
        check(lab)
    except labs.Verdict as verdict:
        found = {
            "outcome": verdict.outcome,
            "observed": verdict.saw,
            "expected": verdict.wanted,
            "where": verdict.where or (lab.focus if verdict.outcome == "failed" else ""),
            "traceback": _traceback(verdict.cause, root),
        }
    except BaseException as error:
        to_do = is_to_do(error)
        found = {
            "outcome": "todo" if to_do else "error",
            "observed": str(error) if to_do else f"the check met {describe(error)}",
            "expected": "" if to_do else "code that the check can judge",
            "where": lab.where_of(error) or lab.focus,
            "traceback": _traceback(error, root),
        }
    found["did"] = ", then ".join(lab.story)
    found["trace"] = lab.timeline()[:60]
    found["seconds"] = round(time.perf_counter() - started, 4)
    return {key: _clean(value, root + os.sep) for key, value in found.items()}


def _clean(value: Any, root: str) -> Any:
    """Text that can be sent and shown: no lone surrogates, no temporary folder, not endless."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace(root, "")[:_LONGEST_TEXT]
    if isinstance(value, list):
        return [_clean(each, root) for each in value]
    return value


def _traceback(error: BaseException | None, root: str) -> str:
    """The traceback of learner code, from its own first frame on and without the grader's."""
    if error is None:
        return ""
    try:
        frames = traceback.extract_tb(error.__traceback__)
        own = str(Path(__file__).parents[1])
        kept = [frame for frame in frames if not frame.filename.startswith(own)]
        first = next((i for i, frame in enumerate(kept) if frame.filename.startswith(root)), 0)
        lines = traceback.format_list(kept[first:])
        lines += traceback.format_exception_only(error)
        return "".join(["Traceback (most recent call last):\n", *lines])
    except Exception as failure:
        return f"(the traceback could not be made: {type(failure).__name__})"


# -- a chapter ----------------------------------------------------------------------------------


def grade_chapter(job: Job, results: int) -> None:
    """Judge the checks of a job, one after the other.

    Args:
        job: what to do.
        results: file descriptor for the messages.
    """
    reporter = Reporter(results, job.token)
    process = os.getpid()
    reporter.send({"event": "hello", "process": process})
    _limit(job)
    if job.cpu >= 0 and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {job.cpu})
    place = labs.Place(job.chapter, Path(job.root), job.url, job.admin_url, frozenset(job.given))
    checks = {rule.name: rule.function for rule in rules_of(job.chapter)}
    os.environ["DATABASE_URL"] = job.url
    _use_own_temporary_folder(job.root)
    sys.path.insert(0, job.root)
    labs.listen_to_connections()
    make_web = sys.modules["grader.lab.web"].Web if "grader.lab.web" in sys.modules else None
    relied = Relied()
    _hide_grader()
    environment, path, threads = dict(os.environ), list(sys.path), threading.enumerate()
    used = False  # whether the app, as it is imported now, has served a check before
    for name in job.checks:
        reporter.send({"event": "start", "check": name})
        faulthandler.dump_traceback_later(job.seconds, file=results)  # tells the bench where it hangs
        for _ in range(2):
            if _still_running(threads):
                reporter.send({"event": "end"})
                return
            os.chdir(job.root)
            os.environ.clear()
            os.environ.update(environment)
            sys.path[:] = path
            with labs.open_lab(place, make_web) as lab:
                verdict = judge(lab, checks[name])
                if os.getpid() != process:  # a copy of this process that the learner's code has made
                    os._exit(0)
                passed = verdict["outcome"] == "passed"
                if passed and (replaced := relied.replaced()):
                    passed, verdict = False, _spoilt(replaced)
                # What a used app did wrong may come from the checks before: only a new one is blamed for it.
                settled = passed or not used
                reporter.mark_output(name if settled else "before")
                if settled:
                    reporter.send({"event": "verdict", "check": name, "verdict": verdict})
                    if name == job.checks[-1]:
                        reporter.send({"event": "end"})
            used = passed and not lab.imports_anew and job.chapter not in ABOUT_IMPORTS
            if not used:
                labs.forget_app()
            if settled:
                break


def _spoilt(name: str) -> dict[str, Any]:
    """The verdict on a check that seems to have passed, where one cannot know any more."""
    return {
        "outcome": "error",
        "observed": f"the code has put something of its own in the place of '{name}', which the grader relies on",
        "expected": "code that leaves Python's built-in functions, and the grader, as they are",
    }


def _still_running(known: list[threading.Thread]) -> bool:
    """Whether a thread that was not there at first goes on; those of a finished check get a moment to end."""
    strangers = [thread for thread in threading.enumerate() if thread not in known]
    for thread in strangers:
        thread.join(0.05)
    return any(thread.is_alive() for thread in strangers)


class _NoGrader:
    """Refuses ``import grader`` to the code under test."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name.split(".")[0] == "grader":
            raise ModuleNotFoundError("the code under test cannot import the grader", name=name)


def _hide_grader() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "grader"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _NoGrader())


def _limit(job: Job) -> None:
    """Limit what this process and those that it starts may use, as far as the platform can."""
    try:
        import resource
    except ImportError:
        return
    limits = {
        "RLIMIT_AS": job.memory * _MEBIBYTE,
        "RLIMIT_CPU": job.cpu_seconds,
        "RLIMIT_FSIZE": job.file_size * _MEBIBYTE,
        "RLIMIT_NPROC": job.processes,
        "RLIMIT_NOFILE": job.open_files,
    }
    for name, most in limits.items():
        with suppress(OSError, ValueError, AttributeError):
            if most:
                resource.setrlimit(getattr(resource, name), (most, most))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _use_own_temporary_folder(root: str) -> None:
    folder = Path(root, ".tmp")
    folder.mkdir(exist_ok=True)
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
    tempfile.tempdir = None


def _become(user: int) -> None:
    """Give up the rights of the server: a child that is another user cannot touch it, or what is not its own."""
    if user >= 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def get_ready(chapter: str) -> None:
    """Import and do once, before forking, what the checks of this chapter do; a second time costs nothing.

    FastAPI and its test client take half of the time of all imports, and some chapters need neither.
    """
    collecting = gc.isenabled()
    gc.disable()
    rules_of(chapter)
    if not _warm:
        _warm.add("data")
        warm_up_data()
    if chapter not in WITHOUT_HTTP and "web" not in _warm:
        _warm.add("web")
        _import_fastapi()
        importlib.import_module("grader.lab.web").warm_up()
    if chapter == "08_sqlmodel" and "sqlmodel" not in _warm:
        _warm.add("sqlmodel")
        sqlmodels.warm_up()
    gc.freeze()
    if collecting:
        gc.enable()


_warm: set[str] = set()


def _import_fastapi() -> None:
    """Import FastAPI without building its models of OpenAPI: that takes longer, and few apps are asked to describe
    themselves. Those are built on first use. Source: Pydantic, "Configuration", ``defer_build``.
    """
    pydantic.BaseModel.model_config["defer_build"] = True
    try:
        importlib.import_module("fastapi.openapi.models")
    finally:
        del pydantic.BaseModel.model_config["defer_build"]


def warm_up_data() -> None:
    """Use Pydantic and SQLAlchemy once, in small: what they import or compile on first use is then there."""

    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "warm_up"
        id = Column(Integer, primary_key=True)
        name = Column(String(20), index=True)

    # Looking for Pydantic's plugins among all that is installed takes a while, and none has a say in a verdict.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    pydantic.create_model("Body", name=(Annotated[str, pydantic.StringConstraints(max_length=20)], ...))
    del os.environ["PYDANTIC_DISABLE_PLUGINS"]
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        row = Row(name="x")
        db.add(row)
        db.commit()
        db.refresh(row)
        db.scalars(select(Row).order_by(Row.id).offset(0).limit(1)).all()
    engine.dispose()


# -- the server ---------------------------------------------------------------------------------


def serve(control: socket.socket, workshop: Path) -> None:
    """Fork a child for every job that comes over the socket, until its other end is closed.

    A job comes as one line of JSON with two file descriptors: for messages and for the output of the
    learner's code. The server answers ``{"job": n, "exit": status}`` when the child has ended and everything
    that it left behind was killed. A line ``{"kill": n}`` ends a job at once.

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
    _send(control, {"ready": True})
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
            if "kill" in request:
                _kill_job(children, request["kill"])
                continue
            results, output = descriptors[:2]
            del descriptors[:2]
            get_ready(request["request"]["chapter"])
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


def _become_child(job: Job, results: int, output: int) -> None:
    """Turn the forked copy of the server into the child of a job; never returns."""
    try:
        os.setsid()
        gc.enable()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        _become(job.user)
        _end_with_the_server()
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


def _kill_job(children: dict[int, int], number: int) -> None:
    """Kill the child of a job with its group; the bench asks for it where it cannot do so itself."""
    for process, job in children.items():
        if job == number:
            for kill in (os.killpg, os.kill):
                with suppress(OSError):
                    kill(process, signal.SIGKILL)


def _adopt_orphans() -> None:
    """Make processes whose parent has gone children of the server (Linux), so that none is lost sight of."""
    if sys.platform == "linux":
        pr_set_child_subreaper = 36
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _end_with_the_server() -> None:
    """Let the system kill this child when its server is killed (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)


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
    # Only when the bench was killed is its PostgreSQL still there.
    with suppress(OSError, ValueError, IndexError):
        os.kill(int((workshop / "postgresql/postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        time.sleep(0.5)
    shutil.rmtree(workshop, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Serve (arguments: ``serve``, file descriptor, folder), or do one job from standard input (``once``)."""
    listen()
    if len(sys.argv) < 2:
        print("The grader's own process starts as it should.")
        return
    if sys.argv[1] == "serve":
        serve(socket.socket(fileno=int(sys.argv[2])), Path(sys.argv[3]))
    job = Job(**json.loads(sys.stdin.readline()))
    results = os.dup(1)
    os.dup2(2, 1)
    get_ready(job.chapter)
    grade_chapter(job, results)
    os._exit(0)


if __name__ == "__main__":
    main()
