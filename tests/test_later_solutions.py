"""What a chapter asked for holds in every later one, also for items that other rows belong to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from grader.bench import Bench, Target
from grader.report import Check
from grader.rules import CHAPTERS, rules_of
from tests import PROJECT

# Chapter 08 begins anew with SQLModel: what it asks for again are rules of its own.
ONE_APP = [chapter for chapter in CHAPTERS if chapter != "08_sqlmodel"]
STEPS = [(earlier, later) for later in ONE_APP for earlier in ONE_APP if earlier < later and earlier <= "06_routes"]

# What lets the database give every new item related rows, on both databases.
EVENTS = "INSERT INTO item_events (item_id, kind) VALUES (NEW.id, 'related')"
OWNER = """INSERT INTO owners (name) VALUES ('related');
    UPDATE items SET owner_id = (SELECT max(id) FROM owners) WHERE id = NEW.id"""
RELATED = {"07_uow": ("ItemEvent", EVENTS), "09_relationships": ("Item", OWNER), "10_background": ("ItemEvent", EVENTS)}
TRIGGERS = '''

from sqlalchemy import DDL
from sqlalchemy import event as events

WRITE = """{write}"""
FOR_SQLITE = "CREATE TRIGGER related AFTER INSERT ON items BEGIN " + WRITE + "; END"
FUNCTION = "CREATE FUNCTION related() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + WRITE + "; RETURN NULL; END $$"
FOR_POSTGRESQL = "CREATE TRIGGER related AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION related()"
for dialect, statement in (("sqlite", FOR_SQLITE), ("postgresql", FUNCTION), ("postgresql", FOR_POSTGRESQL)):
    events.listen({model}.__table__, "after_create", DDL(statement).execute_if(dialect=dialect))
'''


def stage(earlier: str, later: str, submission: Path) -> None:
    """The solution of a later chapter in the place of an earlier one's, with related rows where it knows any."""
    app = submission / earlier / "app"
    shutil.copytree(PROJECT / "solutions" / later / "app", app, ignore=shutil.ignore_patterns("__pycache__"))
    if later in RELATED:
        model, write = RELATED[later]
        models = app / "models.py"
        models.write_text(models.read_text(encoding="utf-8") + TRIGGERS.format(model=model, write=write), "utf-8")


@pytest.fixture(scope="module", params=os.environ.get("CASES_DATABASES", "sqlite,postgresql").split(","))
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Check]]:
    """Every check that did not pass, by the step that it was made on."""
    folder = tmp_path_factory.mktemp("later")
    targets = []
    for earlier, later in STEPS:
        stage(earlier, later, folder / f"{earlier} on {later}")
        targets += [Target(folder / f"{earlier} on {later}", rule) for rule in rules_of(earlier)]
    found: dict[str, list[Check]] = {}
    with Bench(request.param) as bench:
        for target, check in bench.grade(targets):
            if check.outcome != "passed":
                found.setdefault(target.submission.name, []).append(check)
    return found


@pytest.mark.parametrize(("earlier", "later"), STEPS)
def test_earlier_rules_hold_in_later_solutions(earlier: str, later: str, verdicts: dict[str, list[Check]]) -> None:
    missed = verdicts.get(f"{earlier} on {later}", [])
    assert not missed, "\n".join(f"{check.id} {check.outcome}: {check.did}: {check.observed}" for check in missed)
