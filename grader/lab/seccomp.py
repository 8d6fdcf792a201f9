"""In the child: system calls that code under test has no use for are refused (Linux on x86-64 and ARM64).

Landlock says what may be opened; this covers what needs no opening: programs and processes, signals, sockets, modes
and owners and times of files, limits of other processes, machine code that is not there yet
(`grader.lab.machine_code`), and whatever of the kernel outlives a process.

Some of these calls stand in code that is right: `shutil.copy` copies a file's mode, too. Where nothing depends on
their effect, they succeed and do nothing; where there is another way, they are said not to exist.
Sources: the Linux kernel's documentation, "Seccomp BPF (SECure COMPuting with filters)"; linux/audit.h, the tables
of system calls in arch/x86/entry/syscalls and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence

from grader.lab.kernel import call, control, keep_new_programs_from_gaining_rights

# By name: the number on x86-64, and on ARM64; None where there is no such call.
_Calls = dict[str, tuple[int | None, int | None]]

_WITHOUT_EFFECT: _Calls = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
}
# Whoever calls these knows what to do on a system that does not have them.
_UNKNOWN: _Calls = {
    "clone3": (435, 435),
    "openat2": (437, 437),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),  # memory that counts for no process
    "memfd_secret": (447, 447),
    "fork": (57, None),
    "vfork": (58, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
}
# Room on the disk beyond the size of a file, which is what is limited: whoever asks for it goes on without.
_UNSUPPORTED: _Calls = {"fallocate": (285, 47)}
_REFUSED: _Calls = {
    # programs
    "execve": (59, 221),
    "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "kcmp": (312, 272),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # files by other ways than opening them
    "file_setattr": (469, 469),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "fanotify_init": (300, 262),
    "inotify_add_watch": (254, 27),
    # what outlives the process
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # who is waited for
    "listen": (50, 201),
    # the machine
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "iopl": (172, None),
    "ioperm": (173, None),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "personality": (135, 92),
}
# Only about the process itself: their first argument, a process number, has to be 0.
_ON_ITSELF: _Calls = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
# Signals: their first argument has to be this process.
_SIGNALS: _Calls = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
_IOCTL = (16, 29)
_CLONE, _FCNTL, _OPEN, _OPENAT = (56, 220), (72, 25), (2, None), (257, 56)
_SOCKET, _SOCKETPAIR = (41, 198), (53, 199)
_UTIMENSAT = (280, 88)
_TRUNCATE: _Calls = {"truncate": (76, 45)}

_THREAD = 0x00010000  # of clone: a thread, and no process
_TRUNCATES, _ACCESS_MODE = 0o1000, 0o3  # of open; the second is 0 for reading
# Of fcntl: who is told of what happens to a file, with a signal of one's choice; and leases, which hold others up.
_FILE_SIGNALS = (8, 10, 15, 1024)
_SOCKET_SIGNALS = (0x8901, 0x8902, 0x5412)  # of ioctl: the same for sockets; and typing into a terminal
# Of ioctl: what fallocate does; and in how large pieces a file grows.
_RESERVING = (0x40305828, 0x4030582A, 0x40305839, 0x401C5820)
_STREAM, _DATAGRAM, _KIND = 1, 2, 0xF  # of sockets: their kind, without the flags
_DEFAULT, _TCP = 0, 6  # of sockets: their protocol; others connect in ways that Landlock does not know
# Of what sends: the number of the flags' argument; one of them connects.
_SENDING = (((44, 206), 3), ((46, 211), 2), ((307, 269), 3))
_AND_CONNECTS = 0x20000000
# Of mmap: memory that is shared counts for no process as long as a page of it is kept.
_MMAP, _SHARED, _ANONYMOUS = (9, 222), 0x01, 0x20
# What makes machine code of memory: their third argument says so.
_PROTECTING: _Calls = {"mprotect": (10, 226), "pkey_mprotect": (329, 288)}
_EXECUTABLE = 0x4

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "arm64": (1, 0xC00000B7)}
_SECCOMP = (317, 277)
_SET_FILTER, _NO_SLOWDOWN, _PR_SET_SECCOMP, _PR_FILTER = 1, 1 << 2, 22, 2
_ALLOW, _ANSWER, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
_CHUNK = 10

Step = tuple[int, int, int, int]
INTERNET_FAMILIES = (2, 10)
UNIX_FAMILY = 1


def is_known() -> bool:
    """Whether this machine's system calls are known here."""
    return sys.platform == "linux" and platform.machine() in _MACHINES and struct.calcsize("P") == 8


class Filter:
    """A program that the kernel asks about every system call.

    Args:
        families: address families of the sockets that may be opened all the same.
        datagrams: let those of the internet be datagram sockets, too.
        truncates: refuse to cut files short by their names, too: Landlock does not know of it here.
    """

    def __init__(self, families: Sequence[int] = (), truncates: bool = False, datagrams: bool = False) -> None:
        self._column, self._machine = _MACHINES[platform.machine()]
        answers = {
            **dict.fromkeys(self._numbers(_WITHOUT_EFFECT), _ANSWER),
            **dict.fromkeys(self._numbers(_UNKNOWN), _ANSWER | errno.ENOSYS),
            **dict.fromkeys(self._numbers(_UNSUPPORTED), _ANSWER | errno.EOPNOTSUPP),
            **dict.fromkeys(self._numbers(_REFUSED), _ANSWER | errno.EPERM),
            **dict.fromkeys(self._numbers(_TRUNCATE) if truncates else (), _ANSWER | errno.EPERM),
        }
        self._head = _packed([*self._beginning(), *self._files_and_memory(truncates)])
        self._tail = _packed(
            [*self._processes(), *self._sockets(families, datagrams), *_chunks(answers), (_RETURN, 0, 0, _ALLOW)]
        )

    def apply(self) -> None:
        """Let this process, and all that it starts, be asked about, for good.

        Raises:
            OSError: the kernel refuses.
        """
        program = self._head + _packed(self._signals(os.getpid())) + self._tail
        code = ctypes.create_string_buffer(program, len(program))
        filter_ = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)), 16)
        keep_new_programs_from_gaining_rights()
        try:
            # Older kernels slow a filtered process down unless they are asked not to.
            call(_SECCOMP[self._column], ctypes.c_uint(_SET_FILTER), ctypes.c_uint(_NO_SLOWDOWN), filter_)
        except OSError:
            control(_PR_SET_SECCOMP, _PR_FILTER, ctypes.addressof(filter_))

    def _numbers(self, calls: _Calls) -> list[int]:
        return [number for each in calls.values() if (number := each[self._column]) is not None]

    def _beginning(self) -> Iterator[Step]:
        """Only this machine's own calls; the number of the call is at hand from here on, at the start of each part."""
        yield from ((_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 1, 0, self._machine), (_RETURN, 0, 0, _KILL))
        yield (_LOAD, 0, 0, _NUMBER_AT)
        if self._column == 0:  # the same calls by other numbers
            yield from ((_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ANSWER | errno.ENOSYS))

    def _files_and_memory(self, truncates: bool) -> Iterator[Step]:
        # Without a time, `Path.touch` asks with it whether the file is there: it goes on by opening, which makes one.
        times = [*_load(2), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ANSWER | errno.EPERM), (_RETURN, 0, 0, _ANSWER)]
        yield from _if_called(_UTIMENSAT[self._column], times)
        yield from _if_called(_FCNTL[self._column], [*_load(1), *_refuse_if_equal(_FILE_SIGNALS)])
        yield from _if_called(_IOCTL[self._column], [*_load(1), *_refuse_if_equal((*_SOCKET_SIGNALS, *_RESERVING))])
        shared = [(_ANY_BIT, 0, 2, _ANONYMOUS), (_ANY_BIT, 0, 1, _SHARED), (_RETURN, 0, 0, _ANSWER | errno.ENOMEM)]
        no_code = [*_load(2), (_ANY_BIT, 0, 1, _EXECUTABLE), (_RETURN, 0, 0, _ANSWER | errno.EPERM)]
        yield from _if_called(_MMAP[self._column], [*no_code, *_load(3), *shared])
        for protecting in self._numbers(_PROTECTING):
            yield from _if_called(protecting, no_code)
        for each, at in ((_OPEN, 1), (_OPENAT, 2)) if truncates else ():
            number = each[self._column]
            if number is not None:  # a file that is opened to be read can be cut short by that
                writes = [(_AND, 0, 0, _ACCESS_MODE), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ANSWER | errno.EPERM)]
                yield from _if_called(number, [*_load(at), (_ANY_BIT, 0, 3, _TRUNCATES), *writes])

    def _signals(self, process: int) -> Iterator[Step]:
        allowed = (process, 0, -process & 0xFFFFFFFF)  # itself, and the group of which it is the first
        for number in self._numbers(_SIGNALS):
            yield from _if_called(number, [*_load(0), *_allow_if_equal(allowed)])

    def _processes(self) -> Iterator[Step]:
        steps = [(_ANY_BIT, 1, 0, _THREAD), (_RETURN, 0, 0, _ANSWER | errno.EPERM)]
        yield from _if_called(_CLONE[self._column], [*_load(0), *steps])
        for number in self._numbers(_ON_ITSELF):
            yield from _if_called(number, [*_load(0), *_allow_if_equal((0,))])

    def _sockets(self, families: Sequence[int], datagrams: bool) -> Iterator[Step]:
        # What is no stream can be sent to whoever listens, with file descriptors, and without being connected.
        streams = [*_load(1), (_AND, 0, 0, _KIND), *_allow_if_equal((_STREAM,))]
        yield from _if_called(_SOCKETPAIR[self._column], streams)
        kind = [*_load(1), (_AND, 0, 0, _KIND)]
        protocol = [*_load(2), *_allow_if_equal((_DEFAULT, _TCP))]
        of_internet = [*kind, *_skip_unless_equal(_STREAM, protocol)]
        of_internet += _allow_if_equal((_DATAGRAM,) if datagrams else ())
        steps = _load(0)
        for family in sorted(families):
            steps += _skip_unless_equal(family, streams if family == UNIX_FAMILY else of_internet)
        yield from _if_called(_SOCKET[self._column], [*steps, *_allow_if_equal(())])
        for each, at in _SENDING if families else ():
            refused = [(_ANY_BIT, 0, 1, _AND_CONNECTS), (_RETURN, 0, 0, _ANSWER | errno.EPERM)]
            yield from _if_called(each[self._column], [*_load(at), *refused])


def _load(argument: int) -> list[Step]:
    """Take an argument of the call, of which the lower half counts, to hand."""
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)]


def _if_called(number: int, steps: Sequence[Step]) -> list[Step]:
    """Do this if it is this call; it is allowed if none of the steps answers."""
    return [(_EQUAL, 0, len(steps) + 1, number), *steps, (_RETURN, 0, 0, _ALLOW)]


def _skip_unless_equal(value: int, steps: Sequence[Step]) -> list[Step]:
    """Do this if what is at hand is this value; the steps answer, or it is still at hand after them."""
    return [(_EQUAL, 0, len(steps), value), *steps]


def _allow_if_equal(values: Iterable[int]) -> list[Step]:
    allowed = [step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW))]
    return [*allowed, (_RETURN, 0, 0, _ANSWER | errno.EPERM)]


def _refuse_if_equal(values: Iterable[int]) -> list[Step]:
    return [step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ANSWER | errno.EPERM))]


def _chunks(answers: dict[int, int]) -> Iterator[Step]:
    """Answer calls by their numbers; what is not among them passes over whole chunks of these."""
    numbers = sorted(answers)
    for first in range(0, len(numbers), _CHUNK):
        chunk = numbers[first : first + _CHUNK]
        yield (_AT_LEAST, 2 * len(chunk), 0, chunk[-1] + 1)
        for number in chunk:
            yield from ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, answers[number]))


def _packed(steps: Iterable[Step]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
