"""A folder of submissions becomes a gradebook in which every row is right, whatever happens meanwhile."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from grader.bench.sandbox import prepare
from grader.classroom.intake import Chapter
from grader.classroom.output.differences import compare as compare_code
from grader.classroom.output.gradebook import safe
from grader.lab import landlock, seccomp
from grader.lab.job import HAS_FORK
from grader.rules import CHAPTERS, roster
from tests import PROJECT
from tests.cheats import TELLS_ALL
from tests.classes import (
    ALL,
    WITHOUT_BUBBLEWRAP,
    Graded,
    copy_code,
    gradebook,
    run,
    start,
    verdicts,
    wait_until_nobody_works_in,
)
from tests.hostile import submission

TEXT = {"type": "string"}
KEYS = [
    *("id", "chapter", "task", "title", "outcome", "observed", "expected", "why", "hint"),
    *("where", "line", "mistake", "trace", "seconds"),
]
# The contract's report, key for key.
REPORT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schema", "submission", "database", "summary", "checks"],
    "properties": {
        "schema": {"const": 1},
        "submission": TEXT,
        "database": {"enum": ["sqlite", "postgresql"]},
        "summary": {
            "type": "object",
            "additionalProperties": False,
            "required": ["passed", "total"],
            "properties": {"passed": {"type": "integer"}, "total": {"type": "integer"}},
        },
        "checks": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": KEYS,
                "properties": {
                    **dict.fromkeys(["id", "chapter", "title", "observed", "expected", "why"], TEXT),
                    **dict.fromkeys(["hint", "where", "line"], TEXT),
                    "mistake": {"type": ["string", "null"]},
                    "task": {"type": "string", "pattern": r"^\d+\.\d+$"},
                    "outcome": {"enum": ["passed", "failed", "todo", "error", "blocked", "timeout"]},
                    "trace": {"type": "array", "items": TEXT},
                    "seconds": {"type": "number"},
                },
            },
        },
    },
}


def test_every_row_is_right(graded: Graded) -> None:
    """The proof: solutions, starters, wrong cases, hostile, empty and broken ones, and one who is missing."""
    rows = gradebook(graded.report)
    assert len(graded.expected) > 50
    assert list(rows) == [learner for learner in graded.expected if learner != "right1"] + ["right1"]
    for learner, expected in graded.expected.items():
        row = rows[learner]
        found = {chapter: int(row[chapter]) for chapter in CHAPTERS if row[chapter] != "0"}
        said = (learner, row["status"], found, int(row["total"]), row["possible"])
        points = {chapter: points for chapter, points in expected.points.items() if points}
        assert said == (learner, expected.status, points, sum(points.values()), str(sum(ALL.values())))
    assert "not in the roster" in rows["right1"]["note"]
    assert "05_crud/app is a link" in rows["linked0"]["note"]
    assert "points outside it" in rows["broken2"]["note"]


def test_run_says_what_is_in_force(graded: Graded) -> None:
    learners = len(graded.expected)
    assert f"{learners} learners: " in graded.said
    assert "3 without any chapter, 3 unreadable, 1 missing" in graded.said
    assert "Limits: 3 s for a check, 2048 MiB of memory" in graded.said
    assert "Isolation: " in graded.said
    assert "a minute" in graded.said and "left" in graded.said
    assert f"1 of {learners - 1} are not in the roster: right1" in graded.said
    told = "Not graded, or not all of it; the gradebook says why: empty0, empty1, empty2, broken0, broken1 and 2 more"
    assert told in graded.said


def test_results_are_the_contracts_report(graded: Graded) -> None:
    files = {file.stem: json.loads(file.read_text()) for file in (graded.report / "results").iterdir()}
    assert set(files) == set(graded.expected) - {"absent"}
    ids = [rule.id for rule in roster()]
    for learner, report in files.items():
        jsonschema.validate(report, REPORT)
        assert report["submission"] == learner
        assert [check["id"] for check in report["checks"]] == ids
        passed = sum(check["outcome"] == "passed" for check in report["checks"])
        assert report["summary"] == {"passed": passed, "total": len(ids)}
        assert passed == sum(graded.expected[learner].points.values())
    assert {check["outcome"] for check in files["starter0"]["checks"]} == {"todo"}
    assert {check["outcome"] for check in files["empty0"]["checks"]} == {"todo"}
    assert {check["outcome"] for check in files["broken0"]["checks"]} == {"error"}


def test_cells_are_no_formulas(graded: Graded) -> None:
    rows = gradebook(graded.report)
    assert rows["right0"]["name"].startswith("'=HYPERLINK")
    for cell in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "|cmd", "%0A"):
        assert safe(cell).startswith("'")
    assert safe("Anna-Lena = 1") == "Anna-Lena = 1"
    assert safe("two\nlines") == "two lines"


def test_feedback_holds_no_solution(graded: Graded) -> None:
    """Neither the solution's code nor anything of another learner."""
    marked = [
        line.strip()
        for file in (PROJECT / "solutions").glob("*/app/crud*.py")
        for line in file.read_text().splitlines()
        if line.strip().startswith(("db.", "return db", "item = Item"))
    ]
    assert len(marked) > 10
    for file in (graded.report / "feedback").iterdir():
        page = file.read_text(encoding="utf-8")
        results = graded.report / "results" / f"{file.stem}.json"  # there is none for who handed in nothing
        checks = json.loads(results.read_text(encoding="utf-8"))["checks"] if results.exists() else []
        own = {check["line"].strip() for check in checks}  # the learner's line that is to be changed
        own |= {"db.commit()", "db.rollback()"}
        code = [line for line in marked if line in page and not any(line in each for each in own)]
        assert not code, file
        assert not [other for other in graded.expected if other != file.stem and other in page], file
    for ending in ("html", "txt"):
        assert len(list((graded.report / "feedback").glob(f"*.{ending}"))) == len(graded.expected)


def test_nothing_new_is_not_graded_again(graded: Graded, tmp_path: Path) -> None:
    """An unchanged submission never, a changed one always; options that are not given are those of last time."""
    report = Path(shutil.copytree(graded.report, tmp_path / "report"))
    assert "Nothing new to grade." in run("class", graded.submissions, "--out", report, "--resume", status=1)
    assert gradebook(report) == gradebook(graded.report)
    submissions = Path(shutil.copytree(graded.submissions, tmp_path / "class", symlinks=True))
    (submissions / "right0/chapters/04_schemas/app/schemas.py").write_text("raise ValueError('mine')\n")
    shutil.rmtree(submissions / "starter0")
    said = run("class", submissions, "--out", report, "--resume", status=1)
    assert f"{ALL['04_schemas']} new verdicts" in said
    rows, before = gradebook(report), gradebook(graded.report)
    assert rows["right0"]["04_schemas"] == "0"
    assert rows["starter0"]["status"] == "missing"
    assert not (report / "results/starter0.json").exists()
    changed = {learner for learner in rows if rows[learner] != before[learner]}
    assert changed == {"right0", "starter0"}
    told = run("compare", graded.report, report, status=1)
    assert "right0\n" in told and "the submission has changed" in told
    assert f"{ALL['04_schemas']} verdicts" not in told.splitlines()[0]
    assert "verdicts of 2 learners have changed" in told
    assert run("compare", graded.report, graded.report) == "No verdict has changed.\n"


def test_other_rules_are_graded_again(graded: Graded, tmp_path: Path) -> None:
    """A mended rule: the report was made with another one, so its chapter is judged anew, and nothing else."""
    report = Path(shutil.copytree(graded.report, tmp_path / "report"))
    with sqlite3.connect(report / "class.sqlite") as database:
        versions = json.loads(database.execute("SELECT value FROM about WHERE name = 'versions'").fetchone()[0])
        versions["rules"]["05_crud.list_pages"] = "another"
        database.execute("UPDATE about SET value = ? WHERE name = 'versions'", [json.dumps(versions)])
    database.close()
    told = run("compare", report, graded.report, status=1)
    assert "05_crud.list_pages: error -> passed  (the rule has changed)" in told
    assert "05_crud.create_persists: error -> passed  (another rule of the chapter has changed)" in told
    assert "06_routes" not in told


# -- interruptions ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_interrupted_run_goes_on(how: signal.Signals, small_class: tuple[Path, Path], tmp_path: Path) -> None:
    """Every verdict as in the undisturbed run; nothing is lost, nothing is done twice, nothing is left behind."""
    submissions, undisturbed = small_class
    everything = verdicts(undisturbed)
    report, temporary = tmp_path / "report", tmp_path / "tmp"
    temporary.mkdir()
    options = ("--out", report, "--time-limit", "3", "--resume")
    process = start("class", submissions, *options, TMPDIR=str(temporary))
    wal, sizes, deadline = report / "class.sqlite-wal", set(), time.monotonic() + 120
    while len(sizes) < 12 and time.monotonic() < deadline and process.poll() is None:  # a few commits, not all
        sizes.add(wal.stat().st_size if wal.exists() else 0)
        time.sleep(0.01)
    process.send_signal(how)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == (-9 if how == signal.SIGKILL else 130), said
    kept = verdicts(report)
    assert 0 < len(kept) < len(everything)
    assert kept.items() <= everything.items()
    if how != signal.SIGKILL:
        assert f"Stopped. {len(kept)} new verdicts are kept" in said
    wait_until_nobody_works_in(temporary)
    said = run("class", submissions, *options, TMPDIR=str(temporary))
    assert f"{len(everything) - len(kept)} new verdicts" in said
    assert verdicts(report) == everything
    assert gradebook(report) == gradebook(undisturbed)
    if how != signal.SIGKILL:
        assert not list(temporary.iterdir())


# -- isolation ----------------------------------------------------------------------------------


SPY = """
import json, os, resource, socket, time
def can(what):
    try:
        return what() or True
    except BaseException as error:
        return f"no: {type(error).__name__}"
def connect():
    socket.create_connection(("127.0.0.1", PORT), 2).close()
def write_much():
    with open("big", "wb") as file:
        file.seek(100 * 1024 * 1024)
        file.write(b"x")
def open_many():
    files = [open(os.devnull) for _ in range(400)]
def fork_many():
    children = []
    try:
        for _ in range(100):
            if (child := os.fork()) == 0:
                try:
                    time.sleep(5)
                finally:
                    os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
found = not os.path.exists("been here") and {
    "sees": [path for path in PATHS if os.path.exists(path)],
    "reads": [path for path in PATHS if not str(can(lambda: os.listdir(path))).startswith("no: ")],
    "network": can(connect),
    "environment": sorted(os.environ),
    "temporary": os.environ.get("TMPDIR", "").startswith(os.getcwd()),
    "big file": can(write_much),
    "many files": can(open_many),
    "many processes": can(fork_many),
    "kill the parent": can(lambda: os.kill(os.getppid(), 0)),
    "write above": can(lambda: open("../above", "w").close()),
    "limits": [resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CPU", "RLIMIT_AS")],
}
with open(os.environ["TMPDIR"] + "/mine", "w"), open("been here", "w"):
    pass
if found:
    print("FOUND" + json.dumps(found) + "END")
    raise RuntimeError
"""


def spied(tmp_path: Path, program: str = "") -> tuple[dict[str, object], str]:
    """What code can do that is graded in a class."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accept = threading.Thread(target=_accept, args=[server], daemon=True)
        accept.start()
        paths = [tmp_path / "class", PROJECT / "solutions", PROJECT / "tests", tmp_path / "report"]
        spy = f"PORT = {server.getsockname()[1]}\nPATHS = {[str(path) for path in paths]}\n{SPY}"
        submission(tmp_path / "class/spy", at_import=spy)
        submission(tmp_path / "class/other")
        said = run("class", tmp_path / "class", "--out", tmp_path / "report", "--chapters", "5", program=program)
    database = sqlite3.connect(tmp_path / "report/class.sqlite")
    told = "\n".join(verdict for (verdict,) in database.execute("SELECT verdict FROM verdicts"))
    database.close()
    assert "FOUND" in told, told
    other = json.loads((tmp_path / "report/results/other.json").read_text())
    assert other["summary"]["passed"] == ALL["05_crud"]
    found: dict[str, object] = json.loads(json.loads(f'"{told.partition("FOUND")[2].partition("END")[0]}"'))
    return found, said


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.mark.skipif(not HAS_FORK, reason="children are started behind bubblewrap by a server")
def test_isolation_is_what_it_says(tmp_path: Path) -> None:
    reason = prepare([]).reason
    if reason:
        pytest.skip(f"no namespaces here: {reason}")
    found, said = spied(tmp_path)
    assert "Isolation: bubblewrap; no network; no view of other submissions, of solutions/, or of the report." in said
    assert found["sees"] == []
    assert str(found["network"]).startswith("no: ")
    names = {
        "DATABASE_URL",
        "HOME",
        "LOGNAME",
        "USER",
        "TMPDIR",
        "TEMP",
        "TMP",
    }  # the grader's; the others are bubblewrap's and Python's own
    assert names <= set(found["environment"]) <= names | {"PWD", "LC_CTYPE"}  # type: ignore[call-overload]
    assert found["temporary"] is True
    assert found["big file"] == "no: OSError"
    assert found["many files"] == "no: OSError"
    assert found["many processes"] == "no: PermissionError"
    assert found["limits"] == [120, 2048 * 1024 * 1024]
    assert found["kill the parent"] == "no: PermissionError"
    assert found["write above"] == "no: PermissionError"


def test_without_bubblewrap_it_says_so(tmp_path: Path) -> None:
    """The limits hold all the same, and so do the kernel's walls."""
    found, said = spied(tmp_path, WITHOUT_BUBBLEWRAP)
    reason = "bubblewrap is not installed" if sys.platform == "linux" else "bubblewrap is for Linux only"
    if landlock.version() and seccomp.is_known():
        assert f"Isolation: the kernel's Landlock and seccomp ({reason}); no network;" in said
        assert str(found["network"]).startswith("no: ") and found["reads"] == []
        assert found["kill the parent"] == found["write above"] == found["many processes"] == "no: PermissionError"
    else:
        assert f"Isolation: none ({reason})" in said and "in a container" in said
    assert found["big file"] == found["many files"] == "no: OSError"
    assert "PATH" not in found["environment"]  # type: ignore[operator]
    assert found["temporary"] is True


# -- code that looks around ---------------------------------------------------------------------


CALLERS_NAME = """
import logging, sys
def log(words): logging.getLogger("app").info("%s: %s", sys._getframe(1).f_code.co_name, words)
log("imported")
"""


def test_who_looks_at_the_grader_has_a_note(tmp_path: Path) -> None:
    """It gains nothing by it, but may know another way; its row shows it."""
    for learner, code in (("anna", ""), ("mallory", TELLS_ALL), ("zoe", CALLERS_NAME)):
        copy_code(PROJECT / "solutions/05_crud", tmp_path / "class" / learner / "05_crud")
        with (tmp_path / "class" / learner / "05_crud/app/crud.py").open("a") as file:
            file.write(code)
    (tmp_path / "class/mallory/05_crud/app/crud.py").write_text(TELLS_ALL)  # and nothing else
    report = tmp_path / "report"
    options = (tmp_path / "class", "--out", report, "--chapters", "5")
    run("class", *options)
    rows = gradebook(report)
    looks = "looks at the frames of its callers: 05_crud/app/crud.py"
    assert {learner: row["note"] for learner, row in rows.items()} == {"anna": "", "mallory": looks, "zoe": looks}
    assert {learner: row["05_crud"] for learner, row in rows.items()} == {"anna": "13", "mallory": "0", "zoe": "13"}
    assert looks not in (report / "results/zoe.json").read_text(encoding="utf-8")
    assert looks in (report / "feedback/zoe.txt").read_text(encoding="utf-8")  # as every note
    run("class", *options, "--resume")
    assert gradebook(report)["zoe"]["note"] == looks
    for learner, told in (("anna", False), ("zoe", True)):
        said = " ".join(run("check", "5", "--submission", tmp_path / "class" / learner).split())
        assert (f"Note: this code {looks}. It has passed; no check says what it does with that." in said) == told
    with (tmp_path / "class/zoe/05_crud/app/crud.py").open("a") as file:
        file.write("def get_item(db, item_id): return None\n")
    assert "Note:" not in run("check", "5", "--submission", tmp_path / "class/zoe", status=1)


# -- bad input ----------------------------------------------------------------------------------


BAD = {
    "no folder": (["nowhere", "--out", "R"], "There is no folder 'nowhere'"),
    "no submission": (["EMPTY", "--out", "R"], "holds no submission"),
    "one submission": (["ONE", "--out", "R"], "is one submission."),
    "chapters": (["CLASS", "--out", "R", "--chapters", "12"], "There is no chapter '12'"),
    "database": (["CLASS", "--out", "R", "--database", "oracle"], "There is no database 'oracle'"),
    "jobs": (["CLASS", "--out", "R", "--jobs", "-1"], "Give --jobs"),
    "time": (["CLASS", "--out", "R", "--time-limit", "0"], "Give --time-limit"),
    "roster": (["CLASS", "--out", "R", "--roster", "nowhere.csv"], "cannot be read"),
    "weights": (["CLASS", "--out", "R", "--weights", "nowhere.toml"], "cannot be read"),
    "format": (["CLASS", "--out", "R", "--format", "pdf"], "There is no format 'pdf'"),
    "report": (["CLASS", "--out", "FILE"], "cannot be written"),
    "report inside": (["CLASS", "--out", "CLASS/anna.zip"], "lies inside"),
    "cluster": (["CLASS", "--out", "R", "--cluster", "tcp://127.0.0.1:9"], "There is no Dask scheduler"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "EMPTY").mkdir()
    (folder / "ONE/chapters/05_crud").mkdir(parents=True)
    (folder / "CLASS").mkdir()
    (folder / "CLASS/anna.zip").write_bytes(b"")
    (folder / "FILE").write_bytes(b"")
    yield folder


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_sentence(what: str, places: Path) -> None:
    arguments, message = BAD[what]
    given = [str(places / word) if word.isupper() or ("/" in word and ":" not in word) else word for word in arguments]
    said = run("class", *given, status=2)
    assert message in said
    assert len(said.splitlines()) == 1


def test_report_is_not_overwritten(small_class: tuple[Path, Path]) -> None:
    submissions, report = small_class
    said = run("class", submissions, "--out", report, status=2)
    assert "already holds a report. Add --resume" in said
    assert "is not a report of 'workbook class'" in run("compare", submissions, report, status=2)
    assert "is not a report" in run("export", PROJECT / "pyproject.toml", "--format", "junit", status=2)


def test_weights_make_points(small_class: tuple[Path, Path], tmp_path: Path) -> None:
    submissions, undisturbed = small_class
    report = Path(shutil.copytree(undisturbed, tmp_path / "report"))
    weights = tmp_path / "weights.toml"
    weights.write_text('default = 0\n[points]\n"05_crud.create_persists" = 2.5\n"05_crud.get_unknown_is_none" = 4\n')
    said = run("class", submissions, "--out", report, "--resume", "--weights", weights)
    assert "Nothing new to grade." in said
    rows = gradebook(report)
    assert (rows["right"]["total"], rows["right"]["possible"], rows["right"]["percent"]) == ("6.5", "6.5", "100.0")
    assert (rows["learner0"]["05_crud"], rows["starter"]["total"]) == ("2.5", "0")


# -- the code beside the solution ---------------------------------------------------------------


def test_comparison_of_code() -> None:
    mine = Chapter({"app/a.py": b"1\n2\n3\n", "app/b.py": b"same\n", "app/new.py": b"x\n", "app/bad.py": b"\xff\n"})
    solution = Chapter({"app/a.py": b"1\n2b\n3\n", "app/b.py": b"same\n", "app/gone.py": b"y\n"})
    found = compare_code(mine, solution)
    assert found["app/a.py"] == {
        "lines": ["1", "2", "3"],
        "steps": [[True, 0, 1, 0, 1], [False, 1, 2, 1, 2], [True, 2, 3, 2, 3]],
    }
    assert found["app/gone.py"] == {"lines": [], "steps": [[False, 0, 0, 0, 1]]}
    assert set(found) == {"app/a.py", "app/new.py", "app/bad.py", "app/gone.py"}
    assert "too long" in compare_code(Chapter({"app/a.py": b"x\n" * 5000}), solution)["app/a.py"]["skipped"]


# -- the time of a submission -------------------------------------------------------------------


def test_slow_submission_takes_no_time_from_who_hands_in_the_same(tmp_path: Path) -> None:
    """What its other chapters left no time for is told of it alone; once, also with --resume."""
    for chapter in ("01_engine", "05_crud"):
        copy_code(PROJECT / "solutions" / chapter, tmp_path / "class/aaa" / chapter)
    with (tmp_path / "class/aaa/01_engine/app/db.py").open("a") as code:
        code.write("\nwhile True: pass\n")
    report = tmp_path / "report"
    limits = ("--time-limit", "1", "--submission-limit", "2", "--chapter-limit", "60")
    options = (tmp_path / "class", "--out", report, *limits, "--chapters", "1,5", "--jobs", "1")
    run("class", *options)
    told = verdicts(report)
    assert gradebook(report)["aaa"]["05_crud"] == "0" and len(told) == 23
    assert "1 of 1 submissions are graded already" in run("class", *options, "--resume")
    assert verdicts(report) == told
    copy_code(PROJECT / "solutions/05_crud", tmp_path / "class/bob/05_crud")
    run("class", *options, "--resume")
    assert {row["05_crud"] for row in gradebook(report).values()} == {"13"}  # the right verdict on it is known now
    shutil.rmtree(report)
    run("class", *options)
    assert {row["05_crud"] for row in gradebook(report).values()} == {"13"}
    assert "2 of 2 submissions are graded already" in run("class", *options, "--resume")
