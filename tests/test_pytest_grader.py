"""``pytest grader`` as learners and instructors use it: options, output, report, bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.lab.job import HAS_FORK
from grader.rules import CHAPTERS, roster
from tests import PROJECT
from tests.runs import Run

EVERY = [rule.id for rule in roster()]
KEYS = [
    *("id", "chapter", "task", "title", "outcome", "observed", "expected", "why", "hint"),
    *("where", "line", "mistake", "trace", "seconds"),
]


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A submission of chapters 01 and 05, solved."""
    for chapter in ("01_engine", "05_crud"):
        shutil.copytree(PROJECT / "solutions" / chapter, tmp_path / "mine" / chapter)
    return tmp_path / "mine"


def change(submission: Path, file: str, old: str, new: str) -> None:
    path = submission / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_fresh_checkout(grade: Run) -> None:
    done = grade("grader")
    assert done.returncode == 1
    assert "Everything is still to do. That is as it should be: nothing is wrong." in done.stdout
    assert f"0 of {len(EVERY)} checks passed." in done.stdout
    assert "next: chapter 01, task 1.1 (chapters/01_engine/README.md)" in done.stdout
    assert "failed" not in done.stdout and "rror" not in done.stdout


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_solutions_pass(database: str, grade: Run) -> None:
    done = grade("grader", "--submission", "solutions", "--database", database)
    assert done.returncode == 0, done.stdout
    assert f"{len(EVERY)} of {len(EVERY)} checks passed." in done.stdout


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_starters_are_to_do(database: str, grade: Run, tmp_path: Path) -> None:
    done = grade("grader", "--database", database, "--report-json", tmp_path / "report.json")
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert {check["id"]: check["outcome"] for check in report["checks"]} == dict.fromkeys(EVERY, "todo")


def test_report(grade: Run, submission: Path, tmp_path: Path) -> None:
    change(
        submission,
        "05_crud/app/crud.py",
        "    db.commit()\n    db.refresh(item)\n    return item\n\n\ndef get",
        "    db.commit()\n    return item\n\n\ndef get",
    )
    file = tmp_path / "report.json"
    done = grade("grader", "--submission", submission, "--report-json", file)
    assert done.returncode == 1
    report = json.loads(file.read_text())
    assert list(report) == ["schema", "submission", "database", "summary", "checks"]
    assert report["schema"] == 1 and report["submission"] == str(submission) and report["database"] == "sqlite"
    assert [check["id"] for check in report["checks"]] == EVERY
    assert all(list(check) == KEYS for check in report["checks"])
    outcomes = {check["id"]: check["outcome"] for check in report["checks"]}
    solved = [each for each in EVERY if each.startswith(("01_", "05_"))]
    assert report["summary"] == {"passed": len(solved) - 1, "total": len(EVERY)}
    assert {each for each in EVERY if outcomes[each] == "todo"} == set(EVERY) - set(solved)
    check = next(check for check in report["checks"] if check["id"] == "05_crud.create_refreshes")
    assert check["outcome"] == "failed" and check["task"] == "5.1"
    assert check["where"].startswith("05_crud/app/crud.py:")
    assert (check["line"], check["mistake"]) == ("    db.commit()", "not_refreshed")
    assert all((each["line"], each["mistake"]) == ("", None) for each in report["checks"] if each is not check)
    assert check["trace"] == ["BEGIN", "INSERT items", "COMMIT"]
    assert "DetachedInstanceError" in check["observed"] and check["observed"].startswith("a trigger changes")
    assert check["expected"] and check["why"] and check["hint"] and 0 < check["seconds"] < 5


def test_selection_by_path_keyword_and_first_failure(grade: Run, submission: Path) -> None:
    one = grade("grader/test_05_crud.py::test_create_persists", "--submission", submission)
    assert one.returncode == 0 and re.search(r"^05_crud +1 passed$", one.stdout, re.MULTILINE)
    several = grade("grader", "-k", "05_crud and create", "--submission", submission)
    assert several.returncode == 0 and re.search(r"^05_crud +2 passed$", several.stdout, re.MULTILINE)
    change(submission, "01_engine/app/db.py", "autoflush=False", "autoflush=True")
    first = grade("grader", "-x", "--submission", submission)
    assert first.returncode == 1 and "05_crud" not in first.stdout
    verbose = grade("grader/test_01_engine.py", "-v", "--submission", submission)
    assert re.search(r"test_01_engine.py::test_query_does_not_write_pending_objects FAILED", verbose.stdout)


def test_last_failed(submission: Path, tmp_path: Path) -> None:
    change(submission, "05_crud/app/crud.py", ".order_by(Item.id)", "")
    command = [sys.executable, "-m", "pytest", "grader/test_05_crud.py", "--submission", str(submission)]
    command += ["-o", f"cache_dir={tmp_path / 'cache'}"]
    first = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert re.search(r"^05_crud +12 passed, 1 to fix$", first.stdout, re.MULTILINE)
    again = subprocess.run([*command, "--lf"], cwd=PROJECT, capture_output=True, text=True)
    assert re.search(r"^05_crud +1 to fix$", again.stdout, re.MULTILINE) and again.returncode == 1


def test_collecting_starts_nothing(grade: Run) -> None:
    done = grade("grader", "--collect-only", "-q")
    assert done.returncode == 0 and f"{len(EVERY)} tests collected" in done.stdout


def test_output_without_unicode_at_80_columns(submission: Path) -> None:
    change(submission, "05_crud/app/crud.py", "    db.delete(item)\n", "")
    change(submission, "05_crud/app/crud.py", "return db.get(Item, item_id)", "return db.scalars(select(Item)).one()")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pytest", "grader", "--submission", str(submission), "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, env=environment)
    text = done.stdout.decode("ascii")
    assert "\x1b" not in text
    assert "short test summary" not in text, "no second list of failures"
    told = text[text.index("\n01_engine  ") : text.rindex("\n====")]
    told = "\n".join(line for line in told.splitlines() if " where " not in line and "next:" not in line)
    assert max(map(len, told.splitlines())) <= 80
    assert "  x 5.5 delete_item deletes the item" in told and "timeline  BEGIN > " in told
    assert "Traceback" not in text and "lab.py" not in text


def test_full_trace_shows_the_learners_frames_only(grade: Run, submission: Path) -> None:
    change(
        submission,
        "05_crud/app/crud.py",
        "return db.get(Item, item_id)",
        "return helper(item_id)\n\n\ndef helper(item_id):\n    return {}[item_id]",
    )
    short = grade("grader/test_05_crud.py", "--submission", submission)
    assert "Traceback" not in short.stdout and "KeyError: " in short.stdout
    full = grade("grader/test_05_crud.py", "--submission", submission, "--full-trace")
    assert "Traceback (most recent call last):" in full.stdout
    assert 'File "app/crud.py"' in full.stdout and "in helper" in full.stdout
    assert "grader/lab.py" not in full.stdout


def test_what_the_code_printed_is_shown(grade: Run, submission: Path) -> None:
    change(submission, "05_crud/app/crud.py", "    db.delete(item)\n", '    print("deleting", item.id)\n')
    assert "| deleting " in grade("grader/test_05_crud.py", "--submission", submission).stdout


def test_what_the_code_printed_holds_no_frame_but_its_own(grade: Run, submission: Path) -> None:
    code = "    import traceback\n\n    traceback.print_stack()\n"
    change(submission, "05_crud/app/crud.py", "    db.delete(item)\n", code)
    told = grade("grader/test_05_crud.py", "--submission", submission).stdout
    assert '|   File "app/crud.py", line ' in told and "traceback.print_stack()" in told
    assert "grader/lab" not in told and "site-packages" not in told


BAD = {
    "no such folder": (["--submission", "no/such/folder"], "There is no folder 'no/such/folder'."),
    "no chapter": (["--submission", "grader"], "The folder 'grader' holds no chapter."),
    "unknown database": (["--database", "oracle"], "There is no database 'oracle' here; give --database sqlite or"),
    "unwritable report": (["--report-json", "no/such/report.json"], "The report cannot be written to"),
    "time limit": (["--time-limit", "-1"], "Give --time-limit as a number of seconds"),
    "time limit in words": (["--time-limit", "long"], "invalid float value: 'long'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(name: str, grade: Run) -> None:
    arguments, sentence = BAD[name]
    done = grade("grader", *arguments)
    assert done.returncode == 4
    assert sentence in done.stderr and "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", "The PostgreSQL that GRADER_POSTGRESQL_URL names does not answer"),
        ("nonsense", "GRADER_POSTGRESQL_URL is 'nonsense'; give a URL such as postgresql://"),
    ],
)
def test_postgresql_that_cannot_be_used(url: str, sentence: str, monkeypatch: pytest.MonkeyPatch, grade: Run) -> None:
    monkeypatch.setenv("GRADER_POSTGRESQL_URL", url)
    done = grade("grader", "--database", "postgresql")
    assert done.returncode == 4
    assert sentence in done.stderr and "checks passed" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_named_postgresql_is_used_and_left_clean(
    monkeypatch: pytest.MonkeyPatch, grade: Run, tmp_path_factory: pytest.TempPathFactory, submission: Path
) -> None:
    import psycopg

    from grader.bench.postgresql import start

    server = start(tmp_path_factory.mktemp("server") / "data")
    try:
        monkeypatch.setenv("GRADER_POSTGRESQL_URL", server.admin_url)
        done = grade("grader/test_05_crud.py", "--submission", submission, "--database", "postgresql")
        assert done.returncode == 0, done.stdout
        with psycopg.connect(server.admin_url) as connection:
            left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'grader%'").fetchall()
        assert left == []
    finally:
        server.stop()


def test_missing_file_and_missing_name(grade: Run, submission: Path, tmp_path: Path) -> None:
    change(submission, "05_crud/app/crud.py", "def update_item(", "def updat_item(")
    (submission / "01_engine/app/db.py").unlink()
    for chapter in ("06_routes", "07_uow"):
        shutil.copytree(PROJECT / "solutions" / chapter, submission / chapter)
    (submission / "06_routes/app/crud.py").unlink()
    change(submission, "07_uow/app/routes/items.py", "ItemCreate, ItemRead", "ItemCreate, ItemReed, ItemRead")
    file = tmp_path / "report.json"
    done = grade("grader", "--submission", submission, "--report-json", file)
    assert done.returncode == 1
    checks = {check["id"]: check for check in json.loads(file.read_text())["checks"]}
    for rule in EVERY:
        check = checks[rule]
        if rule.startswith("01_"):
            assert check["outcome"] == "error" and check["observed"].endswith("app/db.py is missing")
        elif rule.startswith("05_crud.update"):
            assert check["outcome"] == "error"
            assert "app/crud.py has no name 'update_item' (there is 'updat_item')" in check["observed"]
        elif rule.startswith("05_"):
            assert check["outcome"] == "passed"
        elif rule.startswith("06_"):
            assert check["observed"].endswith("app/crud.py is missing, and app/routes/items.py:8 imports it")
        elif rule == "07_uow.create_answers_201":
            assert "cannot import name 'ItemReed' from 'app.schemas' (app/schemas.py)" in check["observed"]


def test_chapter_without_app(grade: Run, tmp_path: Path) -> None:
    (tmp_path / "mine/05_crud").mkdir(parents=True)
    done = grade("grader/test_05_crud.py", "--submission", tmp_path / "mine")
    assert done.returncode == 1
    assert "05_crud/app is missing; the chapter's code belongs there" in " ".join(done.stdout.split())


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is a signal here")
def test_interrupted_run_writes_its_report_and_leaves_nothing(submission: Path, tmp_path: Path) -> None:
    endless = '    open("it_is_here", "w").close()\n    while True: pass\n'
    change(submission, "05_crud/app/crud.py", "    db.delete(item)\n", endless)
    temporary, file = tmp_path / "tmp", tmp_path / "report.json"
    temporary.mkdir()
    command = [sys.executable, "-m", "pytest", "grader", "--submission", str(submission), "-p", "no:cacheprovider"]
    command += ["--report-json", str(file), "--time-limit", "60"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        deadline = time.monotonic() + 30
        # os.walk, not rglob: folders of checks that end meanwhile may go away under it
        while not any("it_is_here" in files for *_, files in os.walk(temporary)) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)  # the other chapter is done by then
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 2, rest
    assert re.search(rf"interrupted: \d+ of {len(EVERY)} checks have a verdict", rest)
    assert "stopped by Ctrl-C" in rest and "KeyboardInterrupt" not in rest and "grader/bench" not in rest
    checks = {check["id"]: check for check in json.loads(file.read_text())["checks"]}
    assert list(checks) == EVERY
    assert checks["05_crud.delete_persists"]["outcome"] == "error"
    assert checks["05_crud.delete_persists"]["observed"] == "no verdict: the run was interrupted"
    assert checks["01_engine.base_is_declarative"]["outcome"] == "passed"
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not HAS_FORK, reason="without fork there is no server that tidies up; the next run does")
def test_killed_run_leaves_nothing(submission: Path, tmp_path: Path) -> None:
    """After kill -9 of pytest itself the bench's server tidies up."""
    change(submission, "05_crud/app/crud.py", "    db.delete(item)\n", "    while True: pass\n")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "pytest", "grader", "--submission", str(submission), "-p", "no:cacheprovider"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL) as process:
        time.sleep(2.5)
        process.kill()
    deadline = time.monotonic() + 10
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(temporary.iterdir()) == []


def test_spawned_children_judge_alike(submission: Path) -> None:
    """Where there is no fork, each child is a fresh process; the verdicts are the same."""
    from grader.bench import Bench, Target
    from grader.rules import rules_of

    change(submission, "05_crud/app/crud.py", ".order_by(Item.id)", "")
    with Bench(fork=False) as bench:
        found = {t.rule.name: c.outcome for t, c in bench.grade([Target(submission, r) for r in rules_of("05_crud")])}
    assert [name for name, outcome in found.items() if outcome != "passed"] == ["list_is_ordered"]


def test_chapters_of_the_contract_are_there() -> None:
    assert [folder.name for folder in sorted((PROJECT / "chapters").iterdir())] == list(CHAPTERS)
    assert [folder.name for folder in sorted((PROJECT / "solutions").iterdir())] == list(CHAPTERS)
