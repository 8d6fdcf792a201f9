"""In the child: the kernel's Landlock, with which a process gives up rights for itself and all that it starts (Linux).

It needs no rights of its own and no program. It decides about opening, making and removing files, about TCP, and
about signals; `grader.lab.seccomp` does the rest.
Source: the Linux kernel's documentation, "Landlock: unprivileged access control".
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from grader.lab.kernel import call, keep_new_programs_from_gaining_rights

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_FOR_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_MAKE_CHARACTER_DEVICE, _MAKE_BLOCK_DEVICE = 1 << 6, 1 << 11
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_OF_THE_FIRST_VERSION = (1 << 13) - 1
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1

# What a process may do with its own folder: nothing in it is a device.
_OWN = (_OF_THE_FIRST_VERSION | _REFER | _TRUNCATE) & ~(_MAKE_CHARACTER_DEVICE | _MAKE_BLOCK_DEVICE)
_WRITE = _READ_FILE | _WRITE_FILE | _TRUNCATE
_READ = _READ_FILE | _READ_DIR
# What a rule about a file, and not a folder, may grant.
_OF_A_FILE = (1 << 0) | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE

# Where the files of grants begin; a child's limit is lower (`grader.bench.limits`).
_ABOVE = 300

# From these versions on it knows about cutting files short, about TCP, and about signals.
TRUNCATING, NETWORK, SIGNALS = 3, 4, 6


def version() -> int:
    """The version of Landlock that the kernel has; 0 where it has none, or has it switched off."""
    with suppress(OSError, AttributeError):
        return call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_FOR_VERSION))
    return 0


class Grant:
    """Something that may be done below a path; nothing where the path does not exist.

    It holds on to the path's file, so that making a rule of it costs one system call.
    """

    def __init__(self, path: Path, rights: int) -> None:
        self.rights = rights
        self.place = -1
        with suppress(OSError):
            self.place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            if not stat.S_ISDIR(os.fstat(self.place).st_mode):
                self.rights &= _OF_A_FILE
            self.place = _moved_up(self.place)


def _moved_up(place: int) -> int:
    """The same file under a number above those that a child may open, so that it has all of them for itself."""
    import fcntl

    try:
        moved = fcntl.fcntl(place, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    except OSError:  # this process may not have so many
        return place
    os.close(place)
    return moved


def reading(path: Path) -> Grant:
    """Reading a file, or everything below a folder."""
    return Grant(path, _READ)


def listing(path: Path) -> Grant:
    """Seeing the names of what lies below a folder."""
    return Grant(path, _READ_DIR)


def writing(path: Path) -> Grant:
    """Writing to a file, a device above all."""
    return Grant(path, _WRITE)


def owning(path: Path) -> Grant:
    """Doing as one likes below a folder."""
    return Grant(path, _OWN)


def restrict(grants: Iterable[Grant], ports: Sequence[int] = ()) -> None:
    """Restrict this process, and all that it starts, to what is granted; for good.

    Args:
        grants: what may be done with files.
        ports: TCP ports to which it may connect.

    Raises:
        OSError: the kernel refuses.
    """
    known = version()
    files = _OF_THE_FIRST_VERSION
    files |= _REFER if known >= 2 else 0
    files |= _TRUNCATE if known >= TRUNCATING else 0
    files |= _IOCTL_DEVICE if known >= 5 else 0
    fields = [files]
    if known >= NETWORK:
        fields.append(_BIND_TCP | _CONNECT_TCP)
    if known >= SIGNALS:
        fields.append(_ABSTRACT_SOCKETS | _SIGNALS)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for grant in grants:
            if grant.place >= 0:
                rule = struct.pack("=Qi", grant.rights & files, grant.place)
                call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
        for port in ports if known >= NETWORK else ():
            rule = struct.pack("=QQ", _CONNECT_TCP, port)
            call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_NET_PORT), rule, ctypes.c_uint32(0))
        keep_new_programs_from_gaining_rights()
        call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
