"""In the child: what every check of a job finds as the first one did: folder, environment, outputs, threads, ..."""

from __future__ import annotations

import os
import sys
import tempfile
from _thread import _count as count_threads
from contextlib import suppress
from pathlib import Path
from threading import Thread, _DummyThread
from threading import enumerate as all_threads
from typing import Any

from grader.lab.outputs import Outputs

# A file gets the lowest number that is free, so that these are only given where many were never closed: some of the
# 256 that a process may have (`Limits.open_files`), because others are closed and given anew.
_HIGH_NUMBERS = range(100, 256, 25)


class Surroundings:
    """Remembers how they are now.

    Args:
        root: the working directory of every check.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._environment, self._path = dict(os.environ), list(sys.path)
        self._outputs = Outputs()
        self._start_method = getattr(_processes(), "_actual_context", None)
        self._threads = all_threads()
        self._begun: int | None = None  # how many threads there are before any code of the learner's

    def restore(self) -> None:
        """Make them what they were; a thread that still runs cannot be undone."""
        if self._begun is None:
            self._begun = count_threads()
        os.chdir(self._root)
        if dict(os.environ) != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        sys.path[:] = self._path
        self._outputs.restore()
        if (processes := _processes()) is not None:
            vars(processes)["_actual_context"] = self._start_method

    def are_lost(self) -> bool:
        """Whether only a new process has them: a thread goes on, or hardly a file can be opened any more."""
        return self._still_running() or any(map(_is_open, _HIGH_NUMBERS))

    def _still_running(self) -> bool:
        """Whether a thread that was not there at first goes on; those of a finished check get a moment to end."""
        known = [*map(id, self._threads)]
        strangers = [thread for thread in all_threads() if id(thread) not in known]
        for thread in strangers:  # one of a class that is derived from Python's may say what it likes
            with suppress(Exception):  # one that was not begun by the threading module cannot be waited for
                Thread.join(thread, 0.05)
        # One that the threading module did not begin, and that has asked for its name, has no lock to tell.
        others = any(isinstance(thread, _DummyThread) for thread in strangers)
        if others and self._begun is not None and count_threads() > self._begun:
            return True
        return any(Thread.is_alive(thread) for thread in strangers if not isinstance(thread, _DummyThread))


def _processes() -> Any:
    """What keeps the start method of ``multiprocessing``, which may be set once only; None where nobody has used it."""
    return getattr(sys.modules.get("multiprocessing.context"), "_default_context", None)


def _is_open(number: int) -> bool:
    """Whether an open file has this number."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def enter(root: str, url: str) -> None:
    """Set up the surroundings of a job's checks.

    Args:
        root: the staged submission, whose package ``app`` is to be imported.
        url: URL of the database.
    """
    os.environ["DATABASE_URL"] = url
    os.environ["HOME"] = root  # what code keeps there, it keeps in the only folder that is its own
    os.environ.update(dict.fromkeys(("LOGNAME", "USER"), "learner"))  # no account has the number of a child's user
    folder = Path(root, ".tmp")
    folder.mkdir(exist_ok=True)
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
    tempfile.tempdir = None
    sys.path.insert(0, root)
