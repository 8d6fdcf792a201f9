"""Rewrites cases, grades them, and compares what is said with what is said of them as they were."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.bench import Bench, Target
from grader.databases import DATABASES
from grader.report import Check
from grader.rules import rules_of
from tests.cases import Case
from tests.rewritten.ways import WAYS, as_it_is

# Of a file: the lines before the change that have become a line.
_Lines = dict[str, dict[int, set[int]]]


@dataclass(frozen=True)
class Difference:
    """What is said otherwise of a case that is written another way.

    Attributes:
        case: the name of the case.
        rule: the name of the rule.
        what: ``outcome``, ``mistake`` or ``where``.
        before: what was said of the case as it was.
        now: what is said now.
    """

    case: str
    rule: str
    what: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.case} {self.rule}: {self.what} {self.before!r} => {self.now!r}"


def rewrite(chapter: Path, way: str) -> _Lines | None:
    """Write a chapter's app another way.

    Args:
        chapter: the folder that holds ``app``.
        way: the name of the way, or empty for Python's own layout alone.

    Returns:
        Where its lines come from; None where Python cannot read it.
    """
    files = {path.relative_to(chapter).as_posix(): path for path in sorted(chapter.glob("app/**/*.py"))}
    try:
        trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    except (SyntaxError, ValueError):
        return None
    for tree in trees.values():
        for node in ast.walk(tree):
            vars(node)["before"] = getattr(node, "lineno", 0)
    (WAYS[way] if way else as_it_is)(trees)
    lines: _Lines = {}
    for name, tree in trees.items():
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        files[name].write_text(text, encoding="utf-8")
        lines[name] = {}
        for node, now in zip(ast.walk(tree), ast.walk(ast.parse(text)), strict=True):
            if (before := vars(node).get("before")) and hasattr(now, "lineno"):
                lines[name].setdefault(now.lineno, set()).add(before)
    return lines


def _judge(cases: Sequence[Case], way: str, database: str) -> dict[tuple[str, str], tuple[Check, set[str]]]:
    """What is said of cases by case and rule, and the places before the change of the line that is named."""
    found: dict[tuple[str, str], tuple[Check, set[str]]] = {}
    with tempfile.TemporaryDirectory() as folder, Bench(database) as bench:
        lines: dict[str, _Lines] = {}
        for case in cases:
            case.build(Path(folder, case.name))
            made = rewrite(Path(folder, case.name, case.chapter), way)
            if made is not None:
                lines[case.name] = made
        known = [case for case in cases if case.name in lines]
        targets = [Target(Path(folder, case.name), rule) for case in known for rule in rules_of(case.chapter)]
        for target, check in bench.grade(targets):
            name = target.submission.relative_to(folder).as_posix()
            file, _, line = check.where.partition("/")[2].rpartition(":")
            before = lines[name].get(file, {}).get(int(line) if line.isdigit() else 0, set())
            found[name, target.rule.name] = check, {f"{file}:{each}" for each in before}
    return found


def differences(cases: Sequence[Case], way: str, database: str = DATABASES[0]) -> Iterator[Difference]:
    """What is said otherwise of cases that are written another way.

    Args:
        cases: the cases.
        way: the name of the way (`WAYS`).
        database: where they are graded.
    """
    before, now = _judge(cases, "", database), _judge(cases, way, database)
    for (case, rule), (check, places) in now.items():
        first, first_places = before[case, rule]
        if check.outcome != first.outcome:
            yield Difference(case, rule, "outcome", first.outcome, check.outcome)
        elif check.outcome not in ("passed", "blocked"):
            if check.mistake != first.mistake:
                yield Difference(case, rule, "mistake", first.mistake or "", check.mistake or "")
            elif not places & first_places and (places or first_places):
                yield Difference(case, rule, "where", first.line.strip(), check.line.strip())
