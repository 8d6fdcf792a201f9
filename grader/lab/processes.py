"""In server and child: processes that learner code has left behind, and how none is lost sight of."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from grader.lab.kernel import call

_CLOSE_RANGE, _HIGHEST = 436, 0x7FFFFFFF


def adopt_orphans() -> None:
    """Make processes whose parent has gone children of this one (Linux)."""
    if sys.platform == "linux":
        pr_set_child_subreaper = 36
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def end_with_the_parent() -> None:
    """Let the system kill this process when its parent is killed (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)


def close_all_but(descriptor: int) -> None:
    """Close every file that a process has from its parent, but one, and its standard input and outputs."""
    for first, last in ((3, descriptor - 1), (max(2, descriptor) + 1, _HIGHEST)):
        try:
            if first <= last:
                call(_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(0))
        except (OSError, AttributeError):  # no such call here
            os.closerange(first, min(last + 1, 1024))


def kill_group(process: int) -> None:
    """Kill a process and those of its group."""
    with suppress(OSError):
        os.killpg(process, signal.SIGKILL)


def kill_strays(known: set[int]) -> None:
    """Kill the children of this process that are not known."""
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
