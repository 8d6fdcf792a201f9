"""Cases: submissions, made as small changes to a solution, of which the right verdicts are known.

``tests/cases/NN_name/wrong/<slug>/case.toml`` is a mistake and names the rules that it breaks;
``tests/cases/NN_name/right/<slug>/case.toml`` is an unusual but correct way, which breaks none::

    about = "commits, but does not load what the database made of the row"
    fails = ["create_refreshes"]          # rules that have to fail, and no other
    waits = []                            # rules that cannot be judged then (blocked)

    [[edit]]
    file = "app/crud.py"
    old = "    db.refresh(item)\n    return item"     # has to occur exactly once
    new = "    return item"

Whole files may lie beside ``case.toml`` under ``app/``; they replace the solution's.

To see what the grader says about a case: ``python -m tests.cases 05_crud/wrong/slug [--database postgresql]``
"""

from __future__ import annotations

import difflib
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.starters import pieces_of
from tests import PROJECT

CASES = Path(__file__).with_suffix("")


@dataclass(frozen=True)
class Case:
    """A submission of one chapter and what is known about it."""

    chapter: str
    kind: str
    slug: str
    about: str
    fails: frozenset[str]
    waits: frozenset[str]
    edits: tuple[dict[str, Any], ...]
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.chapter}/{self.kind}/{self.slug}"

    def build(self, submission: Path) -> None:
        """Write the submission: a folder with this one chapter in it."""
        chapter = submission / self.chapter
        shutil.copytree(PROJECT / "solutions" / self.chapter, chapter, ignore=shutil.ignore_patterns("__pycache__"))
        if (self.folder / "app").is_dir():
            shutil.copytree(self.folder / "app", chapter / "app", dirs_exist_ok=True)
        for edit in self.edits:
            file = chapter / edit["file"]
            text = file.read_text(encoding="utf-8")
            found = text.count(edit["old"])
            if found != 1:
                raise ValueError(f"{self.name}: {edit['file']} holds {edit['old']!r} {found} times, not once")
            file.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")


def first_task(case: Case, submission: Path) -> str:
    """The first task in whose code a case that was built there makes a change; empty where it changes none of them."""
    found = set()
    for file in (PROJECT / "solutions" / case.chapter / "app").rglob("*.py"):
        solution = file.read_text(encoding="utf-8")
        text = (submission / file.relative_to(PROJECT / "solutions")).read_text(encoding="utf-8")
        changes = difflib.SequenceMatcher(None, solution.splitlines(), text.splitlines(), False).get_opcodes()
        spans = [(first, last) for kind, first, last, _, _ in changes if kind != "equal"]
        for piece in pieces_of(solution, int(case.chapter[:2])):
            if any(first < piece.last and max(last, first + 1) >= piece.first for first, last in spans):
                found.add(piece.task)
    return min(found, key=lambda task: int(task.partition(".")[2]), default="")


def load(folder: Path) -> Case:
    """The case in a folder."""
    data = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    unknown = set(data) - {"about", "fails", "waits", "edit"}
    if unknown:
        raise ValueError(f"{folder}: unknown keys {sorted(unknown)}")
    chapter, kind, slug = folder.relative_to(CASES).parts
    fails, waits = frozenset(data.get("fails", ())), frozenset(data.get("waits", ()))
    if (kind == "wrong" and not fails) or (kind == "right" and (fails or waits)):
        raise ValueError(f"{folder}: a wrong case names the rules that it breaks, a right one none")
    return Case(chapter, kind, slug, data["about"], fails, waits, tuple(data.get("edit", ())), folder)


def all_cases() -> list[Case]:
    """Every case, in order."""
    return [load(file.parent) for file in sorted(CASES.glob("*/*/*/case.toml"))]


def main() -> None:
    """Print what the grader says about one case, or about those whose name begins so."""
    from grader import terminal
    from grader.bench import Bench, Target
    from grader.rules import rules_of

    wanted, database = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else "sqlite"
    with Bench(database) as bench, tempfile.TemporaryDirectory() as folder:
        for case in all_cases():
            if not case.name.startswith(wanted):
                continue
            case.build(Path(folder, case.slug))
            targets = [Target(Path(folder, case.slug), rule) for rule in rules_of(case.chapter)]
            checks = {check.id: check for _, check in bench.grade(targets)}
            print(f"=== {case.name}: {case.about}\n=== fails {sorted(case.fails)} waits {sorted(case.waits)}")
            ordered = [checks[target.rule.id] for target in targets if checks[target.rule.id].outcome != "passed"]
            for line in terminal.chapters(ordered, terminal.ASCII, full_trace="--full-trace" in sys.argv):
                print(line.text)


if __name__ == "__main__":
    main()
