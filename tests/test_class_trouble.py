"""What can go wrong around a report: one sentence says what to do, nothing is lost, and nothing is left behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from grader import BadInput
from grader.bench import Bench
from grader.classroom.grading import workers
from grader.classroom.grading.plan import Task, Tasks
from grader.classroom.output.exporters import FORMATS
from grader.cli.compare import compare
from grader.cli.export import export
from grader.cli.grade_class import grade_class
from grader.rules import rules_of
from tests.classes import gradebook, run, start, wait_until_nobody_works_in
from tests.downloads import below, write
from tests.hostile import submission


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A class of two, of whose one chapter little has to be graded."""
    write(tmp_path / "class/anna", below("", "right"))
    write(tmp_path / "class/bert", below("", "starter"))
    return tmp_path / "class"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A class, and its report."""
    folder = tmp_path_factory.mktemp("finished")
    write(folder / "class/anna", below("", "right"))
    run("class", folder / "class", "--out", folder / "report", "--chapters", "1")
    return folder / "class", folder / "report"


def copy_of(finished: tuple[Path, Path], place: Path) -> tuple[Path, Path]:
    return finished[0], Path(shutil.copytree(finished[1], place / "report"))


def complaint(capsys: pytest.CaptureFixture[str], command: Callable[..., None], *given: Any, **named: Any) -> str:
    """What a command says that ends with status 2; it runs in this process, because each start takes a while."""
    with pytest.raises(typer.Exit) as end:
        command(*given, **named)
    assert end.value.exit_code == 2
    return capsys.readouterr().err


def one_sentence(said: str, *parts: str) -> None:
    assert len(said.splitlines()) == 1, said
    assert all(part in said for part in parts), said


# -- the report's own file ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["no database", "overwritten", "text", "table", "verdict"])
def test_damaged_report(
    how: str, finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submissions, report = copy_of(finished, tmp_path)
    file = report / "class.sqlite"
    if how == "no database":
        file.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    elif how == "overwritten":
        content = bytearray(file.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        file.write_bytes(content)
    else:
        change = {
            "text": "UPDATE about SET value = '{' WHERE name = 'chapters'",
            "table": "ALTER TABLE learners RENAME TO others",
            "verdict": "UPDATE verdicts SET verdict = '{\"outcome\": 5}'",
        }
        with sqlite3.connect(file) as database:
            database.execute(change[how])
        database.close()
    if how != "table":  # which a run that goes on makes again
        said = complaint(capsys, grade_class, submissions, report, resume=True)
        one_sentence(said, "is damaged: its class.sqlite cannot be read", "with a new --out")
    said = complaint(capsys, compare, [finished[1], report])
    one_sentence(said, f"The report '{report}' is damaged", "Put back a copy of class.sqlite, or grade the class again")


# The command, with a disk on which there is room for so many pages of the report's file.
SMALL_DISK = """
import sqlite3
connect = sqlite3.connect
def small(*given, **named):
    found = connect(*given, **named)
    found.execute("PRAGMA max_page_count = 14")
    return found
sqlite3.connect = small
from grader.classroom import store
store._PATIENCE = 1.0
from grader.cli import main
main()
"""
# The command, with a disk on which nothing can be written where temporary folders are.
FULL_DISK = """
import errno, os, tempfile
def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir())
tempfile.mkdtemp = full
from grader.cli import main
main()
"""


def test_full_disk(tiny: Path, tmp_path: Path) -> None:
    """Of the report, or of the temporary folders; with more room the run goes on to the right rows."""
    for number in range(8):
        files = below("", "right")
        write(tiny / f"more{number}", {name: content + b"# %d" % number for name, content in files.items()})
    report = tmp_path / "report"
    options = ("--out", report, "--chapters", "1", "--resume")
    said = run("class", tiny, *options, program=SMALL_DISK, status=2)
    one_sentence(said.splitlines()[-1], f"The disk of '{report}' is full. Make room, then start again with --resume")
    said = run("class", tiny, *options, program=FULL_DISK, status=2)
    one_sentence(said.splitlines()[-1], "The disk of '", "is full. Make room")
    run("class", tiny, *options)
    rows = gradebook(report)
    assert len(rows) == 10
    assert {name: row["total"] for name, row in rows.items() if name != "bert"} == dict.fromkeys(
        {*rows} - {"bert"}, str(len(rules_of("01_engine")))
    )


def test_what_others_may_have_used_up_is_judged_alone(tmp_path: Path) -> None:
    """Beside others nobody knows who has filled the disk; alone, code that only says so is believed no more."""
    full = "raise OSError(28, 'No space left on device')"
    for name, code in {"anna": "", "bert": full, "cleo": "raise OSError(1, 'no')"}.items():
        submission(tmp_path / "class" / name, in_get_item=code)
    said = run("class", tmp_path / "class", "--out", tmp_path / "report", "--jobs", "2", "--chapters", "5")
    assert "1 could not be fully graded in parallel" in said and "Not finished" not in said
    rows = gradebook(tmp_path / "report")
    assert {row["status"] for row in rows.values()} == {"graded"}
    assert rows["bert"]["total"] == rows["cleo"]["total"] != rows["anna"]["total"]


def test_paths_that_can_be_written_only_here_cost_nobody_else_a_row(tmp_path: Path) -> None:
    """A path may be so long that the folder in which code is graded makes it too long."""
    (tmp_path / "class").mkdir()
    for number in range(4):
        inner = "/".join(["d" * 205] * 19 + ["e" * (90 + number), "m.py"])
        with zipfile.ZipFile(tmp_path / f"class/deep{number}.zip", "w") as archive:
            archive.writestr("05_crud/app/crud.py", f"x = {number}")
            archive.writestr(f"05_crud/app/{inner}", "x = 1")
    submission(tmp_path / "class/right")
    run("class", tmp_path / "class", "--out", tmp_path / "report", "--chapters", "5", status=1)
    rows = gradebook(tmp_path / "report")
    assert rows["right"]["total"] == rows["right"]["possible"]
    assert all("a name that is too long" in rows[f"deep{number}"]["note"] for number in range(4))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disk_that_stays_full(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside others, who may have filled it, a submission is given up for now; alone, the run ends, and says why."""
    monkeypatch.setattr(workers, "_PAUSE", 0.0)

    def full(_: int) -> Bench:
        raise OSError(errno.ENOSPC, "No space left on device")

    waiting = [Task("anna", ()), Task("bert", ()), Task("cleo", ())]
    tasks = SimpleNamespace(next=lambda: waiting.pop() if waiting else None)
    batches = workers.on_this_machine(cast(Tasks, tasks), jobs, full)
    if jobs == 1:
        with pytest.raises(BadInput, match="The disk of"):
            list(batches)
    else:
        failed = [each for batch in batches for each in batch.failed]
        assert {(task.learner, reason) for task, reason in failed} == {
            (name, "the disk was full") for name in ("anna", "bert", "cleo")
        }


def test_second_run_is_refused(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While one run writes, another is told why it cannot, and what else it could do."""
    write(tiny / "carl", {"01_engine/app/db.py": b"import time\ntime.sleep(60)\n", "01_engine/app/__init__.py": b""})
    report = tmp_path / "report"
    first = start("class", tiny, "--out", report, "--chapters", "1", "--jobs", "1")
    try:
        deadline = time.monotonic() + 120
        while not (report / "class.sqlite-wal").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        said = run("class", tiny, "--out", report, "--resume", status=2)
        busy = f"Another run is writing to the report '{report}'. Wait for it"
        one_sentence(said, f"{busy}, or give --out another folder.")
        one_sentence(complaint(capsys, compare, [report, report]), f"{busy}.")
        assert first.poll() is None
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)


@pytest.mark.parametrize("inside", [".", "report", "anna/report"])
def test_report_inside_the_submissions_is_refused(inside: str, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tiny.rglob("*"))
    said = complaint(capsys, grade_class, tiny, tiny / inside)
    one_sentence(said, f"lies inside '{tiny}'", "give --out another folder")
    assert sorted(tiny.rglob("*")) == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file has such a name")
def test_names_that_are_too_long_cost_only_their_own_learner(tiny: Path, tmp_path: Path) -> None:
    for learner in ("carl", "dora", "emil", "fred", "gina"):
        write(tiny / learner, below("", "right"))
        Path(os.fsdecode(os.fsencode(tiny / learner / "01_engine/app") + b"/" + b"\xff" * 180 + b".py")).touch()
    run("class", tiny, "--out", tmp_path / "report", "--chapters", "1", status=1)
    rows = gradebook(tmp_path / "report")
    assert rows["anna"]["total"] == rows["anna"]["possible"]
    assert all("has a name that is too long" in row["note"] for name, row in rows.items() if name > "bert")


# -- what a killed run leaves -------------------------------------------------------------------


def test_nothing_survives_the_next_run(tiny: Path, tmp_path: Path) -> None:
    """After a kill -9 the next run removes what was left, and nothing that a living run still uses."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    write(tiny / "carl", {"01_engine/app/db.py": b"import time\ntime.sleep(60)\n", "01_engine/app/__init__.py": b""})

    def begun(report: str) -> Any:
        before = len(list(temporary.iterdir()))
        process = start("class", tiny, "--out", tmp_path / report, "--chapters", "1", TMPDIR=str(temporary))
        deadline = time.monotonic() + 120
        while len(list(temporary.iterdir())) < before + 3 and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        return process

    alive, killed = begun("alive"), begun("killed")
    living = set(temporary.iterdir())
    killed.kill()
    killed.communicate(timeout=60)
    shutil.rmtree(tiny / "carl")
    run("class", tiny, "--out", tmp_path / "next", "--chapters", "1", TMPDIR=str(temporary))
    left = set(temporary.iterdir())
    assert left < living and left, "what the living run uses is still there, what the killed one left is not"
    assert alive.poll() is None
    alive.kill()
    alive.communicate(timeout=60)
    wait_until_nobody_works_in(temporary)
    run("class", tiny, "--out", tmp_path / "last", "--chapters", "1", TMPDIR=str(temporary))
    assert not list(temporary.iterdir())


# -- export -------------------------------------------------------------------------------------


def check(**more: Any) -> dict[str, Any]:
    rule = rules_of("05_crud")[0]
    return {"id": rule.id, "chapter": rule.chapter, "task": rule.task, "title": "x", "outcome": "passed", **more}


def report_of(*checks: Any, **more: Any) -> str:
    return json.dumps({"schema": 1, "submission": "anna", "checks": list(checks), **more})


BAD_REPORTS = {
    "deep": ('{"submission": "a", "checks": ' + "[" * 100_000, "is not a report"),
    "deep and closed": (report_of(check(trace=0)).replace("0", "[" * 50_000 + "]" * 50_000), "is not a report"),
    "NaN": (report_of(check(seconds=float("nan"))), "is not a report"),
    "infinite": (report_of(check(seconds=1)).replace('"seconds": 1', '"seconds": 1e999'), "took inf s"),
    "negative": (report_of(check(seconds=-1)), "took -1.0 s"),
    "huge": (report_of(check(seconds=1)).replace('"seconds": 1', '"seconds": 1' + "0" * 5000), "is not a report"),
    "unknown task": (report_of(check(task="five")), "the task 'five' of the rule '05_crud."),
    "unknown rule": (report_of(check(id="05_crud.x")), "of the rule '05_crud.x', which this workbook does not know"),
    "unknown outcome": (report_of(check(outcome="great")), "is not a report"),
    "twice": (report_of(check(), check()), "twice"),
    "nothing": (report_of(), "holds no verdict"),
    "a list": ("[]", "is not a report"),
    "no text": (report_of(check(), submission=5), "is not a report"),
    "no JSON": ("\0\0", "is not a report"),
}


@pytest.mark.parametrize("what", BAD_REPORTS)
def test_bad_reports_are_refused(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, message = BAD_REPORTS[what]
    (tmp_path / "report.json").write_text(content)
    for name in FORMATS:
        one_sentence(complaint(capsys, export, tmp_path / "report.json", name), message)


def test_strange_text_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Halves of letters, and commands to a terminal, are shown, not obeyed."""
    (tmp_path / "report.json").write_text(report_of(check(observed="\ud800 \x1b[2J"), submission="a\ud800"))
    for name in FORMATS:
        export(tmp_path / "report.json", name)
        said = capsys.readouterr().out
        assert said.encode() and "\x1b" not in said
    (tmp_path / "report.json").write_text("[]")
    one_sentence(run("export", tmp_path / "report.json", "--format", "junit", status=2), "is not a report")
