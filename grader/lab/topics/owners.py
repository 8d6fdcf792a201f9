"""In the child: items with their owners, written and read through the grader's own connection."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import OperationalError

from grader.lab.database import Database
from grader.lab.tables import Tables


class Owners:
    """What is stored of them."""

    def __init__(self, tables: Tables, database: Database) -> None:
        self._tables = tables
        self._database = database

    def add(self, name: str) -> int:
        """Write a row into ``owners`` through the grader's own connection, and return its id, which no item has."""
        owner_id = 501 + len(self._database.rows("SELECT id FROM owners"))
        with self._database.engine.connect() as connection:
            connection.execute(self._tables.named("owners").insert().values(id=owner_id, name=name))
        return owner_id

    def rename(self, owner_id: int, name: str) -> bool:
        """Give an owner another name, through the grader's own connection.

        Returns:
            Whether that is done: a session that was left open may keep others out, which is another rule's business.
        """
        table = self._tables.named("owners")
        try:
            with self._database.engine.connect() as connection:
                connection.execute(table.update().where(table.c.id == owner_id).values(name=name))
        except OperationalError:
            return False
        return True

    def add_items(self, *ids: int, owners: int = 1000) -> None:
        """Write items with these ids, each with an owner of its own as long as there are that many owners; 0 for none.

        The order of the owners is not that of the items, and of many items and owners some have equal names.
        """
        known = {row["id"] for row in self._database.rows("SELECT id FROM owners")}
        owner_of = {each: 1000 + each * 7 % owners if owners else None for each in ids}
        items = [{"id": each, "name": f"item {each % 50}", "owner_id": owner} for each, owner in owner_of.items()]
        new = sorted({each for each in owner_of.values() if each is not None} - known)
        named = [{"id": each, "name": f"owner {each % 30}"} for each in new]
        with self._database.engine.connect() as connection:
            if named:
                connection.execute(self._tables.named("owners").insert(), named)
            connection.execute(self._tables.named("items").insert(), items)

    def rows(self) -> list[dict[str, Any]]:
        """What the database holds, in the form of the answer, ordered by id."""
        found = self._database.rows(
            "SELECT items.id, items.name, items.description, owners.id AS owner_id, owners.name AS owner_name "
            "FROM items LEFT JOIN owners ON owners.id = items.owner_id ORDER BY items.id"
        )
        for row in found:
            owner_id, name = row.pop("owner_id"), row.pop("owner_name")
            row["owner"] = None if owner_id is None else {"id": owner_id, "name": name}
        return found
