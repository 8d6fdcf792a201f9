"""A pytest plugin that comes before anything else: it declares the options, and starts the bench.

``pyproject.toml`` loads it with ``-p``. An option that pytest does not know yet has a value that pytest takes for a
path to collect from: it would import the ``conftest.py`` of a submission. So ours are known before it looks for any.
The bench warms up while pytest gets ready. Importing FastAPI, SQLAlchemy and SQLModel takes longer than
everything else together, and the bench does that in a process of its own. Other plugins that happen to be
installed are left out of a grading run: loading them takes longer than grading does.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

import pytest

from grader.bench import Bench
from grader.databases import DATABASES

_GRADER = Path(__file__).parents[1]
_NO_RUN = ("--collect-only", "--co", "-h", "--help", "--version", "-V", "--fixtures", "--markers", "--cache-show")
_bench: Bench | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``pytest grader``."""
    group = parser.getgroup("grader", "grading a submission")
    group.addoption("--submission", default=None, metavar="DIR", help="grade DIR instead of chapters/")
    group.addoption(
        "--database", default="sqlite", metavar="NAME", help="where the checks run: sqlite (default) or postgresql"
    )
    group.addoption("--report-json", default=None, metavar="FILE", help="write the report to FILE")
    group.addoption(
        "--time-limit", default=10.0, type=float, metavar="SECONDS", help="longest time for one check (default: 10)"
    )
    for whole, times in (("chapter", 6), ("submission", 18)):
        group.addoption(
            f"--{whole}-limit",
            default=None,
            type=float,
            metavar="SECONDS",
            help=f"longest time for all checks of a {whole} (default: {times} times that for one check)",
        )


def _grades(arguments: list[str]) -> bool:
    """Whether these are the arguments of a run of the grader."""
    return any(
        Path(argument.split("::")[0]).resolve().is_relative_to(_GRADER)
        for argument in arguments
        if not argument.startswith("-")
    )


def _database(arguments: list[str]) -> str:
    """What these arguments give as ``--database``, as far as one can tell before pytest has read them."""
    found = "sqlite"
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--database":
            found = following
        elif argument.startswith("--database="):
            found = argument.partition("=")[2]
    return found


def take_bench(database: str) -> Bench | None:
    """The bench that was started early, once, if it is one for this database."""
    global _bench
    if _bench is not None and _bench.database != database:
        discard_bench()
    bench, _bench = _bench, None
    return bench


def discard_bench() -> None:
    """Stop the bench that was started early, if nobody has taken it."""
    global _bench
    bench, _bench = _bench, None
    if bench is not None:
        bench.close()


def pytest_unconfigure() -> None:
    """Leave the environment as it was found."""
    if _grades(sys.argv[1:]):
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)


if _grades(sys.argv[1:]):
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if not any(argument in _NO_RUN for argument in sys.argv[1:]) and _database(sys.argv[1:]) in DATABASES:
        _bench = Bench(_database(sys.argv[1:]))
        atexit.register(discard_bench)  # pytest may end before any of its hooks is called
