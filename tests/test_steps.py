"""What an earlier chapter asked for holds in the solutions of all later ones, also for items to which rows belong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from grader.bench import Bench, Target
from grader.places import SOLUTIONS
from grader.rules import CHAPTERS, rules_of

# Chapter 08 is the same feature with SQLModel: the earlier rules are among its own.
LATER = [chapter for chapter in CHAPTERS[1:] if chapter != "08_sqlmodel"]
# What chapter 07 adds is in no later one.
EARLIER = CHAPTERS[: CHAPTERS.index("07_uow")]

# What the database itself writes whenever an item is stored, whoever stores it.
BELONGS_TO_IT = {
    "07_uow": "INSERT INTO item_events (item_id, kind) VALUES (NEW.id, 'stored')",
    "09_relationships": "INSERT INTO owners (name) VALUES ('Ada'); "
    "UPDATE items SET owner_id = (SELECT max(id) FROM owners) WHERE id = NEW.id",
    "10_background": "INSERT INTO item_events (item_id, kind) VALUES (NEW.id, 'stored')",
}
TRIGGER = """

from sqlalchemy import event as events_of_tables


@events_of_tables.listens_for(Item.__table__, "after_create")
def write_what_belongs_to_it(table, connection, **_):
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("CREATE TRIGGER belongs AFTER INSERT ON items BEGIN {sql}; END")
        return
    connection.exec_driver_sql(
        "CREATE FUNCTION belongs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {sql}; RETURN NULL; END $$"
    )
    connection.exec_driver_sql(
        "CREATE TRIGGER belongs AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION belongs()"
    )
"""


def earlier_than(chapter: str) -> list[str]:
    return [earlier for earlier in EARLIER if earlier < chapter]


def write(chapter: str, submission: Path) -> None:
    """Write the solution of a chapter as if it were that of each earlier one."""
    for earlier in earlier_than(chapter):
        app = submission / earlier / "app"
        shutil.copytree(SOLUTIONS / chapter / "app", app, ignore=shutil.ignore_patterns("__pycache__"))
        if chapter in BELONGS_TO_IT:
            with (app / "models.py").open("a", encoding="utf-8") as models:
                models.write(TRIGGER.replace("{sql}", BELONGS_TO_IT[chapter]))


@pytest.mark.parametrize("database", os.environ.get("CASES_DATABASES", "sqlite,postgresql").split(","))
def test_rules_of_earlier_chapters_hold_in_later_ones(database: str, tmp_path: Path) -> None:
    targets = []
    for chapter in LATER:
        write(chapter, tmp_path / chapter)
        targets += [Target(tmp_path / chapter, rule) for earlier in earlier_than(chapter) for rule in rules_of(earlier)]
    with Bench(database) as bench:
        found = [(target, check) for target, check in bench.grade(targets)]
    assert len(found) == len(targets)
    wrong = [
        f"{target.submission.name}: {check.id}: {check.did}: {check.observed}"
        for target, check in found
        if check.outcome != "passed"
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("chapter", ["07_uow", "10_background"])
def test_what_belongs_to_items_is_there(chapter: str, tmp_path: Path) -> None:
    """The proof proves something: where nothing deletes events, an item that has some cannot be deleted."""
    write(chapter, tmp_path)
    models = tmp_path / "06_routes/app/models.py"
    assert ', ondelete="CASCADE"' in models.read_text()
    models.write_text(models.read_text().replace(', ondelete="CASCADE"', ""))
    with Bench() as bench:
        checks = [check for _, check in bench.grade([Target(tmp_path, rule) for rule in rules_of("06_routes")])]
    failed = {check.id for check in checks if check.outcome == "failed"}
    assert "06_routes.delete_answers_204" in failed
