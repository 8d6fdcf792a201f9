"""Cases: submissions, made as small changes to a solution, of which the right verdicts are known.

``tests/cases/NN_name/wrong/<slug>/case.toml`` is a mistake and names the rules that it breaks;
``tests/cases/NN_name/right/<slug>/case.toml`` is an unusual but correct way, which breaks none::

    about = "commits, but does not load what the database made of the row"
    fails = ["create_refreshes"]          # rules that have to fail, and no other
    mistake = "not_refreshed"             # the reading that is right for it; "" where the rule speaks for itself;
                                          # {rule = "reading"} where the rules have different ones
    sqlite_only = []                      # of those, what PostgreSQL does not mind: a cursor that is left open
    waits = []                            # rules that cannot be judged then (blocked)
    line = "return self.items"            # a part of the line that is to be named; left out where any may be

    [[edit]]
    file = "app/crud.py"
    old = "    db.refresh(item)\n    return item"     # has to occur exactly once
    new = "    return item"

Whole files may lie beside ``case.toml`` under ``app/``; they replace the solution's.

To see what the grader says about a case: ``python -m tests.cases 05_crud/wrong/slug [--database postgresql]``
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.bench import Bench, Target
from grader.databases import DATABASES
from grader.report import Check
from grader.rules import rules_of
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
    mistake: str | dict[str, str] | None
    edits: tuple[dict[str, Any], ...]
    folder: Path
    line: str = ""
    sqlite_only: frozenset[str] = frozenset()

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


def load(folder: Path) -> Case:
    """The case in a folder."""
    data = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    unknown = set(data) - {"about", "fails", "sqlite_only", "waits", "mistake", "line", "edit"}
    if unknown:
        raise ValueError(f"{folder}: unknown keys {sorted(unknown)}")
    chapter, kind, slug = folder.relative_to(CASES).parts
    fails, waits = frozenset(data.get("fails", ())), frozenset(data.get("waits", ()))
    if (kind == "wrong" and not fails) or (kind == "right" and (fails or waits)):
        raise ValueError(f"{folder}: a wrong case names the rules that it breaks, a right one none")
    if (kind == "wrong") != ("mistake" in data):
        raise ValueError(f"{folder}: a wrong case, and no other, says which reading is right for it (mistake)")
    of_sqlite = frozenset(data.get("sqlite_only", ()))
    if not of_sqlite <= fails:
        raise ValueError(f"{folder}: sqlite_only names a rule that is not in fails")
    edits, line = tuple(data.get("edit", ())), data.get("line", "")
    return Case(chapter, kind, slug, data["about"], fails, waits, data.get("mistake"), edits, folder, line, of_sqlite)


def all_cases() -> list[Case]:
    """Every case, in order."""
    return [load(file.parent) for file in sorted(CASES.glob("*/*/*/case.toml"))]


def judge(cases: Sequence[Case], bench: Bench) -> dict[str, dict[str, Check]]:
    """What a bench says about cases, side by side: by the name of the case and the name of the rule."""
    found: dict[str, dict[str, Check]] = {case.name: {} for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            case.build(Path(folder, case.name))
        targets = [Target(Path(folder, case.name), rule) for case in cases for rule in rules_of(case.chapter)]
        for target, check in bench.grade(targets):
            found[target.submission.relative_to(folder).as_posix()][target.rule.name] = check
    return found


def main() -> None:
    """Print what the grader says about the cases whose names begin so."""
    from grader import terminal

    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=main.__doc__)
    parser.add_argument("name", help="how the names begin: 05_crud/wrong/no_refresh")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--full-trace", action="store_true", help="also the tracebacks of the code")
    options = parser.parse_args()
    cases = [case for case in all_cases() if case.name.startswith(options.name)]
    if not cases:
        parser.error("no case has a name that begins so")
    with Bench(options.database) as bench:
        for case in cases:
            checks = judge([case], bench)[case.name]
            print(f"=== {case.name}: {case.about}\n=== fails {sorted(case.fails)} waits {sorted(case.waits)}")
            told = sorted({check.mistake or "" for check in checks.values()} - {""})
            print(f"=== mistake {case.mistake!r}, told {told}")
            ordered = [checks[rule.name] for rule in rules_of(case.chapter) if checks[rule.name].outcome != "passed"]
            for line in terminal.chapters(ordered, terminal.ASCII, full_trace=options.full_trace):
                print(line.text)


if __name__ == "__main__":
    main()
