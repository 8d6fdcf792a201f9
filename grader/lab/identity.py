"""In the child: who it is where root has started it: a user of its own, with no right that others do not have."""

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import suppress
from pathlib import Path

from grader.lab.kernel import call, control

# The call that tells of them; the next one sets them.
_CAPABILITIES = {"x86_64": 125, "aarch64": 90, "arm64": 90}
_CAPABILITIES_VERSION = 0x20080522
_KEEP_CAPABILITIES, _DROP_FROM_BOUNDS = 8, 24
_READ_AND_PASS = 2  # CAP_DAC_READ_SEARCH
_MOST_CAPABILITIES = 64


def become(user: int, root: Path, *, readable: bool, walled: bool) -> None:
    """Become another user, to whom nothing belongs but a folder.

    Where Python lies in a folder that is closed to others (``/root``), that user keeps one of root's rights, to read
    whatever the modes say, if there are walls that say what may be read. If there are none, root stays root, without
    any of root's rights.

    Args:
        user: number of the user and the group.
        root: the folder.
        readable: others can read what the code needs.
        walled: there are walls.
    """
    keeps_reading = not readable and walled and _holds(_READ_AND_PASS)
    if not readable and not keeps_reading:
        user = 0
    if root.stat().st_uid != user:
        _give(root, user)
    os.setgroups([])
    if user:
        if keeps_reading:
            control(_KEEP_CAPABILITIES, 1)
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    else:
        for number in range(_MOST_CAPABILITIES):
            with suppress(OSError, AttributeError):
                control(_DROP_FROM_BOUNDS, number)
    if keeps_reading or not user:
        _hold_only(1 << _READ_AND_PASS if keeps_reading else 0)


def _give(folder: Path, user: int) -> None:
    """Give the folders of a folder to a user, and the files that only their owner may read."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _give(Path(entry.path), user)
            elif not entry.stat(follow_symlinks=False).st_mode & stat.S_IROTH:
                os.chown(entry.path, user, user, follow_symlinks=False)
    os.chown(folder, user, user)


def can_be_read_by_others(path: Path) -> bool:
    """Whether everybody can pass to a path, and read it if it is a file."""
    with suppress(OSError):
        mode = path.stat().st_mode
        own = mode & stat.S_IXOTH if stat.S_ISDIR(mode) else mode & stat.S_IROTH
        return bool(own) and all(each.stat().st_mode & stat.S_IXOTH for each in path.parents)
    return True


def _holds(capability: int) -> bool:
    """Whether this process has one of root's rights."""
    if os.uname().machine not in _CAPABILITIES:
        return False
    header, data = _header(), (ctypes.c_uint32 * 6)()
    call(_CAPABILITIES[os.uname().machine], header, data)
    return bool(data[0] & 1 << capability)


def _hold_only(capabilities: int) -> None:
    """Hold these of root's rights and no others. Source: Linux manual pages, capset(2)."""
    if os.uname().machine in _CAPABILITIES:
        data = (ctypes.c_uint32 * 6)(capabilities, capabilities, 0, 0, 0, 0)
        call(_CAPABILITIES[os.uname().machine] + 1, _header(), data)


def _header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
