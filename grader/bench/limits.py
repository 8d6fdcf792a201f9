"""Verdict process: what one check, or one process of the learner's code, may use."""

from __future__ import annotations

from dataclasses import dataclass

from grader import BadInput


@dataclass(frozen=True)
class Limits:
    """What one check, or one process of the learner's code, may use; 0 for no limit.

    Attributes:
        seconds: wall time of a check.
        memory: of a process, in MiB.
        cpu_seconds: processor time of a process.
        file_size: of one file, in MiB.
        processes: processes and threads at a time; counted for a whole user, so only for a user of its own.
        open_files: open files of a process.
    """

    seconds: float = 10.0
    memory: int = 2048
    cpu_seconds: int = 120
    file_size: int = 64
    processes: int = 0
    open_files: int = 256


def limits_for(seconds: float) -> Limits:
    """The usual limits, with the time that the option ``--time-limit`` gives a check.

    Raises:
        BadInput: that is too little or too much.
    """
    if not 0.1 <= seconds <= 3600:
        raise BadInput("Give --time-limit as a number of seconds from 0.1 to 3600.")
    return Limits(seconds=seconds)
