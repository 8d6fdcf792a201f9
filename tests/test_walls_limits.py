"""Whatever code does or a submission holds: nobody waits for ever, nothing is left, and no log or page is misled."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from grader.bench import Bench, Isolation, Limits, Target, limits_for, looks, plan, room, runner
from grader.bench.children import Child, Children
from grader.bench.isolation import user_after
from grader.bench.sandbox import Sandbox
from grader.bench.staging import stage
from grader.classroom.intake import Reader, Unreadable, apart, limits
from grader.classroom.intake.entry import Source
from grader.classroom.output.exporters import FORMATS
from grader.lab.job import HAS_FORK
from grader.removal import remove
from grader.report import Check, Report
from grader.rules import WITHOUT_HTTP, roster, rules_of
from grader.starters import untouched_tasks
from tests import PROJECT
from tests.classes import gradebook, run
from tests.hostile import OF_GET, submission
from tests.kernels import HAS_WALLS, WITHOUT_WALLS
from tests.runs import Run

ALL = len(rules_of("05_crud"))


def verdicts(bench: Bench, folder: Path, chapter: str = "05_crud") -> dict[str, Check]:
    return {target.rule.name: check for target, check in bench.grade([Target(folder, r) for r in rules_of(chapter)])}


# -- folders ------------------------------------------------------------------------------------

DEEP = "import os\nfor _ in range(600):\n    os.mkdir('x' * 20); os.chdir('x' * 20)\n"
CLOSED = "import os\nos.mkdir('closed'); open('closed/file', 'w').close(); os.mkdir('none', 0)\n"
LINKS = "import os\nos.symlink('/', 'root'); os.symlink('.', 'loop'); os.mkfifo('pipe')\n"


@pytest.mark.parametrize("code", [DEEP, CLOSED, LINKS], ids=["deep", "closed", "links"])
def test_folders_that_are_hard_to_remove(code: str, tmp_path: Path) -> None:
    folder = submission(tmp_path, in_get_item=code + "raise ValueError")
    with Bench(limits=Limits(seconds=10)) as bench:
        workshop = bench.workshop
        found = verdicts(bench, folder)
    assert sum(check.outcome == "passed" for check in found.values()) == ALL - 3
    assert not workshop.exists()


def test_remove_anything(tmp_path: Path) -> None:
    here, kept = Path.cwd(), tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    place = tmp_path / "place"
    place.mkdir()
    try:
        os.chdir(place)
        for _ in range(1500):
            Path("deep").mkdir()
            os.chdir("deep")
    finally:
        os.chdir(here)
    (place / "link").symlink_to(kept)
    (place / "closed").mkdir()
    (place / "closed/file").touch()
    (place / "closed").chmod(0)
    remove(place)
    remove(tmp_path / "missing")
    assert not place.exists() and (kept / "file").read_text() == "kept"


@pytest.mark.parametrize("packed", [False, True])
def test_a_class_with_one_who_makes_deep_folders(packed: bool, tmp_path: Path) -> None:
    """Whoever hands in deep folders, or makes them, costs nobody else a verdict."""
    submission(tmp_path / "class/deep", in_get_item=DEEP)
    submission(tmp_path / "class/right")
    if packed:
        with zipfile.ZipFile(tmp_path / "class/nested.zip", "w") as archive:
            archive.writestr("05_crud/app/" + "x/" * 1200 + "y.py", "1")
    options = ("--out", tmp_path / "report", "--chapters", "5", "--time-limit", "5")
    run("class", tmp_path / "class", *options, status=int(packed))
    assert gradebook(tmp_path / "report")["right"]["05_crud"] == str(ALL)


# -- waiting ------------------------------------------------------------------------------------

_STOPPING = f"""
import sys, time
{WITHOUT_WALLS}
from pathlib import Path
from grader.bench import Bench, Limits, Target
from grader.rules import rules_of
with Bench(limits=Limits(seconds=3)) as bench:
    found = [check.outcome for _, check in bench.grade([Target(Path(sys.argv[1]), r) for r in rules_of("05_crud")])]
    workshop = bench.workshop
print(found.count("passed"), workshop.exists())
"""
STOPPED = {
    "stop the server": "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)",
    "stop it and end": "import os, signal; os.kill(os.getppid(), signal.SIGSTOP); os._exit(0)",
    "stop everybody and sleep": "import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(1000)",
}


@pytest.mark.skipif(not HAS_WALLS, reason="there are no walls here")
def test_who_meets_a_wall_is_told_so(tmp_path: Path) -> None:
    folder = submission(tmp_path, at_import="import multiprocessing\nLOCK = multiprocessing.Lock()")
    with Bench() as bench:
        found = verdicts(bench, folder)["create_persists"]
    assert found.outcome == "error" and found.line == "LOCK = multiprocessing.Lock()"
    assert found.hint.startswith("The grader lets your code write in its own folder only")


@pytest.mark.skipif(not HAS_WALLS, reason="walls cannot be taken away here")
@pytest.mark.skipif(not HAS_FORK, reason="there is a server only where there is fork")
@pytest.mark.parametrize("name", STOPPED)
def test_a_server_that_is_stopped(name: str, tmp_path: Path) -> None:
    """Where no wall keeps code from it: the others keep their verdicts, and everything ends."""
    folder = submission(tmp_path, in_get_item=STOPPED[name])
    done = subprocess.run(
        [sys.executable, "-c", _STOPPING, str(folder)], cwd=PROJECT, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    passed, exists = done.stdout.split()
    assert int(passed) >= ALL - 3 and exists == "False"


def test_a_pipe_among_the_submissions(tmp_path: Path) -> None:
    submission(tmp_path / "class/right")
    for name in ("x.zip", "y.tar.gz"):
        os.mkfifo(tmp_path / "class" / name)
    (tmp_path / "class/z/05_crud/app").mkdir(parents=True)
    os.mkfifo(tmp_path / "class/z/05_crud/app/crud.py")
    run("class", tmp_path / "class", "--out", tmp_path / "report", "--chapters", "5", timeout=120, status=1)
    rows = gradebook(tmp_path / "report")
    assert rows["x"]["status"] == rows["y"]["status"] == "unreadable"
    assert rows["right"]["05_crud"] == str(ALL) and rows["z"]["05_crud"] == "0"


def test_a_pipe_in_a_chapter(tmp_path: Path) -> None:
    """Also for the command, which asks whether it has seen the code before."""
    folder = submission(tmp_path / "mine")
    os.mkfifo(folder / "05_crud/app/pipe.py")
    said = run("check", "5", "--submission", folder, timeout=60)
    assert f"05_crud           {ALL} passed" in said


def test_an_archive_that_takes_too_long(tmp_path: Path) -> None:
    submission(tmp_path / "right")
    right = [Source(tmp_path / "right", "right")]
    with Reader(seconds=0.001) as slow, pytest.raises(Unreadable, match="takes longer"):
        slow.read(right)
    with Reader() as reader:
        assert reader.read(right).chapters["05_crud"].files


def test_an_archive_in_an_archive_takes_no_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few KB can hold hundreds of MB, which others may need at the same time."""
    submission(tmp_path / "right")
    inner = shutil.make_archive(str(tmp_path / "inner"), "zip", tmp_path / "right")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(inner, "inner.zip")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert apart.read(Source(tmp_path / "outer.zip", "outer.zip"), selected=["05_crud"]).chapters["05_crud"].files


def test_archives_in_archives_share_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each could be as large as one may be, and all of them are open at the same time."""
    submission(tmp_path / "right")
    inner = shutil.make_archive(str(tmp_path / "inner"), "zip", tmp_path / "right")
    size = Path(inner).stat().st_size
    with zipfile.ZipFile(tmp_path / "middle.zip", "w") as middle:
        middle.write(inner, "inner.zip")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(tmp_path / "middle.zip", "middle.zip")
        outer.write(inner, "05_crud.zip")
    source = Source(tmp_path / "outer.zip", "outer.zip")
    monkeypatch.setattr(limits, "MOST_NESTED", size * 3)
    assert not [note for note in apart.read(source, selected=["05_crud"]).notes if "larger" in note]
    monkeypatch.setattr(limits, "MOST_NESTED", int(size * 1.5))
    submission_of_both = apart.read(source, selected=["05_crud"])
    assert submission_of_both.chapters["05_crud"].files, "what lies beside it is read"
    assert [note for note in submission_of_both.notes if "with those that it lies in" in note]


# -- reading ------------------------------------------------------------------------------------

LARGE = {
    "a list": "x = [" + "0," * 1_000_000 + "]",
    "text": "x = '" + "x" * 300_000 + "'",
}
SLOW = {"f-strings": "x = f'" + "{x}" * 30_000 + "'", "sums": "x = 1" + "+1" * 90_000, "names": "a;" * 90_000}
SLOW["marks that combine"] = "a" + "\N{COMBINING ACUTE ACCENT}" * 7_900 + "\N{COMBINING DOT BELOW}" * 7_900


@pytest.mark.parametrize("name", LARGE)
def test_a_file_that_is_no_code(name: str, tmp_path: Path) -> None:
    folder = submission(tmp_path)
    (folder / "05_crud/app/large.py").write_text(LARGE[name])
    with Bench() as bench:
        found = verdicts(bench, folder)
    assert {check.outcome for check in found.values()} == {"error"}
    assert "05_crud/app/large.py is larger than 200 KB" in found["create_persists"].observed


@pytest.mark.parametrize("name", SLOW)
def test_code_that_takes_long_to_parse(name: str, tmp_path: Path) -> None:
    folder = submission(tmp_path, at_import=SLOW[name])
    begun = time.process_time()
    assert untouched_tasks("05_crud", folder / "05_crud") == frozenset()
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize("marks", ["\u0315\u0300", "\u0f73", "\uff9e"])  # the others are marks once normalised
def test_code_that_takes_long_to_normalise(marks: str, tmp_path: Path) -> None:
    """In a comment, where Python does not ask; nearly the largest file that there may be."""
    marks *= 180_000 // len(marks.encode())
    folder = submission(tmp_path, at_import=f"# {marks}")
    begun = time.process_time()
    assert looks.may_look(folder / "05_crud")
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize("number", [2_000, 30])
def test_too_much_code(number: int, tmp_path: Path) -> None:
    app = tmp_path / "05_crud/app"
    app.mkdir(parents=True)
    for each in range(number):
        (app / f"file{each}.py").write_text("#" * (10 if number > 100 else 199_000))
    assert "app holds more than" in stage(tmp_path, "05_crud", tmp_path / "copy")


# -- time ---------------------------------------------------------------------------------------


def test_a_chapter_and_a_submission_have_a_budget(tmp_path: Path) -> None:
    for chapter in ("04_schemas", "05_crud", "06_routes"):
        shutil.copytree(PROJECT / "solutions" / chapter, tmp_path / chapter)
        init = tmp_path / chapter / "app/__init__.py"
        init.write_text("import time; time.sleep(1.5)\nraise ValueError\n")  # anew for each check
    begun = time.monotonic()
    targets = [Target(tmp_path, rule) for rule in roster(("04_schemas", "05_crud", "06_routes"))]
    with Bench(limits=Limits(seconds=3, chapter=4, submission=7), jobs=1) as bench:
        found = [check for _, check in bench.grade(targets)]
    assert time.monotonic() - begun < 40
    assert len(found) == len(targets)
    late = [check for check in found if check.outcome == "timeout"]
    assert len(late) > len(found) / 2 and not [check for check in found if check.outcome == "passed"]
    assert {check.observed for check in late} <= {
        "not checked: the 4 seconds for the chapter were already used up",
        "not checked: the 7 seconds for the submission were already used up",
    }


@pytest.mark.parametrize(
    ("free", "alone", "told"), [(0, True, "error"), (1 << 40, True, "failed"), (1 << 40, False, "error")]
)
def test_a_full_disk_costs_nobody_a_verdict(
    free: int, alone: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails for want of room is judged once more, and then, if there is none or others may use it, not at all."""
    folder = submission(tmp_path, in_get_item="raise OSError(28, 'No space left on device')")
    monkeypatch.setattr(room, "left_on", lambda _: room.Left(files=1 << 20, size=free))
    with Bench(alone=alone) as bench:
        found = verdicts(bench, folder)
    check = found["get_returns_the_item"]
    assert (check.outcome, check.unjudged) == (told, told == "error")
    assert {name for name, check in found.items() if check.outcome != "passed"} == OF_GET


ALWAYS = """
def used_up(*_, **__):
    raise ERROR


create_item = get_item = list_items = update_item = delete_item = used_up
"""


@pytest.mark.parametrize("error", ["OSError(28, 'No space left on device')", 'RuntimeError("can\'t start new thread")'])
def test_who_says_again_and_again_that_something_is_used_up(
    error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time costs everybody the time of another try: it is believed a few times, and no more."""
    monkeypatch.setattr(room, "left_on", lambda _: room.Left(files=1 << 20, size=1 << 40))
    with Bench(alone=False, isolation=Isolation(user=-1)) as bench:
        found = verdicts(bench, submission(tmp_path, at_import=ALWAYS.replace("ERROR", error))).values()
    assert not [check for check in found if check.outcome == "passed"]
    believed = [check for check in found if check.unjudged]
    assert 0 < len(believed) <= runner._MOST_CLAIMS < len(found) - len(believed)


# A process that has judged list_items before is the first one, whatever is new of the app.
KNOWS_THE_FIRST = """
import logging, os, stat
first, listed, update = logging.getLogger("first").__dict__, list_items, update_item


def list_items(*given, **named):
    first["seen"] = True
    return listed(*given, **named)


def update_item(*given):
    if "seen" in first:
        ENDS
        raise RuntimeError("wrong")
    return update(*given)
"""
# A new import of the app has forgotten it.
KNOWS_ANOTHER_CHECK = KNOWS_THE_FIRST.replace('logging.getLogger("first").__dict__', "{}")
FLOODS = """for number in range(3, 200):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode): os.write(number, b"x\\n" * 10010)
            except OSError: pass"""


@pytest.mark.skipif(not HAS_FORK, reason="children are told of in sockets where a server forks them")
@pytest.mark.parametrize(("ends", "outcome", "note"), [(FLOODS, "error", ""), ("os._exit(0)", "passed", "ended its")])
def test_who_lets_no_failure_be_heard(ends: str, outcome: str, note: str, tmp_path: Path) -> None:
    """A flood is the code's own doing. Of an end nobody knows whether an earlier check is to blame, so it is noted."""
    with Bench() as bench:
        found = verdicts(bench, submission(tmp_path, at_import=KNOWS_THE_FIRST.replace("ENDS", ends)))
    assert found["update_persists"].outcome == outcome
    assert any(check.looks.startswith(note or "-") for check in found.values()) == bool(note)
    assert found["delete_persists"].outcome == "passed"


MAKES_FILES = "import os\nfor number in range(30):\n    os.mkdir(f'd{number}')\n"
MAKES_FILES += "    for each in range(1000): os.mkdir(f'd{number}/{each}')\n"


FILLS_THE_DISK = (
    "import time\nfor number in range(9):\n    with open(f'f{number}', 'wb') as f: f.write(bytes(9 << 20))\n"
)
FILLS_THE_DISK += "    time.sleep(0.1)\n"


@pytest.mark.parametrize("code", [MAKES_FILES, FILLS_THE_DISK])
def test_much_is_written(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the chapter is not checked, what another has written is not counted, and nothing is left."""
    guilty, other = submission(tmp_path / "guilty", at_import=code), submission(tmp_path / "other")
    monkeypatch.setattr(runner, "_LOOK_AROUND", 0.05)
    monkeypatch.setattr(room, "_LEAST_BYTES", 16 << 20)
    monkeypatch.setattr(room, "MOST_BYTES", 16 << 20)
    with Bench(jobs=2) as bench:
        workshop = bench.workshop
        targets = [Target(folder, rule) for folder in (guilty, other) for rule in rules_of("05_crud")]
        found = [(target.submission, check) for target, check in bench.grade(targets)]
    told = {check.observed for folder, check in found if folder == guilty}
    (said,) = told
    assert said.startswith(f"the code has made more than {room.MOST_FILES:,} files and folders")
    assert {check.outcome for folder, check in found if folder == other} == {"passed"}
    assert not workshop.exists()


def test_files_are_counted_wherever_they_lie(tmp_path: Path) -> None:
    """In a folder whose path is too long to be opened, and in one that nobody may read."""

    def holds(folder: Path, most: int) -> bool:
        return room.holds_more(folder, most, 1 << 40)

    place, closed = os.open(tmp_path, os.O_RDONLY), tmp_path / "closed"
    for _ in range(30):
        os.mkdir("x" * 200, dir_fd=place)
        inner = os.open("x" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    for number in range(50):
        os.close(os.open(f"f{number}", os.O_CREAT, dir_fd=place))
    os.close(place)
    assert not holds(tmp_path, 90) and holds(tmp_path, 70)
    closed.mkdir()
    for number in range(50):
        (closed / f"f{number}").touch()
    closed.chmod(0o300)
    assert not holds(closed, 60) and holds(closed, 40)
    remove(tmp_path)


@pytest.mark.parametrize(
    ("shared", "alone", "left", "believed"),
    [(True, True, False, True), (True, True, True, False), (True, False, True, True), (False, True, False, False)],
)
def test_threads_that_others_use_up_cost_nobody_a_verdict(
    shared: bool, alone: bool, left: bool, believed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that has its user to itself has used them up itself, and where there are some, it says what is not so."""
    if not shared and Isolation().user < 0:
        pytest.skip("only root gives each child a user of its own")
    monkeypatch.setattr(room, "for_threads", lambda: left)
    folder = submission(tmp_path, in_get_item='raise RuntimeError("can\'t start new thread")')
    with Bench(isolation=Isolation(user=-1) if shared else None, alone=alone) as bench:
        found = verdicts(bench, folder)
    assert {name for name, check in found.items() if check.outcome != "passed"} == OF_GET
    assert found["get_returns_the_item"].unjudged == believed


def test_room_for_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert room.for_threads()
    before, starts = threading.active_count(), iter([True] * 3)
    real = threading.Thread.start

    def start(self: threading.Thread) -> None:
        if not next(starts, False):
            raise RuntimeError("can't start new thread")
        real(self)

    monkeypatch.setattr(threading.Thread, "start", start)
    assert not room.for_threads() and threading.active_count() == before


@pytest.mark.parametrize("left", [0, 1 << 20])
def test_a_disk_without_room_for_files_costs_nobody_a_verdict(
    left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails, and what dies, is judged once more, and then, if no file can be made, not at all."""
    folder = submission(tmp_path, in_get_item="import os; os._exit(0)")
    monkeypatch.setattr(room, "left_on", lambda _: room.Left(files=left, size=1 << 40))
    with Bench() as bench:
        found = verdicts(bench, folder)
    assert {name for name, check in found.items() if check.outcome != "passed"} == OF_GET
    assert found["get_returns_the_item"].unjudged == (left == 0)


@pytest.mark.skipif(not HAS_FORK, reason="there is no server")
def test_threads_that_are_used_up_cost_nobody_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the bench can start no thread for a child, that comes right with the server that has the others."""
    listen, failures = Children._listen, iter(range(2))

    def listen_later(self: Children, child: Child, results: object, output: object) -> None:
        if next(failures, None) is not None:
            raise RuntimeError("can't start new thread")
        listen(self, child, results, output)

    monkeypatch.setattr(Children, "_listen", listen_later)
    with Bench(jobs=2) as bench:
        found = [verdicts(bench, submission(tmp_path / name)) for name in ("one", "another")]
    assert {check.outcome for each in found for check in each.values()} == {"passed"}
    assert next(failures, None) is None


def test_budgets_follow_the_time_of_a_check() -> None:
    assert (limits_for(10).chapter, limits_for(10).submission) == (60, 180)
    assert (limits_for(1).chapter, limits_for(1).submission) == (6, 18)
    assert (limits_for(1, 5, 7).chapter, limits_for(1, 5, 7).submission) == (5, 7)


def test_budgets_are_options(grade: Run, tmp_path: Path) -> None:
    folder = submission(tmp_path / "mine", in_get_item="import time; time.sleep(2)")
    arguments = ("--submission", str(folder), "--time-limit", "2", "--chapter-limit", "2", "--submission-limit", "2")
    assert "were already used up" in " ".join(grade("grader/test_05_crud.py", *arguments).stdout.split())
    assert "were already used up" in " ".join(run("check", "5", *arguments, status=1).split())
    wrong = grade("grader/test_05_crud.py", "--chapter-limit", "1")
    assert wrong.returncode == 4 and "Give --chapter-limit as a number of seconds" in wrong.stderr


# -- users --------------------------------------------------------------------------------------


@pytest.mark.skipif(not HAS_FORK, reason="only the walls make another user of a child")
def test_all_children_of_a_run_are_one_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last check is judged by one more, and whatever a child says of its end."""
    places: dict[int, set[int]] = {}
    start = runner.Runner._start_child

    def noting(self: runner.Runner, run: plan.Run) -> None:
        places.setdefault(id(run), set()).add(run.slot)
        start(self, run)

    monkeypatch.setattr(runner.Runner, "_start_child", noting)
    folder = submission(
        tmp_path, at_import="import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    with Bench(jobs=2) as bench:
        found = verdicts(bench, folder)
    assert {check.outcome for check in found.values()} == {"passed"}
    assert len(places) == 2 and sorted(map(sorted, places.values())) == [[0], [1]]


def test_no_two_places_have_the_same_user() -> None:
    """Of up to 60 runs side by side, with those beside them, and of the benches of a class."""
    first = Isolation(user=user_after(64_000, 0))
    benches = [first, *(Isolation(user=user_after(first.user, number)) for number in range(1, 20))]
    users = [bench.user_of(slot) for bench in benches for slot in range(60 + len(WITHOUT_HTTP))]
    assert len(set(users)) == len(users) and min(users) >= 20_000 and max(users) < 65_536
    sandbox = Sandbox(Limits(), False, False, first.user, ())
    assert [sandbox.isolation(number).user for number in range(20)] == [bench.user for bench in benches]
    with pytest.raises(AssertionError):
        first.user_of(plan.NO_SLOT)


# -- what is shown ------------------------------------------------------------------------------

COMMANDS = ("::warning file=x::y", "##[error]no", "##vso[task.complete]", "::add-mask::x", "##teamcity[x]")
MARKS = "\x9b31m\x1b[2J\u202e\u2066\x00\x85\u200f"


def test_nothing_shown_is_a_command_or_moves_the_text(grade: Run, tmp_path: Path) -> None:
    """In no line of what is shown, and in none of the files that are written."""
    hostile = f"text = {chr(10).join(COMMANDS) + MARKS!r}\nprint(text, flush=True)\nraise ValueError(' ' * 60 + text)"
    folder = submission(tmp_path / "mine", in_get_item=hostile)
    (folder / "05_crud/app/::warning ::x\x9b.py").write_text("1")
    done = grade(
        "grader/test_05_crud.py", "--submission", folder, "--report-json", tmp_path / "report.json", "--full-trace"
    )
    checks = [Check.read(each) for each in json.loads((tmp_path / "report.json").read_text())["checks"]]
    with Bench() as bench:
        checks += verdicts(bench, folder).values()
    points = dict.fromkeys((check.id for check in checks), 1.0)
    texts = [done.stdout, run("check", "5", "--submission", folder, status=1)]
    texts += [run("check", "5", "--submission", folder, "--json", status=1)]
    texts += [(tmp_path / "report.json").read_text()]
    texts += [Report(submission="x", database="sqlite", checks=checks).to_json()]
    texts += [FORMATS[name].make("x", checks[:ALL], points) for name in FORMATS]
    for text in texts:
        assert not [line for line in text.splitlines() if line.strip().startswith("::")]
        assert "##[" not in text and "##vso[" not in text and "##teamcity[" not in text
        assert not [mark for mark in MARKS if not mark.isprintable() and mark in text]
    ElementTree.fromstring(FORMATS["junit"].make("x", checks[:ALL], points))


def test_names_in_a_class_are_harmless(tmp_path: Path) -> None:
    submission(tmp_path / "class/::error ::x\u202e\x9b", at_import=f"# {MARKS[3:5]} ##[error]")
    said = run("class", tmp_path / "class", "--out", tmp_path / "report", "--chapters", "5", "--format", "junit")
    texts = [said] + [path.read_text() for path in (tmp_path / "report").rglob("*") if path.suffix in (".html", ".csv")]
    texts += [path.read_text() for path in (tmp_path / "report").rglob("*.json")]
    for text in texts:
        assert "\u202e" not in text and "\x9b" not in text and "\u2066" not in text
        assert "##[error]" not in text


@pytest.mark.skipif(not HAS_FORK, reason="a check has a process of its own where there is no fork")
def test_what_passes_only_in_a_new_import_is_noted(tmp_path: Path) -> None:
    """A hidden check may come in between, after which every app is imported anew: then there is nothing to note."""
    noted = set()
    with Bench() as bench:
        for number in range(5):
            folder = submission(tmp_path / str(number), at_import=KNOWS_ANOTHER_CHECK.replace("ENDS", "pass"))
            found = verdicts(bench, folder)
            assert {check.outcome for check in found.values()} == {"passed"}
            noted |= {check.looks for check in found.values()}
    assert any("only after its app was imported once more: 05_crud/update_" in each for each in noted)


GOES_ON = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"


@pytest.mark.skipif(not HAS_FORK, reason="a check has a process of its own where there is no fork")
def test_a_thread_that_goes_on_is_no_end_of_a_process(tmp_path: Path) -> None:
    """A new process judges each check, and nobody hears of a process that ended in the middle of one."""
    with Bench() as bench:
        found = verdicts(bench, submission(tmp_path, at_import=GOES_ON))
    assert {(check.outcome, check.looks) for check in found.values()} == {("passed", "")}


# What is in the way of a new database is no reason for a new process, in which the code would know of nothing.
IN_THE_WAY = """
import os
from app.db import engine


def in_the_way(*_):
    if "seen" in first and engine.url.database:
        os.makedirs(f"{engine.url.database}-shm", exist_ok=True)
"""


@pytest.mark.skipif(not HAS_FORK, reason="a check has a process of its own where there is no fork")
def test_a_folder_beside_the_database_is_removed(tmp_path: Path) -> None:
    code = KNOWS_THE_FIRST.replace("ENDS", "pass") + IN_THE_WAY
    code += "import sqlalchemy\nsqlalchemy.event.listen(sqlalchemy.orm.Session, 'after_transaction_end', in_the_way)\n"
    with Bench() as bench:
        found = verdicts(bench, submission(tmp_path, at_import=code))
    assert found["update_persists"].outcome == "failed"
    assert not any(check.looks for check in found.values())
