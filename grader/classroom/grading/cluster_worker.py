"""Worker of a Dask cluster: grades one submission after the other on a bench of its own.

A submission travels as bytes, its verdicts come back as bytes.
"""

from __future__ import annotations

import atexit
import json
import os
import stat
import tempfile
import threading
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader import BadInput
from grader.bench import Bench
from grader.bench.sandbox import Sandbox, prepare
from grader.classroom.grading.plan import Piece, Plan, Task, plan_of
from grader.classroom.grading.workers import grade_task
from grader.classroom.intake import Chapter
from grader.classroom.store import shortened


def pack_task(task: Task, plan: Plan, alone: bool) -> bytes:
    """A task as bytes, with what it is to be judged by, and whether nothing else of the class is at work meanwhile."""
    pieces = [
        {
            "chapter": piece.chapter,
            "content": piece.content,
            "own": piece.own,
            "files": piece.code.to_texts(),
            "rules": piece.rules,
            "known": dict(piece.known),
        }
        for piece in task.pieces
    ]
    request = {"learner": task.learner, "pieces": pieces, "plan": plan.facts(), "alone": alone}
    return zlib.compress(json.dumps(request).encode())


def unpack_task(data: bytes) -> tuple[Task, dict[str, Any], bool]:
    """The task, what it is to be judged by, and whether it is alone."""
    request = json.loads(zlib.decompress(data))
    pieces = [
        Piece(
            each["chapter"],
            each["content"],
            each["own"],
            Chapter.from_texts(each["files"]),
            tuple(each["rules"]),
            each["known"],
        )
        for each in request["pieces"]
    ]
    return Task(request["learner"], tuple(pieces)), request["plan"], request.get("alone", False)


_own = threading.local()
_MOST_SLOTS = 1000


def grade_remotely(data: bytes) -> bytes:
    """Grade one submission in this process; each thread keeps a bench of its own warm.

    Args:
        data: made by `pack_task`.

    Returns:
        The verdicts and how the code was kept apart here, or why this worker cannot judge.
    """
    task, asked, alone = unpack_task(data)
    limits = (asked["seconds"], asked.get("chapter_limit"), asked.get("submission_limit"))
    plan = plan_of(tuple(asked["chapters"]), asked["database"], *limits)
    if plan.facts() != asked:
        return _answer(refused="a worker has another version of the grader or of its libraries; make them the same")
    try:
        verdicts = [(content, check.id, shortened(check)) for content, check in grade_task(_bench(plan, alone), task)]
    except BadInput as problem:
        return _answer(refused=str(problem))
    except BaseException:
        _let_go()
        raise
    sandbox: Sandbox = _own.sandbox
    return _answer(verdicts=verdicts, worker=_address(), isolation=sandbox.name, protection=sandbox.protection())


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)


def _answer(**facts: Any) -> bytes:
    return zlib.compress(json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"))


def _bench(plan: Plan, alone: bool) -> Bench:
    wanted = (*_limits(plan), alone)
    if _kept() is not None and _own.made_for != wanted:
        _let_go()
    if _kept() is None:
        slot = _take_slot()
        if hasattr(os, "sched_setaffinity"):
            processors = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {processors[slot % len(processors)]})
        sandbox = _own.sandbox = prepare([], plan.database, plan.seconds, plan.chapter_limit, plan.submission_limit)
        _own.bench = Bench(plan.database, sandbox.limits, jobs=1, isolation=sandbox.isolation(slot), alone=alone)
        _own.made_for = wanted
        atexit.register(_own.bench.close)
    bench: Bench = _own.bench
    return bench


def _kept() -> Bench | None:
    """The bench of this thread."""
    return getattr(_own, "bench", None)


def _let_go() -> None:
    """Close the bench of this thread, so that the next submission gets a new one."""
    if (bench := _kept()) is not None:
        _own.bench = None
        bench.close()


def _limits(plan: Plan) -> tuple[object, ...]:
    return plan.database, plan.seconds, plan.chapter_limit, plan.submission_limit


def _take_slot() -> int:
    """A number that no other worker on this machine has; it is free again when this process has ended."""
    if (slot := getattr(_own, "slot", None)) is not None:
        return int(slot)
    try:
        import fcntl
    except ImportError:
        return 0
    folder = Path(tempfile.gettempdir(), f"workbook-slots-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    made = folder.lstat()
    if not stat.S_ISDIR(made.st_mode) or made.st_uid != os.getuid() or made.st_mode & 0o077:
        return os.getpid() % _MOST_SLOTS  # somebody else has put something there
    for number in range(_MOST_SLOTS):
        lock = -1
        try:
            lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with suppress(OSError):
                os.close(lock)
            continue
        _own.slot, _own.lock = number, lock
        return number
    return 0
