"""Attacks on what lies around the code under test: each is tried, and the code prints which have succeeded."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from tests import PROJECT

# What each attack is, and the line of code that succeeds unless it raises. VICTIM is a folder of somebody else's.
READING = {
    "read a solution": "open(f'{PROJECT}/solutions/05_crud/app/crud.py').read()",
    "list the solutions": "os.listdir(f'{PROJECT}/solutions')",
    "read a test": "open(f'{PROJECT}/tests/cases.py').read()",
    "read the grader's source": "open(f'{PROJECT}/grader/rules.py').read()",
    "read the grader's cache": "open(glob_cache(), 'rb').read()",
    "read another submission": "open(f'{VICTIM}/file').read()",
    "read the repository": "os.listdir(f'{PROJECT}/.git') if os.path.isdir(f'{PROJECT}/.git') else open(f'{PROJECT}/.git').read()",  # noqa: E501
    "read the parent's environment": "open(f'/proc/{os.getppid()}/environ').read()",
    "read the parent's memory": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "read by a link": "os.symlink(f'{VICTIM}/file', 'link') or open('link').read()",
    "read by a hard link": "os.link(f'{VICTIM}/file', 'hard') or open('hard').read()",
    "read by descriptor": "os.open('file', os.O_RDONLY, dir_fd=os.open(VICTIM, os.O_PATH))",
    "read what the bench is told": "[open(f'/proc/self/fd/{n}', 'rb') for n in range(3, 256) if is_open(n)][0]",
    "read by ctypes": "1 / max(0, 1 + ctypes.CDLL(None).open(f'{VICTIM}/file'.encode(), 0))",
    "list the machine's keys": "os.listdir('/etc/ssl/private')",
    "change root": "os.chroot(VICTIM)",
}
WRITING = {
    "write another file": "open(f'{VICTIM}/file', 'a').write('x')",
    "make another file": "open(f'{VICTIM}/new', 'w').write('x')",
    "remove another file": "os.remove(f'{VICTIM}/old')",
    "rename another file": "os.rename(f'{VICTIM}/old2', f'{VICTIM}/older')",
    "move a file out": "open('mine', 'w') and os.rename('mine', f'{VICTIM}/mine')",
    "link a file out": "open('mine2', 'w') and os.link('mine2', f'{VICTIM}/mine2')",
    "make another folder": "os.mkdir(f'{VICTIM}/folder')",
    "cut a file short": "os.truncate(f'{VICTIM}/cut', 0)",
    "cut a file short by opening": "os.open(f'{VICTIM}/cut2', os.O_RDONLY | os.O_TRUNC)",
    "make a file everybody's": "changed(os.chmod, f'{VICTIM}/file', 0o777)",
    "set a file's time": "changed(os.utime, f'{VICTIM}/file', (1, 1))",
    "write into the grader": "open(f'{PROJECT}/grader/spoilt.tmp', 'w')",
    "write a cache of the grader's": "open(f'{PROJECT}/grader/lab/__pycache__/spoilt.tmp', 'w')",
    "leave something in /tmp": "open('/tmp/left-by-an-attack', 'w')",
    "leave shared memory": "open('/dev/shm/left-by-an-attack', 'w')",
    "fill memory that counts for nobody": "os.write(os.memfd_create('x'), b'x')",
    "fill memory that is shared": "mmap.mmap(-1, 1 << 20)",
    "fill memory by a device": "mmap.mmap(os.open('/dev/zero', os.O_RDONLY), 4096, prot=mmap.PROT_READ)",
    "take somebody's shared memory": "1 / (ctypes.CDLL(None, use_errno=True).shmat(999999, 0, 0) != -1 or ctypes.get_errno() != 1)",  # noqa: E501
    "reserve more of the disk than a file may have": "1 / max(0, 1 + ctypes.CDLL(None).fallocate(os.open('big', os.O_RDWR | os.O_CREAT), 1, ctypes.c_long(0), ctypes.c_long(1 << 20)))",  # noqa: E501
    "let a file grow in larger pieces than it may have": "1 / (ctypes.CDLL(None, use_errno=True).ioctl(-1, 0x401C5820, 0) != -1 or ctypes.get_errno() != 1)",  # noqa: E501
    "make a device": "os.mknod('disk', 0o60600, os.makedev(254, 0))",
    "write to the parent's limits": "open(f'/proc/{os.getppid()}/oom_score_adj', 'w').write('1000')",
}
REACHING = {
    "connect by TCP": "socket.create_connection(('127.0.0.1', PORT), 1)",
    "open a UDP socket": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "open a UNIX socket": "socket.socket(socket.AF_UNIX)",
    "open a netlink socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "open a pair of datagram sockets": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "open a pair of packet sockets": "socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)",
    "listen": "socket.create_server(('127.0.0.1', 0))",
}
STARTING = {
    "start a program": "subprocess.run(['/bin/true'], check=True)",
    "become a program": "os.execv('/bin/true', ['true']) if not os.fork() else os.wait()[1] and 1 / 0",
    "start a process": "os.waitpid(forked(), 0)",
    "detach a process": "os.fork() or (os.setsid(), os.fork(), os._exit(0))",
}
MAKING_CODE = {
    "make memory executable": "mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)",
    "map a file as code": "mmap.mmap(os.open(os.__file__, os.O_RDONLY), 0, mmap.MAP_PRIVATE, 5)",
}
SIGNALLING = {
    "signal the parent": "os.kill(os.getppid(), 0)",
    "signal everybody": "os.kill(-1, 0)",
    "signal the bench": "os.kill(BENCH, 0)",
    "be told by a signal": "fcntl.fcntl(os.open('.', os.O_RDONLY), fcntl.F_SETOWN, os.getppid())",
    "limit the parent": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE))",  # noqa: E501
    "move the parent": "os.sched_setaffinity(os.getppid(), os.sched_getaffinity(os.getppid()))",
    "follow the parent": "1 / max(0, 1 + ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)) and ctypes.CDLL(None).ptrace(17, os.getppid(), 0, 0)",  # noqa: E501
    "slow the parent down": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 1)",
}
ATTACKS = {**READING, **WRITING, **REACHING, **STARTING, **MAKING_CODE, **SIGNALLING}

_CODE = """
import ctypes, fcntl, glob, json, mmap, os, resource, socket, stat, subprocess
def glob_cache():
    return next(glob.iglob(f"{PROJECT}/grader/__pycache__/rules*.pyc"))
def is_open(number):
    try:
        return stat.S_IFMT(os.fstat(number).st_mode) in (stat.S_IFIFO, stat.S_IFSOCK)
    except OSError:
        return False
def changed(change, path, *how):
    before = os.stat(path)
    change(path, *how)
    after = os.stat(path)
    assert (before.st_mode, before.st_mtime) != (after.st_mode, after.st_mtime)
def forked():
    child = os.fork()
    if child == 0:
        os._exit(0)
    return child
if not os.path.exists("been here"):
    open("been here", "w").close()
    succeeded = []
    for name, line in ATTACKS.items():
        try:
            eval(line)
        except BaseException:
            continue
        succeeded.append(name)
    print("SUCCEEDED" + json.dumps(succeeded) + "END")
    raise RuntimeError
"""


def attacker(folder: Path, victim: Path, port: int, bench: int, attacks: dict[str, str] = ATTACKS) -> Path:
    """A submission that tries attacks when it is imported, and is right otherwise.

    Args:
        folder: where the submission is to be.
        victim: a folder of somebody else's; it is filled.
        port: where a server listens.
        bench: number of the process that gives the verdicts.
        attacks: which.
    """
    victim.mkdir(parents=True, exist_ok=True)
    for name in ("file", "old", "old2", "cut", "cut2"):
        (victim / name).write_text("somebody else's")
    shutil.copytree(PROJECT / "solutions/05_crud", folder / "05_crud", ignore=shutil.ignore_patterns("__pycache__"))
    facts = (
        f"ATTACKS = {attacks!r}\nPROJECT = {str(PROJECT)!r}\nVICTIM = {str(victim)!r}\nPORT = {port}\nBENCH = {bench}\n"
    )
    crud = folder / "05_crud/app/crud.py"
    crud.write_text(f"{crud.read_text()}\n{facts}{_CODE}")
    return folder


def succeeded(text: str) -> list[str]:
    """Which attacks have succeeded, as the code has printed it."""
    found = re.search(r"SUCCEEDED(\[.*?\])END", " ".join(text.replace("|", " ").split()), re.DOTALL)
    assert found is not None, text
    names: list[str] = json.loads(found[1])
    return names
