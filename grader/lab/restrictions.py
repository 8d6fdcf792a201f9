"""In the child: what it gives up before the learner's code runs: resources, and sight of the grader."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from grader.lab.job import Job
from grader.lab.relied import of_the_grader

_MEBIBYTE = 1024 * 1024


def limit(job: Job) -> None:
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


def raise_limit_of_open_files(most: int = 4096) -> None:
    """Let this process have so many files open, as far as it may: each place that a child may read is one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def stay_on(cpu: int) -> None:
    """Stay on one processor; -1 for any."""
    if cpu >= 0 and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {cpu})


class _NoGrader:
    """Refuses ``import grader`` to the code under test."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name.split(".")[0] == "grader":
            raise ModuleNotFoundError("the code under test cannot import the grader", name=name)


def hide_grader() -> None:
    """Let nobody import the grader any more."""
    for name in of_the_grader():
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _NoGrader())
