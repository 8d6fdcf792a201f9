"""Whatever the code under test does: it gains no pass, costs no other check its verdict, and ends in time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.bench import Bench, Limits, Target
from grader.lab.job import HAS_FORK
from grader.report import Check
from grader.rules import rules_of
from tests import PROJECT
from tests.hostile import IN_A_FUNCTION, OF_GET, submission

SECONDS = 3.0
NAMES = [rule.name for rule in rules_of("05_crud")]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(limits=Limits(seconds=SECONDS)) as bench:
        yield bench


def verdicts(bench: Bench, folder: Path, chapter: str = "05_crud") -> dict[str, Check]:
    started = time.monotonic()
    found = {t.rule.name: check for t, check in bench.grade([Target(folder, rule) for rule in rules_of(chapter)])}
    assert set(found) == {rule.name for rule in rules_of(chapter)}
    assert time.monotonic() - started < 60
    return found


def not_passed(found: dict[str, Check]) -> set[str]:
    return {name for name, check in found.items() if check.outcome != "passed"}


@pytest.mark.skipif(not HAS_FORK, reason="some of these need fork")
@pytest.mark.parametrize("name", IN_A_FUNCTION)
def test_hostile_function(name: str, bench: Bench, tmp_path: Path) -> None:
    """It costs exactly the checks that call the function."""
    found = verdicts(bench, submission(tmp_path, in_get_item=IN_A_FUNCTION[name]))
    assert not_passed(found) == OF_GET, {n: c.observed for n, c in found.items() if c.outcome != "passed"}
    assert all(found[each].outcome in ("failed", "error", "timeout", "blocked") for each in OF_GET)
    assert not strays(bench), "processes of the learner's are still running"


AT_IMPORT = {
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "import sys; sys.exit(0)",
    "pytest.exit": "import pytest; pytest.exit('done', 0)",
    "pytest.skip": "import pytest; pytest.skip('not today', allow_module_level=True)",
    "atexit": "import atexit, os; atexit.register(os._exit, 0); raise ValueError",
    "syntax error": "def broken(:",
    "import of the grader": "import grader.lab",
    "raise SystemExit": "raise SystemExit(0)",
}


@pytest.mark.parametrize("name", AT_IMPORT)
def test_hostile_import(name: str, bench: Bench, tmp_path: Path) -> None:
    """An app that cannot be imported passes nothing, and says why."""
    found = verdicts(bench, submission(tmp_path, at_import=AT_IMPORT[name]))
    assert not_passed(found) == set(NAMES)
    assert {check.outcome for check in found.values()} == {"error"}
    assert all(check.observed for check in found.values())


def test_endless_import(bench: Bench, tmp_path: Path) -> None:
    """Each check has its own time, and less of it once it is clear that the app does not end."""
    found = verdicts(bench, submission(tmp_path, at_import="while True: pass"))
    assert {check.outcome for check in found.values()} == {"timeout"}
    assert any(check.line == "while True: pass" for check in found.values())


# Where code may say that it is written, as seen from its folder.
ELSEWHERE = {
    "a file above": "app/../../../secret.txt",
    "a file of another's": "app/../../../other/05_crud/app/crud.py",
    "the environment": "app/../../../../../../../../../../proc/self/environ",
    "a pipe": "app/../../pipe",
    "no code": "notes.txt",
    "a large file": "large.txt",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_line_is_shown_of_the_learners_code_alone(name: str, bench: Bench, tmp_path: Path) -> None:
    """Code that never ends tells in which file and line it is, and may tell anything."""
    (tmp_path / "secret.txt").write_text("a secret\n", encoding="utf-8")
    submission(tmp_path / "other")
    endless = f"exec(compile('while True: pass', __file__.replace('app/crud.py', {ELSEWHERE[name]!r}), 'exec'))"
    folder = submission(tmp_path / "own", at_import=endless)
    os.mkfifo(folder / "pipe")
    (folder / "05_crud/notes.txt").write_text("a secret\n", encoding="utf-8")
    (folder / "05_crud/large.txt").write_text("a secret" * 10**6, encoding="utf-8")
    (rule,) = [rule for rule in rules_of("05_crud") if rule.name == "create_persists"]
    ((_, check),) = bench.grade([Target(folder, rule)])
    assert check.outcome == "timeout" and check.line in ("", endless) and ".." not in check.where, check


def test_not_utf8(bench: Bench, tmp_path: Path) -> None:
    folder = submission(tmp_path)
    (folder / "05_crud/app/crud.py").write_bytes(b"name = '\xe9'\n")
    found = verdicts(bench, folder)
    assert {check.outcome for check in found.values()} == {"error"}
    assert "crud.py is not valid Python" in found["create_persists"].observed


HARMLESS_AT_IMPORT = {
    "patch pytest": "import pytest, _pytest.runner\n_pytest.runner.runtestprotocol = None\npytest.fail = print",
    "non-daemon thread": "import threading, time\nthreading.Thread(target=time.sleep, args=[1000]).start()",
    "thread that prints": (
        "import threading\ndef shout():\n    while True: print('x' * 100_000)\n"
        "threading.Thread(target=shout, daemon=True).start()"
    ),
    "print at exit": "import atexit; atexit.register(print, 'bye')",
    "change the environment": "import os; os.environ['DATABASE_URL'] = 'sqlite:///elsewhere.db'; os.chdir('/')",
    "replace stdout": "import sys; sys.stdout = sys.stderr = None",
    "ignore children": "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "change limits": "import sys; sys.setrecursionlimit(400)",
}


@pytest.mark.parametrize("name", HARMLESS_AT_IMPORT)
def test_odd_import_of_right_code(name: str, bench: Bench, tmp_path: Path) -> None:
    """Code that is right stays right, whatever else it does."""
    found = verdicts(bench, submission(tmp_path, at_import=HARMLESS_AT_IMPORT[name]))
    assert not_passed(found) == set(), {n: c.observed for n, c in found.items() if c.outcome != "passed"}
    assert not strays(bench)


# What a cheat might append to an app in which nothing is ever committed and get_item finds nothing.
CHEATS = {
    "json": (
        "import json\n_dumps = json.dumps\n"
        "json.dumps = lambda *a, **k: _dumps(*a, **k).replace('\"failed\"', '\"passed\"')"
    ),
    "len": "import builtins\nbuiltins.len = lambda each: 1",
    "all": "import builtins\nbuiltins.all = lambda each: True\nbuiltins.any = lambda each: False",
    "a verdict from below": (
        "import sys\ndef get_item(db, item_id):\n    frame = sys._getframe()\n    while frame:\n"
        "        known = frame.f_locals\n        if 'reporter' in known and 'name' in known:\n"
        "            passed = {'outcome': 'passed'}\n"
        "            known['reporter'].send({'event': 'verdict', 'check': known['name'], 'verdict': passed})\n"
        "        frame = frame.f_back"
    ),
    "a verdict while importing": (
        "import gc\nfor each in gc.get_objects():\n    if type(each).__name__ == 'Reporter':\n"
        f"        for name in {NAMES}:\n"
        "            each.send({'event': 'verdict', 'check': name, 'verdict': {'outcome': 'passed'}})"
    ),
    "expect nothing": (
        "import sys\ndef get_item(db, item_id):\n    frame = sys._getframe()\n    while frame:\n"
        "        expect = frame.f_locals.get('expect')\n        if expect is not None:\n"
        "            type(expect).__call__ = type(expect).equal = lambda *a, **k: None\n        frame = frame.f_back"
    ),
    "expectations of one's own": (
        "import sys\nfrom unittest import mock\ndef get_item(db, item_id):\n    frame = sys._getframe()\n"
        "    while frame:\n        makers = frame.f_locals.get('makers', {})\n        if 'expect' in makers:\n"
        "            makers['expect'] = mock.Mock(make=mock.Mock(), needs=())\n        frame = frame.f_back"
    ),
    "equal to everything": (
        "from types import SimpleNamespace\nfrom unittest.mock import ANY\n"
        "def get_item(db, item_id): return SimpleNamespace(id=ANY, name=ANY, description=ANY)\n"
        "def create_item(db, data): return get_item(db, 1)\ndef update_item(db, item, data): return item"
    ),
    "texts equal to all texts": (
        "from types import SimpleNamespace\nclass Text(str):\n    __hash__ = str.__hash__\n"
        "    def __eq__(self, other): return True\n"
        "def get_item(db, item_id): return SimpleNamespace(id=item_id, name=Text('x'), description=Text('x'))"
    ),
}


@pytest.mark.parametrize("name", ["", *CHEATS])
def test_cheat(name: str, bench: Bench, tmp_path: Path) -> None:
    """It passes nothing that the same code does not pass without it: the rules about lists, and about what is found."""
    folder = submission(tmp_path, in_get_item="return None", at_import=CHEATS.get(name, ""))
    crud = folder / "05_crud/app/crud.py"
    crud.write_text(crud.read_text().replace("    db.commit()\n", ""))
    passed = set(NAMES) - not_passed(verdicts(bench, folder))
    honest = {"list_is_ordered", "list_pages", "reads_do_not_commit", "update_refreshes"}
    assert passed <= honest
    assert name or passed == honest


def test_files_that_pytest_or_python_would_read(bench: Bench, tmp_path: Path) -> None:
    """Configuration, and modules named like libraries, change nothing."""
    folder = submission(tmp_path)
    for place in (folder, folder / "05_crud", folder / "05_crud/app"):
        (place / "conftest.py").write_text("import os; os._exit(0)")
        (place / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
        (place / "sitecustomize.py").write_text("import os; os._exit(0)")
        (place / "sqlalchemy.py").write_text("raise SystemExit(0)")
        (place / "grader.py").write_text("raise SystemExit(0)")
    assert not_passed(verdicts(bench, folder)) == set()


def test_route_that_never_ends(bench: Bench, tmp_path: Path) -> None:
    """A hanging endpoint costs the checks that call it, not those of the other endpoints."""
    shutil.copytree(PROJECT / "solutions" / "06_routes", tmp_path / "06_routes")
    routes = tmp_path / "06_routes/app/routes/items.py"
    loop = '    """Delete an item."""\n    while True:\n        try:\n            while True:\n                pass\n'
    loop += "        except BaseException:\n            pass\n"
    routes.write_text(routes.read_text().replace('    """Delete an item."""\n', loop))
    found = verdicts(bench, tmp_path, "06_routes")
    assert not_passed(found) == {
        "get_unknown_is_404",  # which deletes an item that was read
        "delete_unknown_is_404",
        "delete_answers_204",
        "sessions_close_after_every_answer",
    }
    assert {found[name].outcome for name in not_passed(found)} <= {"timeout"}


@pytest.mark.parametrize("what", ["app", "app/crud.py", "app/extra"])
def test_links_are_refused(what: str, bench: Bench, tmp_path: Path) -> None:
    """A submission is its own files: a link to the solution gains nothing."""
    folder = submission(tmp_path)
    path = folder / "05_crud" / what
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    target = PROJECT / "solutions/05_crud" / ("app" if what == "app/extra" else what)
    path.symlink_to(target, target_is_directory=target.is_dir())
    found = verdicts(bench, folder)
    assert {check.outcome for check in found.values()} == {"error"}
    assert "is a link" in found["create_persists"].observed


def test_two_submissions_side_by_side(bench: Bench, tmp_path: Path) -> None:
    """One that kills the server of the bench costs the other nothing."""
    killer = submission(tmp_path / "killer", in_get_item=IN_A_FUNCTION["kill the parent"])
    innocent = submission(tmp_path / "innocent")
    targets = [Target(folder, rule) for folder in (killer, innocent) for rule in rules_of("05_crud")]
    found: dict[Path, set[str]] = {killer: set(), innocent: set()}
    for target, check in bench.grade(targets):
        if check.outcome != "passed":
            found[target.submission].add(target.rule.name)
    assert found[innocent] == set()
    assert found[killer] == OF_GET


def test_grader_and_solutions_are_unchanged_and_nothing_is_left(tmp_path: Path) -> None:
    """Also of a bench that is closed in the middle."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    code = f"""
import tempfile; tempfile.tempdir = {str(temporary)!r}
from pathlib import Path
from grader.bench import Bench, Target
from grader.rules import rules_of
with Bench() as bench:
    for _, check in bench.grade([Target(Path({str(submission(tmp_path))!r}), rule) for rule in rules_of("05_crud")]):
        break
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=PROJECT)
    assert list(temporary.iterdir()) == []


def strays(bench: Bench) -> list[str]:
    """Processes that work in a submission that this bench has staged."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place = str((process / "cwd").readlink())
        except OSError:
            continue
        if place.startswith(str(bench._workshop)):
            found.append(f"{process.name} {place}")
    return found
