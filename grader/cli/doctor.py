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

import typer

from grader import BadInput
from grader.bench import Target
from grader.cli import console, grading
from grader.rules import rules_of
from grader.starters import PROJECT, SOLUTIONS
from grader.terminal import Line, wrapped

_INSTALL = "pip install -e . -c constraints.txt"


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
    console.say("Everything is fine." if well else "Fix what is marked, then run workbook doctor again.")
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

    constraints = (PROJECT / "constraints.txt").read_text(encoding="utf-8").split()
    wanted = dict(line.split("==") for line in constraints if "==" in line)
    requirements = [Requirement(each) for each in metadata.requires("fastapi-database-workbook") or ()]
    needed = {each.name for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})}
    installed = {name: _version(name) for name in {*wanted, *needed}}
    missing = sorted(name for name in needed if not installed[name])
    other = sorted(name for name, version in wanted.items() if installed[name] not in ("", version))
    if missing:
        raise _Trouble(f"{', '.join(missing)} missing: {_INSTALL}")
    if other:
        told = ", ".join(f"{name} {installed[name]} instead of {wanted[name]}" for name in other[:4])
        more = f" and {len(other) - 4} more" if len(other) > 4 else ""
        raise _Trouble(f"{told}{more}: {_INSTALL}")
    return f"{sum(bool(installed[name]) for name in wanted)} packages, all in the versions of constraints.txt"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _write_access() -> str:
    for folder in (PROJECT / "chapters", PROJECT, Path(tempfile.gettempdir())):
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise _Trouble(f"cannot write in {folder} ({error.strerror}): change its permissions") from None
    return f"{PROJECT / 'chapters'} and {tempfile.gettempdir()}"


def _grader() -> str:
    begin = time.perf_counter()
    rule = rules_of("05_crud")[0]
    try:
        (_, check), *_ = grading.bench().grade([Target(SOLUTIONS, rule)])
    except BadInput as problem:
        raise _Trouble(str(problem)) from None
    if check.outcome != "passed":
        raise _Trouble(f"{rule.id} fails on the solution, '{check.observed}': {_INSTALL}")
    return f"graded one check of the solution, from a cold start, in {time.perf_counter() - begin:.1f} s"


def _postgresql() -> str:
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
    try:
        from jupyter_client.manager import start_new_kernel
    except ImportError:
        raise _Trouble(f"Jupyter is missing: {_INSTALL}") from None
    try:
        manager, client = start_new_kernel(startup_timeout=30, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
    "Python": _python,
    "packages": _packages,
    "write access": _write_access,
    "grader": _grader,
    "PostgreSQL": _postgresql,
    "notebook kernel": _kernel,
}
