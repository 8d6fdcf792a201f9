"""A learner who has solved a task sees so: nothing that a later task asks for blocks its rules."""

from __future__ import annotations

import re
import shutil

import pytest

from grader.bench import Bench, Target
from grader.places import SOLUTIONS
from grader.report import Check
from grader.rules import CHAPTERS, Rule, rules_of
from grader.starters import starter_of, tasks_of

TO_DO = re.compile(r'raise NotImplementedError\("\d+\.\d+ [^"]*"\)')


def number(task: str) -> int:
    return int(task.partition(".")[2])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_rule_needs_one_of_a_later_task(chapter: str) -> None:
    tasks = {rule.name: rule.task for rule in rules_of(chapter)}
    later = [
        f"{rule.name} ({rule.task}) needs {need} ({tasks[need]})"
        for rule in rules_of(chapter)
        for need in rule.needs
        if need in tasks and number(tasks[need]) > number(rule.task)
    ]
    assert not later


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Rule, Check]]]:
    """For each task the verdicts on a solution in which its code crashes."""
    folder = tmp_path_factory.mktemp("waiting")
    targets = []
    for chapter in CHAPTERS:
        for task in tasks_of(chapter):
            app = folder / task / chapter / "app"
            shutil.copytree(SOLUTIONS / chapter / "app", app, ignore=shutil.ignore_patterns("__pycache__"))
            for file in app.rglob("*.py"):
                starter = starter_of(file.read_text(encoding="utf-8"), int(chapter[:2]), task)
                file.write_text(TO_DO.sub('raise RuntimeError("broken")', starter), encoding="utf-8")
            targets += [Target(folder / task, rule) for rule in rules_of(chapter)]
    found: dict[str, list[tuple[Rule, Check]]] = {}
    with Bench("sqlite") as bench:
        for target, check in bench.grade(targets):
            found.setdefault(target.submission.name, []).append((target.rule, check))
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_broken_task_blocks_no_rule_of_an_earlier_one(
    chapter: str, verdicts: dict[str, list[tuple[Rule, Check]]]
) -> None:
    blocked = [
        f"{task} is broken: {rule.name} ({rule.task}) is blocked: {check.observed}"
        for task in tasks_of(chapter)
        for rule, check in verdicts[task]
        if number(rule.task) < number(task) and check.outcome == "blocked"
    ]
    assert not blocked, "\n".join(blocked)
