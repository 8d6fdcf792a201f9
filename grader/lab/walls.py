"""In the child: the walls around the code under test, put up before any of it runs, and tried.

It may read Python and its libraries, and do as it likes in its own folder: it sees neither the project nor other
submissions. It reaches no network, except the PostgreSQL on which its checks run, starts no programs and no processes,
and sends signals to nobody but itself. Linux has what this takes, `grader.lab.landlock` and `grader.lab.seccomp`; where
something is missing, it is left open, and said.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from grader.lab import identity, landlock, machine_code, seccomp
from grader.lab.restrictions import raise_limit_of_open_files
from grader.places import (
    IS_INSTALLED,
    OF_PYTHON,
    PACKAGE,
    PREFIXES,
    PROJECT,
    SHARED,
    libraries_in,
    library_folders,
    other_courses,
)

_SETTINGS = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone", "/etc/os-release"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/resolv.conf", "/etc/host.conf"),
    *("/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/mime.types"),
    # Certificates, and not the keys beside them.
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf"),
    *("/etc/ca-certificates", "/etc/crypto-policies", "/etc/alternatives", "/etc/debian_version"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/loadavg", "/sys/devices/system/cpu"),
    *("/dev/random", "/dev/urandom"),
)
_WRITABLE_DEVICES = ("/dev/null", "/dev/full")

# What is open where there is no wall, in the order in which it is told.
FILES, NETWORK, PROCESSES, SIGNALS = "files", "network", "processes", "signals"


@dataclass(frozen=True)
class Sockets:
    """The sockets that code may open.

    Attributes:
        families: their address families.
        ports: TCP ports to which they may connect.
        datagrams: they may send datagrams: that is how the server's name is looked up.
    """

    families: tuple[int, ...] = ()
    ports: tuple[int, ...] = ()
    datagrams: bool = False


def sockets_for(url: str) -> Sockets:
    """The sockets that the database of this URL takes."""
    if not url.startswith("postgresql"):
        return Sockets()
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    if host.startswith("/"):
        return Sockets((seccomp.UNIX_FAMILY,))
    port = int(parse_qs(parts.query).get("port", [""])[0] or parts.port or 5432)
    return Sockets(seccomp.INTERNET_FAMILIES, (port,), datagrams=not _is_an_address(host))


def _is_an_address(host: str) -> bool:
    """Whether nobody has to be asked where this is."""
    with suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return host == "localhost"


class Walls:
    """The walls, prepared once, so that a child has little to do.

    Args:
        hidden: folders that code must not see, wherever they lie; the project is always among them.
    """

    def __init__(self, hidden: Sequence[Path] = ()) -> None:
        self._hidden = [path.resolve() for path in (*_parts_of_the_project(), *hidden)]
        self._version = landlock.version()
        self._filters: dict[Sockets, seccomp.Filter] = {}
        self._grants: list[landlock.Grant] = []
        self._readable = list(dict.fromkeys(_readable()))
        self._open_to_others: bool | None = None
        if seccomp.is_known():
            machine_code.load_pythons_own()
        if self._version:
            granted: dict[Path, Callable[[Path], landlock.Grant]] = {}
            for path in self._readable:
                granted |= _granted(path, self._hidden)
            self._grants += [grant(path) for path, grant in granted.items()]
            self._grants += [landlock.writing(Path(name)) for name in _WRITABLE_DEVICES]
        self.prepare(Sockets())

    def prepare(self, sockets: Sockets) -> None:
        """Get ready for code that may open these sockets."""
        if seccomp.is_known() and sockets not in self._filters:
            self._filters[sockets] = seccomp.Filter(
                sockets.families, truncates=self._version < landlock.TRUNCATING, datagrams=sockets.datagrams
            )

    def enclose(self, root: Path, url: str, user: int = -1) -> list[str]:
        """Put this process, and all that it starts, behind the walls, for good.

        Args:
            root: its own folder.
            url: URL of its database.
            user: number of the user and group that it becomes; -1 for no other.

        Returns:
            What is open all the same (`open_to`).
        """
        sockets = sockets_for(url)
        self.prepare(sockets)
        if user >= 0:
            walled = bool(self._version and self._filters)
            identity.become(user, root, readable=self._is_readable_by_others(root.parent), walled=walled)
        if self._version:
            with suppress(OSError):
                landlock.restrict([*self._grants, landlock.owning(root)], sockets.ports)
        if self._filters:
            machine_code.load_named(root)
            with suppress(OSError):
                self._filters[sockets].apply()
        return open_to(sockets)

    def _is_readable_by_others(self, workshop: Path) -> bool:
        """Whether another user can read what code needs, and pass to its folder."""
        if self._open_to_others is None:
            places = (*self._readable, workshop)
            self._open_to_others = all(identity.can_be_read_by_others(path) for path in places)
        return self._open_to_others


def open_to(sockets: Sockets) -> list[str]:
    """What is open to this process, of all that should not be: each is tried."""
    found = []
    if _can_read(PACKAGE / "__init__.py"):
        found.append(FILES)
    if _can_open_a_socket() and not sockets.families:
        found.append(NETWORK)
    if sys.platform != "linux" or not seccomp.is_known() or _can_change_modes():
        found.append(PROCESSES)
    if _can_send_signals():
        found.append(SIGNALS)
    return found


def _is_refused(error: OSError) -> bool:
    """Whether it is the walls that say no; too many open files say nothing about them."""
    return error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def _can_read(file: Path) -> bool:
    try:
        os.close(os.open(file, os.O_RDONLY))
    except OSError as error:
        return not _is_refused(error)
    return True


def _can_open_a_socket() -> bool:
    try:
        socket.socket().close()
    except OSError as error:
        return not _is_refused(error)
    return True


def _can_change_modes() -> bool:
    """Whether calls go through that are answered without effect: this one would say that there is no such file."""
    try:
        os.chmod("", 0)  # noqa: PTH101  (no path at all)
    except OSError:
        return True
    return False


def _can_send_signals() -> bool:
    parent = os.getppid()
    if not hasattr(signal, "SIGKILL") or parent == 0:  # in a container it may be nobody
        return not hasattr(signal, "SIGKILL")
    with suppress(OSError):
        os.kill(parent, 0)
        return True
    return False


def _parts_of_the_project() -> list[Path]:
    """What of the project code must not see: all of it; among the libraries the grader, which holds the course."""
    return [PACKAGE if IS_INSTALLED else PROJECT, *other_courses()]


def _readable() -> Iterator[Path]:
    """Where Python, its libraries and the system's are, and what they read."""
    for prefix in PREFIXES:
        yield from (Path(prefix, name).resolve() for name in OF_PYTHON if Path(prefix, name).exists())
    for folder in library_folders():
        yield from libraries_in(folder)
    for entry in sys.path:
        place = Path(entry).resolve()
        if entry and place.exists() and place != PROJECT and _holds_libraries(place):
            yield place
    if IS_INSTALLED:
        yield PROJECT
    yield from (Path(name).resolve() for name in (*SHARED, "/nix/store", *_SETTINGS) if Path(name).exists())


def _holds_libraries(place: Path) -> bool:
    """Whether a place of modules is one of libraries: somebody's own project is not, nor another copy of this one."""
    of_python = any(place.is_relative_to(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix))
    names = (place / name for name in ("fastapi", "sqlalchemy", "pydantic", "sqlmodel", "psycopg"))
    return of_python or place.name in ("site-packages", "dist-packages") or any(map(Path.is_dir, names))


def _granted(path: Path, hidden: Sequence[Path]) -> Iterator[tuple[Path, Callable[[Path], landlock.Grant]]]:
    """Reading what is below a path, without what is hidden there: paths, and what each is granted."""
    if any(path.is_relative_to(each) and not _holds_the_library(each, path) for each in hidden):
        return
    within = [each for each in hidden if each != path and each.is_relative_to(path)]
    if not within:
        yield path, landlock.reading
        return
    yield path, landlock.listing  # the names may be seen, as Python looks for modules by them
    with suppress(OSError):
        for entry in sorted(path.iterdir()):
            yield from _granted(entry.resolve(), hidden)


def _holds_the_library(hidden: Path, path: Path) -> bool:
    """Whether a path belongs to the library of the Python that runs, and that lies in a hidden folder: ``.venv``."""
    libraries = [Path(prefix, name).resolve() for prefix in PREFIXES for name in ("lib", "lib64", *OF_PYTHON)]
    return any(path.is_relative_to(each) and each.is_relative_to(hidden) for each in libraries)


def main() -> None:
    """Say as JSON what is open to a process behind the walls (arguments: user, URL; hidden folders)."""
    user, url, hidden = int(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]]
    root = Path(tempfile.mkdtemp(prefix="walls-", dir=".")).resolve()
    raise_limit_of_open_files()
    try:
        told = Walls(hidden).enclose(root, url, user)
    except OSError as error:
        told = [str(error)]
    print(json.dumps(told))
