"""Code that means to deceive gains no pass, and costs no other learner anything."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.bench import Bench, Limits, Target, controls, verdicts
from grader.bench.looks import may_look, told
from grader.lab.asgi import strange_threads
from grader.lab.surroundings import Surroundings
from grader.rules import CHAPTERS, Rule, rules_of
from tests import PROJECT
from tests.cases import all_cases
from tests.cheats import (
    ASKS_LATE,
    CHANGED_LIBRARIES,
    CHANGED_ON_POSTGRESQL,
    CHEATS,
    DUMPS,
    FAIL_AT_FIRST,
    GARBAGE,
    LOOKS,
    LOOKS_FOR_NOTHING,
    LOOKS_NOWHERE,
    LOOKS_TOO_FAR,
    MACHINE_CODE,
    MAKES_MACHINE_CODE,
    ODDITIES,
    TO_DO_TURNED,
    UNSEEN,
    UNSEEN_BY_PSYCOPG,
)
from tests.hostile import submission
from tests.kernels import HAS_WALLS

HONEST = {"list_is_ordered", "list_pages", "reads_do_not_commit", "update_refreshes"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(limits=Limits(seconds=3.0)) as bench:
        yield bench


@pytest.mark.parametrize("name", [*CHEATS, *ODDITIES])
def test_cheat(name: str, bench: Bench, tmp_path: Path) -> None:
    folder = submission(tmp_path, in_get_item="return None", at_import={**CHEATS, **ODDITIES}[name])
    crud = folder / "05_crud/app/crud.py"
    crud.write_text(crud.read_text().replace("    db.commit()\n", ""))
    honest = submission(tmp_path / "honest")
    targets = [Target(place, rule) for place in (folder, honest) for rule in rules_of("05_crud")]
    found = {(target.submission, target.rule.name): check for target, check in bench.grade(targets)}
    assert len(found) == len(targets)
    assert not [check for check in found.values() if "GOT IT" in check.observed]
    assert {name for (place, name), check in found.items() if place == folder and check.outcome == "passed"} <= HONEST
    assert all(check.outcome == "passed" for (place, _), check in found.items() if place == honest)


@pytest.mark.parametrize("name", DUMPS)
def test_what_is_compared_is_asked_nothing(name: str, bench: Bench, tmp_path: Path) -> None:
    """What a schema dumps cannot look up what is wanted, and then have it."""
    shutil.copytree(PROJECT / "solutions/04_schemas", tmp_path / "04_schemas")
    with (tmp_path / "04_schemas/app/schemas.py").open("a") as file:
        file.write(DUMPS[name])
    targets = [Target(tmp_path, rule) for rule in rules_of("04_schemas")]
    found = {check.id.partition(".")[2]: check.outcome for _, check in bench.grade(targets)}
    assert found.pop("update_knows_what_was_sent") != "passed"
    assert {outcome for rule, outcome in found.items() if rule != "create_ignores_a_client_id"} == {"passed"}


@pytest.mark.parametrize("name", GARBAGE)
def test_no_garbage_is_collected_in_the_graders_steps(name: str, bench: Bench, tmp_path: Path) -> None:
    """What code leaves with the garbage collector changes no verdict, neither of wrong code nor of right code."""
    for ordered in (False, True):
        folder = submission(tmp_path / str(ordered), at_import=GARBAGE[name])
        crud = folder / "05_crud/app/crud.py"
        if not ordered:
            crud.write_text(crud.read_text().replace(".order_by(Item.id)", ""))
        found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])]
        failed = {check.id.partition(".")[2] for check in found if check.outcome != "passed"}
        assert failed == (set() if ordered else {"list_is_ordered"})


def test_what_is_to_do_stays_to_do(bench: Bench, tmp_path: Path) -> None:
    """While the whole app is looked at, its code runs once more, and the verdict waits to be told."""
    shutil.copytree(PROJECT / "chapters/05_crud", tmp_path / "05_crud")
    with (tmp_path / "05_crud/app/crud.py").open("a") as file:
        file.write(TO_DO_TURNED)
    found = list(bench.grade([Target(tmp_path, rule) for rule in rules_of("05_crud")]))
    assert [check.outcome for _, check in found if check.outcome == "passed"] == []


@pytest.mark.parametrize("name", FAIL_AT_FIRST)
def test_an_import_that_fails_at_first_is_no_import(name: str, bench: Bench, tmp_path: Path) -> None:
    folder = submission(tmp_path, at_import=FAIL_AT_FIRST[name])
    found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])]
    assert [check for check in found if check.outcome != "error"] == []


@pytest.mark.parametrize("name", UNSEEN)
def test_what_the_driver_is_sent_is_seen(name: str, bench: Bench, tmp_path: Path) -> None:
    """Or the check says that it could not be: it is not passed, and what the learner is told is what the code did."""
    expect_seen(UNSEEN[name], bench, tmp_path)


@pytest.fixture(scope="module")
def bench_of_postgresql() -> Iterator[Bench]:
    with Bench("postgresql", limits=Limits(seconds=3.0)) as bench:
        yield bench


@pytest.mark.parametrize("name", UNSEEN_BY_PSYCOPG)
def test_what_psycopg_is_sent_is_seen(name: str, bench_of_postgresql: Bench, tmp_path: Path) -> None:
    expect_seen(UNSEEN_BY_PSYCOPG[name], bench_of_postgresql, tmp_path)


def expect_seen(unseen: tuple[str, str, str, str, tuple[str, ...]], bench: Bench, tmp_path: Path) -> None:
    chapter, file, line, instead, rules = unseen
    shutil.copytree(PROJECT / "solutions" / chapter, tmp_path / chapter)
    path = tmp_path / chapter / file
    assert path.read_text().count(line) == 1
    path.write_text(path.read_text().replace(line, instead))
    targets = [Target(tmp_path, rule) for rule in rules_of(chapter)]
    found = {target.rule.name: check for target, check in bench.grade(targets)}
    assert {rule for rule in rules if found[rule].outcome == "passed"} == set()
    for rule in rules:
        assert (
            found[rule].outcome in ("failed", "blocked") or "took the grader's trace callback" in found[rule].observed
        )


@pytest.mark.parametrize("kind", ["trace", "profile"])
def test_nothing_follows_every_step(kind: str, bench: Bench, tmp_path: Path) -> None:
    """It cannot be had: Python would call it in the grader's own steps too, and it could change what these hold."""
    folder = submission(tmp_path, at_import=f"import sys\nsys.set{kind}(lambda *_: None)")
    found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])]
    assert {check.outcome for check in found} == {"error"}
    assert all("code cannot follow each step while it is graded" in check.observed for check in found)


@pytest.mark.parametrize("name", CHANGED_LIBRARIES)
def test_what_the_grader_reads_with_is_its_own(name: str, bench: Bench, tmp_path: Path) -> None:
    """Who changes a library so that it tells the grader something else gains nothing by that."""
    expect_nothing_gained(CHANGED_LIBRARIES[name], bench, tmp_path)


@pytest.mark.parametrize("name", CHANGED_ON_POSTGRESQL)
def test_what_the_grader_reads_postgresql_with_is_its_own(
    name: str, bench_of_postgresql: Bench, tmp_path: Path
) -> None:
    expect_nothing_gained(CHANGED_ON_POSTGRESQL[name], bench_of_postgresql, tmp_path)


# How the grader tells that something of its own, or of what it has arranged, is no longer as it was.
NOTICED = (
    *("replaced", "no COMMIT", "something else in a table's place", "taken a trigger away"),
    *("reverse_unordered_selects", "row-level security"),
)


def expect_nothing_gained(
    changed: tuple[str, dict[str, tuple[str, str]], tuple[str, str], str], bench: Bench, tmp_path: Path
) -> None:
    chapter, wrong, (file, code), rule = changed
    shutil.copytree(PROJECT / "solutions" / chapter, tmp_path / chapter)
    for written, (old, new) in wrong.items():
        path = tmp_path / chapter / written
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    with (tmp_path / chapter / file).open("a") as app:
        app.write(code)
    found = {t.rule.name: check for t, check in bench.grade([Target(tmp_path, each) for each in rules_of(chapter)])}
    assert found[rule].outcome in ("failed", "error"), found[rule]
    told = found[rule].observed
    assert found[rule].outcome == "failed" or any(words in told for words in NOTICED), told


@pytest.mark.parametrize("name", LOOKS)
def test_what_asks_for_what_lies_outside_is_told(name: str, bench: Bench, tmp_path: Path) -> None:
    """It costs no verdict, where it leads no further than the callers: a helper may want the name of one."""
    code, what = LOOKS[name]
    outcome = "error" if name in LOOKS_TOO_FAR else "passed"
    said = "" if name in LOOKS_FOR_NOTHING else told("05_crud", {"at": what, "where": "app/crud.py"})
    assert looked(code, bench, tmp_path, outcome) == {said}


@pytest.mark.skipif(not HAS_WALLS or not MACHINE_CODE, reason="no seccomp, or no module of machine code in a file")
@pytest.mark.parametrize("name", MAKES_MACHINE_CODE)
def test_no_machine_code_is_made(name: str, bench: Bench, tmp_path: Path) -> None:
    """It could ask for the grader's frames, and nobody would be told."""
    folder = submission(tmp_path, at_import=MAKES_MACHINE_CODE[name])
    (_, check), *_ = bench.grade([Target(folder, rules_of("05_crud")[0])])
    assert check.outcome == "error"
    refused = ("failed to map segment from shared object", "Operation not permitted", "No module named")
    assert any(words in check.observed for words in refused)


@pytest.mark.parametrize("name", ASKS_LATE)
def test_what_libraries_load_late_is_there(name: str, bench: Bench, tmp_path: Path) -> None:
    folder = submission(tmp_path, at_import=ASKS_LATE[name])
    (_, check), *_ = bench.grade([Target(folder, rules_of("05_crud")[0])])
    assert check.outcome == "passed", check.observed


@pytest.mark.parametrize("name", LOOKS_NOWHERE)
def test_what_libraries_ask_for_is_not(name: str, bench: Bench, tmp_path: Path) -> None:
    assert looked(LOOKS_NOWHERE[name], bench, tmp_path) == {""}


def looked(code: str, bench: Bench, tmp_path: Path, outcome: str = "passed") -> set[str]:
    folder = submission(tmp_path, at_import=code)
    assert may_look(folder / "05_crud")
    found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")[:3]])]
    assert {check.outcome for check in found} == {outcome}, found[0].observed
    return {check.looks for check in found}


KEEPS_BACK = """
import os, stat, _thread
held = next(n for n in range(3, 64) if os.path.exists(f"/proc/self/fd/{n}") and stat.S_ISSOCK(os.fstat(n).st_mode))
bench, (inside, outside) = os.dup(held), os.pipe()
os.dup2(outside, held)
def hand_on():
    with open(inside, "rb") as lines:
        for line in lines:
            if b'"looks"' not in line: os.write(bench, line)
_thread.start_new_thread(hand_on, ())
import sys
sys._getframe(1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for the grader's socket in /proc")
def test_what_the_grader_says_cannot_be_kept_back(bench: Bench, tmp_path: Path) -> None:
    folder = submission(tmp_path, at_import=KEEPS_BACK)
    found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])]
    assert {check.outcome for check in found} == {"error"}
    assert {check.observed for check in found} == {verdicts.KEPT_BACK["observed"]}


SPOILS = """
import os, stat, sys
from pathlib import Path
_tries = Path(__file__).parents[1] / "tries"
def _spoil():
    held = next(n for n in range(3, 64) if os.path.exists(f"/proc/self/fd/{n}") and stat.S_ISSOCK(os.fstat(n).st_mode))
    os.write(held, b"junk ")
"""
# What is to be lost is a note that code looks at frames, or that a check has failed once.
_LOSES_A_NOTE = "if not _tries.exists():\n    _tries.touch(); _spoil(); sys._getframe(1)"
_LOSES_A_VERDICT = """
_real = create_item
def create_item(*given):
    if _tries.exists():
        return _real(*given)
    _tries.touch(); _spoil()
    raise RuntimeError
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for the grader's socket in /proc")
@pytest.mark.parametrize(("code", "failed"), [(_LOSES_A_NOTE, 0), (_LOSES_A_VERDICT, 1)])
def test_nothing_that_the_grader_says_can_be_spoilt(code: str, failed: int, bench: Bench, tmp_path: Path) -> None:
    folder = submission(tmp_path, at_import=f"{SPOILS}\n{code}")
    found = [check for _, check in bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])]
    assert [check.outcome for check in found].count("failed") == failed
    assert failed or any("looks at the frames" in check.looks for check in found)


# How code keeps back that it has failed: its process ends, or nobody hears it any more.
_KEEPS_QUIET = {
    "ends": "os._exit(0)",
    "is not heard": "held = next(n for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}')"
    " and stat.S_ISSOCK(os.fstat(n).st_mode)); os.dup2(os.open('/dev/null', os.O_RDWR), held)",
    "says too much": "held = next(n for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}')"
    " and stat.S_ISSOCK(os.fstat(n).st_mode))\n    for _ in range(10_010): os.write(held, b'x\\n')",
}


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for the grader's socket in /proc")
@pytest.mark.parametrize("how", _KEEPS_QUIET)
def test_no_code_can_try_once_more_what_it_has_hidden(how: str, bench: Bench, tmp_path: Path) -> None:
    """Another child judges the check again, in a folder that does not tell it that it is the second one."""
    quiet = f"""
import os, stat
from pathlib import Path
_tries = Path(__file__).parents[1] / "tries"
_real = update_item
def update_item(*given):
    if _tries.exists():
        return _real(*given)
    _tries.touch()
    {_KEEPS_QUIET[how]}
    raise RuntimeError
"""
    folder = submission(tmp_path, at_import=quiet)
    judged = bench.grade([Target(folder, rule) for rule in rules_of("05_crud")])
    found = {target.rule.name: check.outcome for target, check in judged}
    assert found["update_keeps_omitted_fields"] not in ("passed", "blocked"), found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nobody_listens_where_there_is_nothing_to_hear(chapter: str) -> None:
    """Python tells of every step then, which takes its time."""
    assert not may_look(PROJECT / "solutions" / chapter)
    assert not may_look(PROJECT / "chapters" / chapter)


@pytest.mark.parametrize("code", [
    b"# -*- coding: utf-7 -*-\n+AHM-ys", b"import sys\nsys._\xef\xbd\x87etframe()", b"\xff", b"getattr(a, b)",
    b"\n# vim: set fileencoding=rot13 :\nflf",
])  # fmt: skip
def test_what_could_hide_a_word_is_listened_to(code: bytes, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/crud.py").write_bytes(b"x = db.exec(compiled.compile())")
    assert not may_look(tmp_path)
    (tmp_path / "app/helpers.py").write_bytes(code)
    assert may_look(tmp_path)


def test_threads_are_seen_whatever_their_class_says(tmp_path: Path) -> None:
    class Lying(threading.Thread):
        __module__ = "anyio.abc"

        def join(self, timeout: float | None = None) -> None:
            raise SystemExit

        def is_alive(self) -> bool:
            return False

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = threading.Thread.__hash__

    surroundings, over = Surroundings(str(tmp_path)), threading.Event()
    Lying(target=over.wait, name="event loop of the app").start()
    try:
        assert surroundings.are_lost()
        assert Lying in map(type, strange_threads())
    finally:
        over.set()
    assert not surroundings._still_running()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_rule_is_passed_when_nobody_can_meet_it(chapter: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule of the solution, as the check that nobody can pass: it fails, and costs the others nothing."""
    chosen: list[Rule] = []
    told: list[str] = []
    proved = controls.proved

    def choice(rules: list[Rule]) -> Rule:
        return next((rule for rule in rules if rule.name == wanted), rules[0])

    def listening(run: object, child: object) -> Iterator[object]:
        told.extend(each["outcome"] for each in child.told_of_control)  # type: ignore[attr-defined]
        yield from proved(run, child)  # type: ignore[arg-type]

    monkeypatch.setattr(controls.secrets, "choice", choice)
    monkeypatch.setattr(controls, "proved", listening)
    for rule in rules_of(chapter):
        wanted = rule.name
        chosen.append(rule)
        found = [check for _, check in bench.grade([Target(PROJECT / "solutions", each) for each in rules_of(chapter)])]
        assert {check.outcome for check in found} == {"passed"}, [c.observed for c in found if c.outcome != "passed"]
    assert len(told) >= len(chosen)
    assert set(told) <= {"failed", "blocked"}


def test_control_leaves_nothing_to_the_next_check(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The control deletes what its rule deletes; an app that remembers it passes no rule because of that."""
    case = next(case for case in all_cases() if case.slug == "unknown_is_404_after_the_first")
    case.build(tmp_path)
    rules = [rule for rule in rules_of(case.chapter) if rule.name in ("read_answers_the_item", *case.fails)]
    monkeypatch.setattr(controls.secrets, "choice", lambda asked: asked[-1])
    monkeypatch.setattr(controls.secrets, "randbelow", lambda _: 0)  # the second of three
    monkeypatch.setattr(bench, "jobs", 1)
    found = {
        target.rule.name: check.outcome for target, check in bench.grade([Target(tmp_path, rule) for rule in rules])
    }
    assert found == {"read_answers_the_item": "passed", "delete_unknown_is_404": "failed"}
