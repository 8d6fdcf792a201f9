"""Every known mistake is named by exactly the rules that it breaks, and every known idiom passes."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from grader.bench import Bench, Target
from grader.report import Check
from grader.rules import CHAPTERS, rules_of
from tests.cases import Case, all_cases, first_task

CASES = all_cases()


@pytest.fixture(scope="module", params=os.environ.get("CASES_DATABASES", "sqlite,postgresql").split(","))
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Check]]:
    """The verdicts on all selected cases: one bench grades them side by side."""
    folder = tmp_path_factory.mktemp("cases")
    selected = {item.callspec.params["case"].name for item in request.session.items if "case" in _params(item)}
    targets = []
    for case in CASES:
        if case.name in selected:
            case.build(folder / case.name)
            targets += [Target(folder / case.name, rule) for rule in rules_of(case.chapter)]
    found: dict[str, dict[str, Check]] = {}
    with Bench(request.param) as bench:
        for target, check in bench.grade(targets):
            name = target.submission.relative_to(folder).as_posix()
            found.setdefault(name, {})[target.rule.name] = check
    return found


def number(task: str) -> int:
    return int(task.partition(".")[2])


def _params(item: pytest.Item) -> dict[str, object]:
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, verdicts: dict[str, dict[str, Check]]) -> None:
    found = verdicts[case.name]
    failed = {name for name, check in found.items() if check.outcome in ("failed", "error", "timeout", "todo")}
    waits = {name for name, check in found.items() if check.outcome == "blocked"}
    told = "\n".join(f"{name}: {found[name].did}: {found[name].observed}" for name in sorted(failed | waits))
    assert (failed, waits) == (case.fails, case.waits), f"{case.about}\n{told}"


@pytest.mark.parametrize("case", [case for case in CASES if case.waits], ids=lambda case: case.name)
def test_a_mistake_in_a_later_task_blocks_no_rule_of_an_earlier_one(
    case: Case, verdicts: dict[str, dict[str, Check]], tmp_path: Path
) -> None:
    case.build(tmp_path)
    mistaken = first_task(case, tmp_path)
    blocked = {
        f"{name} ({check.task}): {check.observed}"
        for name, check in verdicts[case.name].items()
        if check.outcome == "blocked" and mistaken and number(check.task) < number(mistaken)
    }
    assert not {told for told in blocked if "the app has no route" not in told and "405" not in told}, (
        f"{mistaken} is mistaken"
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_has_enough_cases(chapter: str) -> None:
    kinds = Counter(case.kind for case in CASES if case.chapter == chapter)
    assert kinds["wrong"] >= 10 and kinds["right"] >= 8


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_rule_is_broken_by_some_case(chapter: str) -> None:
    broken = {name for case in CASES if case.chapter == chapter for name in case.fails}
    assert broken == {rule.name for rule in rules_of(chapter)}


def test_cases_lie_where_they_are_found() -> None:
    cases = Path(__file__).with_name("cases")
    assert {file.parent for file in cases.rglob("case.toml")} == {case.folder for case in CASES}
