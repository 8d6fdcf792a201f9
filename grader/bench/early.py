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
from grader.places import PACKAGE, PROJECT, home_around, is_made_by_init
from grader.rules import CHAPTERS

_NO_RUN = ("--collect-only", "--co", "-h", "--help", "--version", "-V", "--fixtures", "--markers", "--cache-show")
# Neither pytest nor Pydantic need look for plugins among all that is installed.
_NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
_bench: Bench | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``pytest grader``."""
    group = parser.getgroup("grader", "grading a submission")
    group.addoption(
        "--submission", default=None, metavar="DIR", help="grade DIR instead of chapters/: --submission=DIR"
    )
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


def _found(argument: str, here: Path = Path()) -> str:
    """``grader/test_05_crud.py`` is the grader's own, also where there is no such folder."""
    path, colons, names = argument.partition("::")
    parts = [part for part in Path(path).parts if part != ".."]  # pytest names it so in a folder below
    own = Path(PROJECT, *parts)
    if parts[:1] == [PACKAGE.name] and not (here / path).exists() and own.exists():
        return f"{own}{colons}{names}"
    return argument


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Let pytest find the grader's settings where the grader is, and take nothing else for a place to collect from.

    Raises:
        pytest.UsageError: beside the grader's rules stands an option that pytest does not know, the value of which it
            takes for a path, or a path that leads elsewhere.
    """
    known, here = early_config.known_args_namespace, early_config.invocation_params.dir
    known.file_or_dir = [_found(argument, here) for argument in known.file_or_dir]
    own = [_is_own(argument) for argument in known.file_or_dir]
    if not any(own):
        return
    for argument in parser.parse_known_and_unknown_args(args)[1]:
        if argument.startswith("-"):
            raise pytest.UsageError(f"There is no option {argument.partition('=')[0]}; see: pytest grader --help")
    if not all(own):
        other = known.file_or_dir[own.index(False)]
        raise pytest.UsageError(f"'{other}' is none of the grader's rules. To grade a folder: --submission={other}")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The checks are what is run in a learner's folder, which has no tests of its own."""
    here = config.invocation_params.dir
    config.args = [_found(argument, here) for argument in config.args]
    if config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR and is_made_by_init(here):
        config.args = [str(PACKAGE)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Where no tests are, as in the folder of a chapter: say what grades it."""
    here = config.invocation_params.dir
    home = home_around(here)
    if exitstatus != pytest.ExitCode.NO_TESTS_COLLECTED or home is None or not here.is_relative_to(home / "chapters"):
        return
    chapter = next((name for name in CHAPTERS if here.is_relative_to(home / "chapters" / name)), "")
    checks = f"grader/test_{chapter}.py" if chapter else "grader"
    terminalreporter.write_line(f"There are no tests here. Your code is graded by: workbook check, or pytest {checks}")


def _grades(arguments: list[str]) -> bool:
    """Whether these are the arguments of a run of the grader."""
    return any(_is_own(_found(argument)) for argument in arguments if not argument.startswith("-"))


def _is_own(argument: str) -> bool:
    """Whether this is the grader's package, or something in it."""
    return Path(argument.split("::")[0]).resolve().is_relative_to(PACKAGE)


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
        for name in _NO_PLUGINS:
            os.environ.pop(name, None)


if _grades(sys.argv[1:]):
    os.environ.update(_NO_PLUGINS)
    if not any(argument in _NO_RUN for argument in sys.argv[1:]) and _database(sys.argv[1:]) in DATABASES:
        _bench = Bench(_database(sys.argv[1:]))
        atexit.register(discard_bench)  # pytest may end before any of its hooks is called
