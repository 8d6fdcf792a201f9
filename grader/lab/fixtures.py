"""In the verdict process and in the child: the names that a check may ask for, and what each is made of.

A check gets what its parameters name, as in pytest: ``def test_get_unknown_is_404(tables, items, api, expect)``.
What it gets is made when it is first asked for, once for each check, out of other such parts. Only what the checks of
a chapter ask for is imported for it. This module imports none of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fixture:
    """How a part is made.

    Attributes:
        maker: a class or function below ``grader.lab``, called with the parts that it needs.
        needs: their names, which are the names of its parameters.
    """

    maker: str
    needs: tuple[str, ...]

    def load(self) -> Callable[..., Any]:
        """The class or function itself."""
        module, _, name = self.maker.rpartition(".")
        found: Callable[..., Any] = getattr(importlib.import_module(f"grader.lab.{module}"), name)
        return found


def _made_by(maker: str, *needs: str) -> Fixture:
    return Fixture(maker, needs)


# What is there when a check starts: where it runs, and what is observed meanwhile.
GIVEN = ("place", "seen")

FIXTURES = {
    # the learner's code, and what is told of it
    "focus": _made_by("focus.Focus", "place"),
    "story": _made_by("story.Story", "seen"),
    "code": _made_by("code.Code", "place", "focus", "story"),
    "expect": _made_by("expect.Expect", "place", "focus", "seen"),
    # the database
    "database": _made_by("database.Database", "place"),
    "models": _made_by("models.DeclarativeModels", "place", "code"),
    "tables": _made_by("tables.Tables", "place", "code", "models", "database"),
    "items": _made_by("items.Items", "tables", "database", "story"),
    "sessions": _made_by("sessions.Sessions", "code", "models", "story"),
    # HTTP
    "client": _made_by("client.Client", "place", "code", "focus", "story", "seen"),
    # 01, and whoever else asks about the engine
    "elsewhere": _made_by("topics.elsewhere.Elsewhere", "place"),
    "untouched": _made_by("topics.untouched.Untouched", "place", "focus", "seen", "expect", "elsewhere"),
    "engines": _made_by("topics.engines.Engines", "place", "code", "focus", "expect", "elsewhere"),
    "session_factory": _made_by(
        "topics.session_factory.SessionFactory",
        *("place", "code", "focus", "story", "expect", "sessions", "engines", "elsewhere"),
    ),
    "postgresql": _made_by("topics.postgresql.PostgreSQL", "code", "story", "engines", "session_factory"),
    "base": _made_by("topics.base.Base", "code", "focus", "expect", "models"),
    # 02
    "start_up": _made_by("topics.start_up.StartUp", "seen", "expect", "client"),
    "item_tables": _made_by(
        "topics.item_tables.ItemTables", "code", "focus", "story", "expect", "database", "elsewhere", "client"
    ),
    # 03
    "probe": _made_by(
        "topics.probe_api.start_probe",
        *("code", "focus", "story", "seen", "expect", "database", "client", "engines"),
    ),
    # 04
    "schemas": _made_by("topics.schemas.Schemas", "place", "code", "focus", "story", "expect", "models"),
    "objects": _made_by("topics.objects.Objects", "code", "models", "tables", "items", "sessions"),
    # 05
    "crud": _made_by("topics.crud.Crud", "code", "story", "seen", "expect", "items", "sessions", "schemas"),
    "writes": _made_by("topics.writes.Writes", "code", "story", "expect", "items", "sessions", "schemas", "crud"),
    "caller": _made_by("topics.caller.Caller", "code", "story", "expect", "items", "sessions"),
    "pages": _made_by("topics.pages.Pages", "place", "code", "story", "expect", "items", "sessions", "crud"),
    # 06
    "api": _made_by("topics.api.Api", "place", "story", "seen", "expect", "items", "client", "crud"),
    # 07
    "records": _made_by("topics.records.Records", "story", "seen", "expect", "database", "items"),
    "units": _made_by("topics.units.Units", "story", "seen", "expect", "items", "client", "records"),
    "endpoints": _made_by("topics.endpoints.Endpoints", "client"),
    "handover": _made_by("topics.handover.Handover", "seen", "expect", "client", "endpoints"),
    "accidents": _made_by("topics.accidents.Accidents", "focus", "expect", "endpoints"),
    # 08
    "table_model": _made_by(
        "topics.table_model.TableModel", "code", "focus", "expect", "database", "client", "item_tables"
    ),
    # 09
    "owners": _made_by("topics.owners.Owners", "tables", "database"),
    "owner_steps": _made_by("topics.owner_steps.OwnerSteps", "code", "focus", "story", "seen", "sessions", "owners"),
    "owner_answers": _made_by(
        "topics.owner_answers.OwnerAnswers", "focus", "story", "seen", "expect", "client", "owners", "owner_steps"
    ),
    "owner_lists": _made_by(
        "topics.owner_lists.OwnerLists",
        "place",
        *("code", "focus", "seen", "expect", "sessions", "schemas", "owner_answers"),
    ),
    "owner_pages": _made_by(
        "topics.owner_pages.OwnerPages", "story", "expect", "owners", "owner_lists", "owner_answers"
    ),
    # 07, 10
    "events": _made_by("topics.events.Events", "tables", "database", "story"),
    # 10
    "strays": _made_by("topics.strays.Strays", "seen", "client"),
    "tasks": _made_by(
        "topics.tasks.Tasks",
        *("place", "code", "focus", "story", "seen", "expect", "client", "events", "strays"),
    ),
    # 06 to 10
    "rest": _made_by(
        "topics.rest.Rest",
        *("place", "focus", "story", "expect", "database", "models", "items", "events", "owners", "client"),
    ),
}

# What is made in another way in one chapter.
_IN_CHAPTER = {"08_sqlmodel": {"models": _made_by("topics.sqlmodels.SqlModels", "code")}}


def fixtures_of(chapter: str, asked: Iterable[str]) -> dict[str, Fixture]:
    """How to make these parts in a chapter, and all that they are made of."""
    known = {**FIXTURES, **_IN_CHAPTER.get(chapter, {})}
    found: dict[str, Fixture] = {}
    left = [*asked]
    while left:
        name = left.pop()
        if name not in found and name not in GIVEN:
            found[name] = known[name]
            left += known[name].needs
    return found
