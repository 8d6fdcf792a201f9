"""Verdict process: what one check, or one process of the learner's code, may use."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader import BadInput

# Processes and threads of a user of its own.
PROCESSES = 64
_WHERE_THEY_ARE_COUNTED = Path("/proc/loadavg")


@dataclass(frozen=True)
class Limits:
    """What one check, or one process of the learner's code, may use; 0 for no limit.

    Attributes:
        seconds: wall time of a check.
        memory: of a process, in MiB.
        cpu_seconds: processor time of a process.
        file_size: of one file, in MiB.
        processes: processes and threads at a time; counted for a whole user, so only for a user of its own (see also
            `processes_for_all`).
        open_files: open files of a process.
        chapter: wall time of all checks of a chapter.
        submission: wall time of all checks of a submission.
    """

    seconds: float = 10.0
    memory: int = 2048
    cpu_seconds: int = 120
    file_size: int = 64
    processes: int = 0
    open_files: int = 256
    chapter: float = 60.0
    submission: float = 180.0


# For a look at what nobody has asked for: it must not hold up an answer.
QUICK = Limits(seconds=3.0, chapter=12.0, submission=12.0)

# How much longer than a check a chapter, and a submission, may take, where nothing else is said.
_CHECKS_IN_A_CHAPTER, _CHECKS_IN_A_SUBMISSION = 6, 18


def limits_for(seconds: float, chapter: float | None = None, submission: float | None = None) -> Limits:
    """The usual limits, with the times that options give.

    Args:
        seconds: longest time for a check, ``--time-limit``.
        chapter: for a chapter, ``--chapter-limit``; in proportion to `seconds` when not given.
        submission: for a submission, ``--submission-limit``; in proportion to `seconds` when not given.

    Raises:
        BadInput: that is too little or too much.
    """
    if not 0.1 <= seconds <= 3600:
        raise BadInput("Give --time-limit as a number of seconds from 0.1 to 3600.")
    for name, given in (("--chapter-limit", chapter), ("--submission-limit", submission)):
        if given is not None and not seconds <= given <= 1_000_000:
            raise BadInput(f"Give {name} as a number of seconds, at least those that --time-limit gives one check.")
    return Limits(
        seconds=seconds,
        chapter=chapter or seconds * _CHECKS_IN_A_CHAPTER,
        submission=submission or seconds * _CHECKS_IN_A_SUBMISSION,
    )


def processes_for_all() -> int:
    """The limit for a child that has no user of its own: all processes and threads that there are, and 1,000 more.

    The kernel counts those of the user, whose other programs must not suffer. Where the user may have so few that a
    child could use them up, some are left to the grader. 0, for no limit, where nobody tells.
    Sources: Linux, "proc_loadavg(5)" and "getrlimit(2)".
    """
    with suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        there = int(_WHERE_THEY_ARE_COUNTED.read_text().split()[3].partition("/")[2])
        of_the_user = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        most = there + 1000
        if of_the_user != resource.RLIM_INFINITY:
            most = min(most, of_the_user - min(PROCESSES, of_the_user // 4))
        return most
    return 0
