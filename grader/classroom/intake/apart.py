"""Command: reads submissions in a process of its own, which is given up when one takes too much time or memory."""

from __future__ import annotations

import json
import math
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from grader.bench.isolation import cleaned_environment
from grader.bench.temporary import disk_full
from grader.classroom.intake.entry import Source
from grader.classroom.intake.reading import read
from grader.classroom.intake.submission import Chapter, Submission, Unreadable
from grader.places import PROJECT
from grader.rules import CHAPTERS

# Of wall time, and of processor time, which is the same whatever runs beside it.
SECONDS, _PROCESSOR_SECONDS = 60.0, 15
# How often, and for how many seconds, to wait for a disk to have room again.
_MOST_WAITS, _PAUSE = 10, 1.0
_MEMORY = 768 * 1024 * 1024
_PROGRAM = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from grader.classroom.intake.apart import main; main()"


class Reader:
    """Reads one submission after the other.

    Args:
        seconds: the longest time for one of them.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, sources: Sequence[Source], selected: Sequence[str] = CHAPTERS) -> Submission:
        """Read a submission; arguments as for `grader.classroom.intake.read`.

        Raises:
            Unreadable: nothing of it can be used.
            BadInput: the disk is full, and stays so: what is read beside this may have filled it for a moment.
        """
        for _ in range(_MOST_WAITS):
            told = self._told(sources, selected)
            if "full" not in told:
                break
            time.sleep(_PAUSE)
        return _unpacked(told)

    def _told(self, sources: Sequence[Source], selected: Sequence[str]) -> dict[str, Any]:
        """What the process tells of a submission.

        Raises:
            Unreadable: it takes too long, or the process ends.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            asked = [[[str(source.path.absolute()), source.name] for source in sources], list(selected)]
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
            answer = self._answers.get(timeout=self._seconds)
        except queue.Empty:
            self._end()
            raise Unreadable(f"it takes longer than {self._seconds:g} s to read") from None
        except OSError:
            answer = b""
        if not answer:
            if self._end() == -getattr(signal, "SIGXCPU", 0):
                raise Unreadable(f"it takes longer than {_PROCESSOR_SECONDS} s to read")
            raise Unreadable("it takes too much memory to read, or it is broken")
        told: dict[str, Any] = json.loads(answer)
        return told

    def _start(self) -> subprocess.Popen[bytes]:
        process = self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=cleaned_environment(),
        )
        answers = self._answers = queue.SimpleQueue()

        def hear() -> None:
            assert process.stdout is not None
            with process.stdout, suppress(OSError, ValueError):
                for line in process.stdout:
                    answers.put(line)
            answers.put(b"")

        threading.Thread(target=hear, daemon=True).start()
        return process

    def _end(self) -> int:
        """End the process; the status with which it has ended, or would have."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2 if process.poll() is None else 0.0)  # it may be about to end by itself
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10.0)
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
        return process.returncode or 0 if process is not None else 0


def main() -> None:
    """Read the submissions whose sources come line by line as JSON; answer with a line of JSON each."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin.buffer:
        _limit_time()
        sources, selected = json.loads(line)
        told = _packed([Source(Path(path), name) for path, name in sources], selected)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def _limit_time() -> None:
    """Let what is read next take so much time of the processor, and no more."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + _PROCESSOR_SECONDS, most))


def _packed(sources: Sequence[Source], selected: Sequence[str]) -> dict[str, Any]:
    try:
        submission = read(*sources, selected=selected)
    except Unreadable as reason:
        return {"unreadable": str(reason)}
    except OSError:
        return {"full": tempfile.gettempdir()}
    chapters = {
        name: {"refused": chapter.refused, "files": chapter.to_texts()} for name, chapter in submission.chapters.items()
    }
    return {"chapters": chapters, "notes": submission.notes}


def _unpacked(told: dict[str, Any]) -> Submission:
    if "full" in told:
        raise disk_full(told["full"])
    if "unreadable" in told:
        raise Unreadable(told["unreadable"])
    chapters = {
        name: Chapter(Chapter.from_texts(chapter["files"]).files, chapter["refused"])
        for name, chapter in told["chapters"].items()
    }
    return Submission(chapters, tuple(told["notes"]))
