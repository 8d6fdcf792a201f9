"""Whatever code does to PostgreSQL: it costs no other check and no other learner a verdict, and nothing is left."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader import BadInput
from grader.bench import Bench, Limits, Target
from grader.bench.own_server import OwnServer
from grader.bench.spaces import Space, Spaces
from grader.classroom.store import Store
from grader.report import Check, entry_of
from grader.rules import rules_of
from tests import PROJECT
from tests.classes import copy_code, gradebook, run, verdicts_of
from tests.hostile import OF_GET
from tests.sql_attacks import ATTACKS, LOST, hostile, keeping_the_grader_away

pytestmark = pytest.mark.skipif(os.name == "nt", reason="another way to a server")

SECONDS = 5.0
SOLUTIONS = PROJECT / "solutions"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench("postgresql", limits=Limits(seconds=SECONDS)) as bench:
        yield bench


def verdicts(bench: Bench, *folders: Path) -> list[dict[str, Check]]:
    """The verdicts on chapter 05 of some submissions, which are graded side by side."""
    found: dict[Path, dict[str, Check]] = {folder: {} for folder in folders}
    targets = [Target(folder, rule) for folder in folders for rule in rules_of("05_crud")]
    for target, check in bench.grade(targets):
        found[target.submission][target.rule.name] = check
    return list(found.values())


def not_passed(found: dict[str, Check]) -> dict[str, str]:
    return {name: f"{check.outcome}: {check.observed}" for name, check in found.items() if check.outcome != "passed"}


@pytest.mark.parametrize(("kind", "name"), ATTACKS)
def test_attack_costs_nobody_else(kind: str, name: str, bench: Bench, tmp_path: Path) -> None:
    """Nor another check of the same learner, nor who is graded at the same time, nor who comes next."""
    attacker, beside = verdicts(bench, hostile(tmp_path, kind, name), SOLUTIONS)
    assert set(not_passed(attacker)) <= OF_GET, not_passed(attacker)
    assert not_passed(beside) == {}
    (after,) = verdicts(bench, SOLUTIONS)
    assert not_passed(after) == {}
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", LOST)
def test_who_keeps_the_grader_away_is_judged(name: str, bench: Bench, tmp_path: Path) -> None:
    """Where the bench can use the database, nobody has a check that cannot be judged: it would never be."""
    (attacker,) = verdicts(bench, keeping_the_grader_away(tmp_path, name))
    assert set(not_passed(attacker)) == OF_GET
    assert not [check.observed for check in attacker.values() if check.unjudged]
    assert any("twice, though the server goes on" in check.observed for check in attacker.values())
    (after,) = verdicts(bench, SOLUTIONS)
    assert not_passed(after) == {}


# -- the grader's server fails: nobody is blamed ------------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process numbers of the grader's own servers, in the order in which they are started."""
    numbers: list[int] = []
    original = OwnServer.start

    def start(own: OwnServer) -> None:
        original(own)
        assert own._process is not None
        numbers.append(own._process.pid)

    monkeypatch.setattr(OwnServer, "start", start)
    return numbers


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT, signal.SIGTERM, signal.SIGSTOP])
def test_server_that_fails_meanwhile(how: signal.Signals, server: list[int]) -> None:
    """It is started anew, and what it has cost is judged again."""
    with Bench("postgresql", limits=Limits(seconds=SECONDS)) as bench:
        bench.wait_for_database()
        found: list[Check] = []
        targets = [Target(SOLUTIONS, rule) for chapter in ("05_crud", "06_routes") for rule in rules_of(chapter)]
        for _, check in bench.grade(targets):
            found.append(check)
            if len(found) == 8:
                os.kill(server[0], how)
        assert {check.id: check.observed for check in found if check.outcome != "passed"} == {}
        assert len(found) == len(targets)
    assert len(server) == 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_server_that_fails_between_submissions(how: signal.Signals, server: list[int]) -> None:
    with Bench("postgresql", limits=Limits(seconds=SECONDS)) as bench:
        assert not_passed(*verdicts(bench, SOLUTIONS)) == {}
        os.kill(server[0], how)
        assert not_passed(*verdicts(bench, SOLUTIONS)) == {}
    assert len(server) == 2


def test_server_that_fails_again_and_again(server: list[int]) -> None:
    """Then there are verdicts that say so, or there is one sentence; it ends in time."""
    with Bench("postgresql", limits=Limits(seconds=SECONDS)) as bench:
        bench.wait_for_database()
        over = threading.Event()

        def kill() -> None:
            while not over.wait(0.02):
                try:
                    os.kill(server[-1], signal.SIGKILL)
                except ProcessLookupError:
                    pass

        killing = threading.Thread(target=kill)
        killing.start()
        began = time.monotonic()
        found: dict[str, Check] = {}
        try:
            (found,) = verdicts(bench, SOLUTIONS)
        except BadInput as sentence:
            assert str(sentence).startswith("PostgreSQL ")
        finally:
            over.set()
            killing.join()
        assert time.monotonic() - began < 120
    for check in found.values():
        if check.outcome != "passed":
            assert (check.outcome, check.unjudged) == ("error", True)
            assert "the grader" in check.observed and "not a fault of your code" in check.expected


def test_preparations_that_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    original = Spaces.take
    monkeypatch.setattr(Spaces, "take", lambda spaces: _without_password(original(spaces)))
    with Bench("postgresql") as bench:
        (found,) = verdicts(bench, SOLUTIONS)
    for check in found.values():
        assert (check.outcome, check.unjudged) == ("error", True)
        assert check.observed.startswith("the grader could not prepare the database for the check")


def _without_password(space: Space) -> Space:
    return replace(space, own_url=space.own_url.replace("_own:", "_own:x"))


def test_what_could_not_be_judged_is_not_kept(tmp_path: Path) -> None:
    rule = rules_of("05_crud")[0]
    with Store(tmp_path) as store:
        store.keep([("content", entry_of(rule, outcome="error", observed="the grader failed", unjudged=True))])
        assert store.outcomes("content") == {}
        assert [check.observed for check in store.checks("content", [rule])] == ["the grader failed"]
        store.keep([("content", entry_of(rule, outcome="passed"))])
        assert store.outcomes("content") == {rule.id: "passed"}
        store.keep([("content", entry_of(rule, outcome="failed", observed="too late"))])
        assert store.outcomes("content") == {rule.id: "passed"}


def test_class_with_somebody_who_kills_the_server(tmp_path: Path) -> None:
    """The others get what is theirs; what could not be judged is judged by the next run."""
    submissions, report = tmp_path / "submissions", tmp_path / "report"
    for name in ("anna", "zoe"):
        copy_code(SOLUTIONS / "05_crud", submissions / name / "05_crud")
    (submissions / "mallory").mkdir()
    hostile(submissions / "mallory", "the server", "kill it")
    options = ("class", submissions, "--out", report, "--database", "postgresql", "--chapters", "5", "--jobs", "1")
    # Where walls keep the code from the server, nothing happens to it.
    said = run(*options, status=None)
    rows = gradebook(report)
    assert [rows[name]["05_crud"] for name in ("anna", "zoe")] == ["13", "13"]
    assert int(rows["mallory"]["05_crud"]) >= 13 - len(OF_GET)
    unjudged = [outcome for outcome in verdicts_of(report) if outcome.get("unjudged")]
    assert ("Not finished: mallory" in said) == bool(unjudged)
    again = run(*options, "--resume", status=None)
    assert "2 of 3 submissions are graded already" in again if unjudged else "Nothing new to grade" in again
    assert gradebook(report)["anna"]["05_crud"] == "13"
