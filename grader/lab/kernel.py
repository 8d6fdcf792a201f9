"""In server and child: system calls that Python has no functions for (Linux)."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import Any

_NO_NEW_PRIVILEGES = 38


@cache
def _libc() -> Any:
    if sys.platform != "linux":
        raise AttributeError("these are system calls of Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def call(number: int, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: the kernel refuses.
        AttributeError: this is not Linux.
    """
    result = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def control(option: int, *arguments: int) -> int:
    """Change how the kernel treats this process (``prctl``).

    Raises:
        OSError: the kernel refuses.
        AttributeError: this is not Linux.
    """
    words = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    result = int(_libc().prctl(ctypes.c_int(option), *words))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def keep_new_programs_from_gaining_rights() -> None:
    """Let no program that this process starts have more rights than it has, whatever its file says."""
    control(_NO_NEW_PRIVILEGES, 1)
