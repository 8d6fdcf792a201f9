"""Command: reads submissions in a process of its own, which is given up when one takes too much time or memory."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from grader.bench.isolation import cleaned_environment
from grader.classroom.intake.reading import read
from grader.classroom.intake.submission import Chapter, Submission, Unreadable
from grader.starters import PROJECT

SECONDS = 60.0
_MEMORY = 1024 * 1024 * 1024
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

    def read(self, path: Path) -> Submission:
        """Read a submission.

        Args:
            path: its folder or archive.

        Raises:
            Unreadable: nothing of it can be used.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(str(path)).encode() + b"\n")
            process.stdin.flush()
            answer = self._answers.get(timeout=self._seconds)
        except queue.Empty:
            self._end()
            raise Unreadable(f"it takes longer than {self._seconds:g} s to read") from None
        except OSError:
            answer = b""
        if not answer:
            self._end()
            raise Unreadable("it takes too much memory to read, or it is broken")
        return _unpacked(json.loads(answer))

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

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10.0)
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()


def main() -> None:
    """Read the submissions whose paths come line by line as JSON; answer with a line of JSON each."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(_packed(Path(json.loads(line)))) + "\n")
        sys.stdout.flush()


def _packed(path: Path) -> dict[str, Any]:
    try:
        chapters = read(path).chapters
    except Unreadable as reason:
        return {"unreadable": str(reason)}
    return {
        name: {
            "refused": chapter.refused,
            "files": {path: text.decode("latin-1") for path, text in chapter.files.items()},
        }
        for name, chapter in chapters.items()
    }


def _unpacked(told: dict[str, Any]) -> Submission:
    if "unreadable" in told:
        raise Unreadable(told["unreadable"])
    chapters = {}
    for name, chapter in told.items():
        files = {path: text.encode("latin-1") for path, text in chapter["files"].items()}
        chapters[name] = Chapter(files, chapter["refused"])
    return Submission(chapters)
