"""What tells of verdicts that do not repeat."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import repeat


def test_verdicts_that_differ_are_found() -> None:
    verdicts = {
        ("05_crud/wrong/a", "list_pages"): Counter({"failed on sqlite": 5, "failed on postgresql": 5}),
        ("05_crud/wrong/b", "list_pages"): Counter({"failed on sqlite": 4, "timeout on sqlite": 1}),
        ("05_crud/wrong/c", "list_pages"): Counter({"failed on sqlite": 5, "passed on postgresql": 5}),
    }
    assert [name[-1] for name, _ in repeat.differing(verdicts)] == ["b", "c"]


def test_cases_are_graded_again_and_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["repeat", "05_crud/wrong/no_refresh", "--times", "2", "--databases", "sqlite", "--loops", "1"]
    monkeypatch.setattr("sys.argv", arguments)
    assert repeat.main() == 0
    told = capsys.readouterr().out
    assert "sqlite, time 2 of 2: 1 cases graded" in told and "1 cases, 0 verdicts that differ" in told


def test_a_name_that_no_case_has_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["repeat", "11_nothing"])
    with pytest.raises(SystemExit) as ended:
        repeat.main()
    assert ended.value.code == 2 and "no case has a name that begins so" in capsys.readouterr().err
