"""The same mistake in code that is written another way gets the same verdict: a few cases in one way each day."""

from __future__ import annotations

import ast
import os
from datetime import date
from pathlib import Path

import pytest

from grader.rules import CHAPTERS
from tests.cases import all_cases
from tests.rewritten.comparing import differences, rewrite
from tests.rewritten.ways import WAYS

TODAY = date.today().toordinal()
# All ways for all cases take an hour: ``python -m tests.rewritten``. REWRITTEN=helpers chooses a way.
WAY = os.environ.get("REWRITTEN", [*WAYS][TODAY % len(WAYS)])


@pytest.mark.parametrize("kind", ["wrong", "right"])
def test_verdicts_are_about_what_code_does(kind: str) -> None:
    chapter = CHAPTERS[TODAY // len(WAYS) % len(CHAPTERS)]
    cases = [case for case in all_cases() if case.chapter == chapter and case.kind == kind][TODAY % 7 :: 7]
    found = [each for each in differences(cases, WAY) if each.what == "outcome"]
    assert found == [], "\n".join(map(str, found))


@pytest.mark.parametrize("way", WAYS)
def test_ways_change_what_is_written(way: str, tmp_path: Path) -> None:
    case = next(case for case in all_cases() if case.name == "05_crud/wrong/no_refresh")
    case.build(tmp_path / "plain")
    case.build(tmp_path / "other")
    rewrite(tmp_path / "plain" / case.chapter, "")
    lines = rewrite(tmp_path / "other" / case.chapter, way)
    plain, other = (Path(tmp_path, name, case.chapter, "app/crud.py").read_text() for name in ("plain", "other"))
    assert plain != other and lines is not None
    committed = [number for number, line in enumerate(other.splitlines(), 1) if "commit()" in line]
    assert len(committed) == plain.count("commit()")
    assert all(lines["app/crud.py"][each] for each in committed)


def test_what_python_cannot_read_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/db.py").write_text("def broken(:\n")
    assert rewrite(tmp_path, "helpers") is None
    with pytest.raises(SyntaxError):
        ast.parse((tmp_path / "app/db.py").read_text())
