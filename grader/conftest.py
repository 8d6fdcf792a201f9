"""pytest on one side, the bench on the other.

pytest collects the rules as ordinary tests; what runs them is the bench, in child processes. Here each
test waits for its verdict and turns it into a pytest outcome.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader import BadInput
from grader.bench import Bench, Target, chapter_folders, early, expect_solutions, limits_for
from grader.lab.fixtures import FIXTURES, GIVEN
from grader.places import PACKAGE, home
from grader.rules import CHAPTERS, Rule, rule_of

if TYPE_CHECKING:
    from grader.report import Check

_STATE = pytest.StashKey["Grading"]()
_VERDICT = pytest.StashKey["Check"]()


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Refuse to go on without the early plugin: pytest would take the values of its options for paths to read from."""
    if not pluginmanager.hasplugin(early.__name__):
        raise pytest.UsageError(
            "pytest took its settings from somewhere else, not from the workbook's pyproject.toml; "
            "start it in the workbook's folder, as in: pytest grader --submission=DIR"
        )


class Grading:
    """One run: the bench, the verdicts that have come in, and what is waited for."""

    def __init__(self, config: pytest.Config) -> None:
        self.submission, self.name = _submission(config)
        self.database = config.getoption("database")
        if self.database not in ("sqlite", "postgresql"):
            raise BadInput(f"There is no database '{self.database}' here; give --database sqlite or postgresql.")
        self.report_file = _report_file(config)
        limits = limits_for(*(config.getoption(f"{name}_limit") for name in ("time", "chapter", "submission")))
        self.bench = early.take_bench(self.database) or Bench(self.database)
        self.bench.limits = limits
        try:
            self.bench.wait_for_database()
        except BadInput:
            self.bench.close()
            raise
        self.selected: list[Rule] = []
        self.verdicts: dict[str, Check] = {}
        self.told: list[Check] = []
        self._stream: Generator[tuple[Target, Check]] | None = None
        self._ending: threading.Thread | None = None

    def begin(self, rules: list[Rule]) -> None:
        """Let the bench grade these rules; the verdicts come while pytest goes through its tests."""
        self.selected = rules
        self._stream = self.bench.grade([Target(self.submission, rule) for rule in rules])

    def verdict(self, rule: Rule) -> Check:
        """The verdict on a rule, when it has come."""
        assert self._stream is not None
        while rule.id not in self.verdicts:
            _, check = next(self._stream)
            self.verdicts[check.id] = check
        self.told.append(self.verdicts[rule.id])
        return self.told[-1]

    def begin_to_end(self) -> None:
        """Stop everything that is still running, while the verdicts are told."""
        if self._ending is None:
            if self._stream is not None:
                self._stream.close()
            self._ending = threading.Thread(target=self.bench.close)
            self._ending.start()

    def end(self) -> None:
        """Wait until nothing is running any more."""
        self.begin_to_end()
        assert self._ending is not None
        self._ending.join()

    def checks(self) -> list[Check]:
        """An entry for every selected check, also for those without a verdict."""
        from grader.report import no_verdict

        return [self.verdicts.get(rule.id) or no_verdict(rule) for rule in self.selected]

    def write_report(self) -> None:
        """Write the JSON report where one was asked for."""
        if self.report_file is None:
            return
        from grader.report import Report

        report = Report(submission=self.name, database=self.database, checks=self.checks())
        self.report_file.write_text(report.to_json(), encoding="utf-8")


class NotPassed(Exception):
    """Carries a verdict other than ``passed`` through pytest."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.observed)
        self.check = check


def _submission(config: pytest.Config) -> tuple[Path, str]:
    given = config.getoption("submission")
    folder = Path(config.invocation_params.dir, given) if given else home() / "chapters"
    chapter_folders(folder, given or "chapters")
    return folder.resolve(), given or "chapters"


def _report_file(config: pytest.Config) -> Path | None:
    given = config.getoption("report_json")
    if given is None:
        return None
    file = Path(config.invocation_params.dir, given)
    try:
        with file.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise BadInput(f"The report cannot be written to '{given}' ({error.strerror}); choose another file.") from None
    return file


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """The verdicts speak for themselves: no pytest traceback, no second list of failures."""
    config.option.tbstyle = "no"
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.reportchars = "w"
        if config.get_verbosity() <= 0:  # nor a row of letters that counts otherwise
            reporter.showfspath = False
            reporter._show_progress_info = False


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is graded, and where."""
    where = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(config.getoption("database"), "")
    return f"grading {config.getoption('submission') or 'chapters'} on {where}"


def _stand_in(name: str) -> Any:
    """A fixture for what a check asks for. The check runs in a child of the bench, which gives it the real thing."""
    return pytest.fixture(lambda: None, scope="session", name=name)


globals().update({name: _stand_in(name) for name in (*GIVEN, *FIXTURES)})


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Beside the rules there is nothing here for pytest to look through."""
    return True if collection_path.parent == PACKAGE and not collection_path.name.startswith("test_") else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Name checks so that pytest takes the names again, also where the grader lies outside of the learner's folder."""
    if module_path.parent != PACKAGE or module_path.stem.removeprefix("test_") not in CHAPTERS:
        return None
    return pytest.Module.from_parent(parent, path=module_path, nodeid=f"{PACKAGE.name}/{module_path.name}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Hand the selected rules to the bench."""
    rules = [rule for item in session.items if (rule := _rule(item)) is not None]
    if not rules or session.config.option.collectonly:
        early.discard_bench()
        return
    try:
        expect_solutions({rule.chapter for rule in rules})
        grading = Grading(session.config)
    except BadInput as problem:
        early.discard_bench()
        raise pytest.UsageError(str(problem)) from None
    session.config.stash[_STATE] = grading
    grading.begin(rules)


def _rule(item: pytest.Item) -> Rule | None:
    return rule_of(item.function) if isinstance(item, pytest.Function) else None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Instead of running the check here, wait for the bench's verdict on it."""
    rule = _rule(pyfuncitem)
    if rule is None:
        return None
    try:
        check = pyfuncitem.config.stash[_STATE].verdict(rule)
    except BadInput as problem:
        pytest.exit(str(problem), returncode=pytest.ExitCode.USAGE_ERROR)
    except KeyboardInterrupt:  # pytest would name a line of the grader, as if something were wrong there
        pytest.exit("stopped by Ctrl-C", returncode=pytest.ExitCode.INTERRUPTED)
    pyfuncitem.stash[_VERDICT] = check
    if check.outcome != "passed":
        raise NotPassed(check)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the verdict's own words in the place of a traceback."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, NotPassed):
        from grader import terminal

        check = call.excinfo.value.check
        report.outcome = "skipped" if check.outcome in ("todo", "blocked") else "failed"
        report.user_properties.append(("outcome", check.outcome))
        text = "\n".join(line.text for line in terminal.failure(check, terminal.ASCII))
        file, line, _ = item.location
        reason = f"{check.outcome}: {check.observed}"
        report.longrepr = (file, line or 0, reason) if report.skipped else f"{check.id}: {check.outcome}\n{text}"
        report.duration = check.seconds
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Name the outcomes that pytest does not know; their letters are left out."""
    outcome = dict(report.user_properties).get("outcome") if report.when == "call" else None
    if report.when != "call" or (outcome is None and not report.passed):
        return None
    names = {"todo": ("to do", "TO DO", "yellow"), "blocked": ("blocked", "BLOCKED", "yellow")}
    names["timeout"] = ("failed", "TIMEOUT", "red")
    other = ("passed", "PASSED", "green") if report.passed else ("failed", "FAILED", "red")
    category, word, colour = names.get(str(outcome), other)
    return category, "", (word, {colour: True})


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Per chapter what passed, what failed and why, what is to do; last, the next step."""
    grading = config.stash.get(_STATE, None)
    if grading is None:
        return
    from grader import terminal
    from grader.starters import untouched_below

    checks = grading.told
    interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    if interrupted:
        checks = [check for check in grading.checks() if check.id in grading.verdicts]
    writer = terminalreporter
    writer.ensure_newline()
    writer.write_line("")
    style = terminal.style_for(getattr(writer._tw._file, "encoding", None), writer._tw.fullwidth)
    full_trace = config.getoption("fulltrace")
    for line in (
        *terminal.chapters(checks, style, submission=grading.name, full_trace=full_trace),
        terminal.Line(""),
        *terminal.closing(
            checks,
            submission=grading.name,
            untouched=untouched_below(grading.submission),
        ),
    ):
        markup = {colour: True for colour in [line.colour] if colour} | ({"bold": True} if line.bold else {})
        writer.write_line(line.text, **markup)
    if interrupted:
        writer.write_line(f"interrupted: {len(checks)} of {len(grading.selected)} checks have a verdict.", bold=True)
    for sentence in (grading.bench.openness, grading.bench.spoilt):
        for line in terminal.wrapped(sentence) if sentence else ():
            writer.write_line(line.text, yellow=True)
    if grading.report_file is not None:
        writer.write_line(f"report: {config.getoption('report_json')}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Status 0 only if every selected check passed; nothing is left running."""
    grading = session.config.stash.get(_STATE, None)
    if grading is not None:
        grading.begin_to_end()
        grading.write_report()
        passed = all(check.outcome == "passed" for check in grading.checks()) and not grading.bench.spoilt
        if session.exitstatus == pytest.ExitCode.OK and not passed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Also after an error or Ctrl-C nothing is left running."""
    early.discard_bench()
    grading = config.stash.get(_STATE, None)
    if grading is not None:
        grading.end()
    gc.freeze()  # pytest looks through all that was imported for garbage before it ends


__all__ = ["CHAPTERS"]
