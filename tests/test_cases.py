"""Every known mistake is named by exactly the rules that it breaks, and every known idiom passes."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from grader.bench import Bench
from grader.report import Check
from grader.rules import CHAPTERS, rules_of
from tests.cases import Case, all_cases, judge

CASES = all_cases()


@pytest.fixture(scope="module", params=os.environ.get("CASES_DATABASES", "sqlite,postgresql").split(","))
def judged(request: pytest.FixtureRequest) -> tuple[str, dict[str, dict[str, Check]]]:
    """The database, and the verdicts on all selected cases: one bench grades them side by side."""
    selected = {item.callspec.params["case"].name for item in request.session.items if "case" in _params(item)}
    with Bench(request.param) as bench:
        return request.param, judge([case for case in CASES if case.name in selected], bench)


def _params(item: pytest.Item) -> dict[str, object]:
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, judged: tuple[str, dict[str, dict[str, Check]]]) -> None:
    database, found = judged[0], judged[1][case.name]
    fails = case.fails - (case.sqlite_only if database != "sqlite" else set())
    failed = {name for name, check in found.items() if check.outcome in ("failed", "error", "timeout", "todo")}
    waits = {name for name, check in found.items() if check.outcome == "blocked"}
    told = "\n".join(f"{name}: {found[name].did}: {found[name].observed}" for name in sorted(failed | waits))
    assert (failed, waits) == (fails, case.waits), f"{case.about}\n{told}"
    mistakes = {name: found[name].mistake or "" for name in failed}
    if isinstance(case.mistake, dict):
        assert mistakes == {name: case.mistake.get(name, "") for name in failed}, case.about
    elif case.mistake is not None and fails:
        assert set(mistakes.values()) - {""} == {case.mistake} - {""}, f"{case.about}: {mistakes}"
    for name in failed if case.line else ():
        assert case.line in found[name].line, f"{case.about}: {name}: {found[name].where}"


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
