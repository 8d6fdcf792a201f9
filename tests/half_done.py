"""Submissions in which some tasks are done as in the solution, and the others are still the starter's."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from grader.bench import Bench, Target
from grader.places import SOLUTIONS
from grader.report import Check
from grader.rules import rules_of
from grader.starters import pieces_of


def write_half_done(chapter: str, submission: Path, done: Collection[str]) -> Path:
    """Write such a submission, a folder with this one chapter in it, and return the chapter's folder.

    Args:
        chapter: name of the chapter.
        submission: the folder to make.
        done: numbers of the tasks that are done.
    """
    shutil.copytree(SOLUTIONS / chapter, submission / chapter, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (submission / chapter / "app").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        lines = source.split("\n")
        for piece in reversed(pieces_of(source, int(chapter[:2]))):
            if piece.task not in done:
                lines[piece.first - 1 : piece.last] = piece.starter
        file.write_text("\n".join(lines), encoding="utf-8")
    return submission / chapter


def verdicts(chapter: str, submissions: Sequence[Path], database: str = "sqlite") -> dict[Path, dict[str, Check]]:
    """What the grader says about submissions of a chapter: for each the verdicts by the names of the rules."""
    found: dict[Path, dict[str, Check]] = {submission: {} for submission in submissions}
    with Bench(database) as bench:
        for target, check in bench.grade([Target(each, rule) for each in submissions for rule in rules_of(chapter)]):
            found[target.submission][target.rule.name] = check
    return found
