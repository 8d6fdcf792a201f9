"""Every mutant of a solution is noticed, or listed with the reason why it behaves the same: one chapter each day."""

from __future__ import annotations

import os
from datetime import date

import pytest

from grader.rules import CHAPTERS
from tests.mutants.judging import judge, reasons_for
from tests.mutants.making import mutants_of

# All ten take as long as all other tests together; MUTANTS=05_crud chooses a chapter, MUTANTS=all takes every one.
TODAY = CHAPTERS[date.today().toordinal() % len(CHAPTERS)]
CHOSEN = os.environ.get("MUTANTS", TODAY)


@pytest.mark.parametrize("chapter", CHAPTERS if CHOSEN == "all" else [CHOSEN])
def test_mutants_are_noticed_or_explained(chapter: str) -> None:
    judged = judge(chapter, mutants_of(chapter))
    assert [mutant.name for mutant in judged.unexplained] == [], "a rule is missing, or a reason why they are the same"
    assert judged.outdated == (), "listed, and noticed all the same"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_lists_hold_mutants_and_reasons(chapter: str) -> None:
    reasons = reasons_for(chapter)
    assert set(reasons) <= {mutant.name for mutant in mutants_of(chapter)}
    assert all(len(reason.split()) > 3 for reason in reasons.values())


def test_mutants_change_what_a_learner_writes() -> None:
    names = [mutant.name for mutant in mutants_of("05_crud")]
    assert len(names) == len(set(names)) > 90
    for expected in (
        "5.1: db.commit() => pass",
        "5.4: db.refresh(item) => db.expire(item)",
        "5.5: db.delete(item) / db.commit() => db.commit() / db.delete(item)",
    ):
        assert expected in names
    assert not [name for name in names if "import" in name]
