"""In the child: the rows of the table ``items``, written and read through the grader's own connection."""

from __future__ import annotations

from typing import Any

from grader.lab.database import Database
from grader.lab.story import Story
from grader.lab.tables import Tables

_WIDTH = 6  # columns that make the table wide
_CHANGED = "changed by the database"


class Items:
    """What is in the table ``items``."""

    __slots__ = ("_database", "_story", "_tables")

    def __init__(self, tables: Tables, database: Database, story: Story) -> None:
        self._tables = tables
        self._database = database
        self._story = story

    def add(self, name: str = "lamp", description: str | None = "warm light", **more: Any) -> int:
        """Write a row, and return its id."""
        self._story.stored += 1
        self._story.chosen += [more["id"]] if "id" in more else []
        return self._database.insert(self._tables.named("items"), {"name": name, "description": description, **more})

    def add_many(self, count: int) -> None:
        """Write this many rows at once: in one transaction, as one statement takes longer to compile."""
        names = [{"name": f"item {number}"} for number in range(count)]
        with self._database.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.execute(self._tables.named("items").insert(), names)
            connection.exec_driver_sql("COMMIT")
        self._story.stored += count

    def add_alike(self, count: int) -> None:
        """Write this many rows at once, of which each has the name, or all but the id, of some others."""
        kinds = [{"name": name, "description": text} for text in ("warm light", None, "") for name in ("lamp", "chair")]
        with self._database.engine.connect() as connection:
            rows = [kinds[number % len(kinds)] for number in range(count)]
            connection.execute(self._tables.named("items").insert(), rows)
        self._story.stored += count

    def found_by_an_index(self) -> None:
        """Let SQLite read the rows from an index: without it an order that orders nothing gives that of the ids.

        It does so for all columns of an index whose rows are smaller than those of the table. Source: SQLite
        documentation, "Query Planning", section 1.7 "Covering Indexes".
        """
        if self._database.kind == "sqlite":
            table = self._tables.named("items")
            others = [f'"{column.name}"' for column in reversed(table.columns) if not column.primary_key]
            for number in range(_WIDTH):
                self._database.run(f'ALTER TABLE "{table.name}" ADD COLUMN grader_{number} VARCHAR(1000)')
            self._database.run(f'CREATE INDEX grader_order ON "{table.name}" ({", ".join(others)})')

    def take_new(self, before: set[int]) -> int:
        """Count the one row that is new among those that were stored, and return its id.

        It is 0 where there is none, or where there were several, which are removed.
        """
        new = sorted(self.ids() - before)
        if len(new) == 1 and new[0] > 0:
            self._story.stored += 1
            return new[0]
        for item_id in new:
            self._database.run("DELETE FROM items WHERE id = :id", id=item_id)
        return 0

    def rows(self) -> list[dict[str, Any]]:
        """What the table holds, ordered by id."""
        return self._database.rows("SELECT id, name, description FROM items ORDER BY id")

    def rows_at_once(self) -> list[dict[str, Any]] | None:
        """The same, while the learner's code is at work; None where that would have to be waited for."""
        with self._database.at_once():
            return self.rows()
        return None

    def ids(self) -> set[int]:
        """The ids of all rows."""
        return {row["id"] for row in self._database.rows("SELECT id FROM items")}

    def row(self, item_id: int) -> dict[str, Any] | None:
        """What the table holds under this id."""
        return next((row for row in self.rows() if row["id"] == item_id), None)

    def remove(self, item_id: int) -> None:
        """Remove a row."""
        self._database.run("DELETE FROM items WHERE id = :id", id=item_id)
        self._story.stored -= 1
        self._story.chosen = [each for each in self._story.chosen if each != item_id]

    def remove_all(self) -> None:
        """Remove every row."""
        self._database.run("DELETE FROM items")
        self._story.stored = 0
        self._story.chosen = []

    def refuse(self, write: str, name: str) -> None:
        """Let the database refuse an ``INSERT`` or ``UPDATE`` of a row with this name."""
        self._database.refuse(f"BEFORE {write}", "items", f"NEW.name = '{name}'")

    def described_by_the_database(self, write: str, when: str = "") -> None:
        """Let the database itself change the description after an ``INSERT`` or ``UPDATE`` (`when`: on ``NEW``)."""
        change = f"UPDATE items SET description = '{_CHANGED}' WHERE id = NEW.id"
        anew = f"coalesce(NEW.description, '') <> '{_CHANGED}'"  # the trigger's own UPDATE sets it off no more
        self._database.make_trigger(f"AFTER {write}", "items", change, f"({when}) AND {anew}" if when else anew)
        only = " that has one" if when else ""
        self._story.arranged(f"a trigger changes the description after each {write}{only}")
