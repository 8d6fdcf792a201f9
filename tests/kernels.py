"""Runs programs as if the kernel had no Landlock and no seccomp, and as an ordinary user where the tests are root's."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from grader.lab import landlock, seccomp
from grader.lab.kernel import control

HAS_WALLS = sys.platform == "linux" and landlock.version() >= landlock.SIGNALS and seccomp.is_known()
NOBODY = 65534

_LANDLOCK = (444, 445, 446)
_PRCTL = {0: 157, 1: 167}


def take_walls_away() -> None:
    """Let this process, and all that it starts, find a kernel without Landlock and seccomp."""
    column, machine = seccomp._MACHINES[os.uname().machine]
    answer, missing = seccomp._ANSWER, errno.ENOSYS
    steps = [(seccomp._LOAD, 0, 0, 4), (seccomp._EQUAL, 1, 0, machine), (seccomp._RETURN, 0, 0, seccomp._KILL)]
    steps.append((seccomp._LOAD, 0, 0, 0))
    for number in (*_LANDLOCK, seccomp._SECCOMP[column]):
        steps += seccomp._if_called(number, [(seccomp._RETURN, 0, 0, answer | missing)])
    refused = [(seccomp._EQUAL, 0, 1, 22), (seccomp._RETURN, 0, 0, answer | errno.EINVAL)]
    steps += seccomp._if_called(_PRCTL[column], [*seccomp._load(0), *refused])
    steps.append((seccomp._RETURN, 0, 0, seccomp._ALLOW))
    program = seccomp._packed(steps)
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)), 16)
    control(38, 1)
    control(22, 2, ctypes.addressof(filter_))


WITHOUT_WALLS = "from tests.kernels import take_walls_away; take_walls_away()\n"


def as_ordinary_user(command: list[str]) -> list[str]:
    """A command, run by a user without rights; who may read what is root's, as that is where Python may lie."""
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    assert setpriv is not None
    rights = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    rights.append("--bounding-set=-all,+dac_read_search")
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *rights, *command]


def can_be_ordinary() -> bool:
    """Whether there is such a user here."""
    if os.geteuid() != 0:
        return True
    if shutil.which("setpriv") is None:
        return False
    done = subprocess.run(as_ordinary_user([sys.executable, "-c", "import sqlalchemy"]), capture_output=True)
    return done.returncode == 0


def give_to_ordinary_user(folder: Path) -> None:
    """Let that user pass to a folder, and own what is in it."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
