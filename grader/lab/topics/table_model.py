"""In the child: the learner's table model of SQLModel, and its table."""

from __future__ import annotations

from grader.lab.client import Client
from grader.lab.code import Code
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.sqlmodel_registry import sqlmodel
from grader.lab.topics.item_tables import ItemTables
from grader.lab.topics.sqlmodels import COLUMNS, made_in_python


class TableModel:
    """What a check asks about ``Item``."""

    def __init__(
        self, code: Code, focus: Focus, expect: Expect, database: Database, client: Client, item_tables: ItemTables
    ) -> None:
        self._code = code
        self._focus = focus
        self._expect = expect
        self._database = database
        self._client = client
        self._item_tables = item_tables

    def expect_declared(self) -> None:
        """End the check as failed unless ``Item`` is a table model."""
        item, base = self._code.need("models.Item"), sqlmodel().SQLModel
        self._focus.on_name("models.Item")
        wanted = "a class that inherits from SQLModel, and is a table"
        is_model = isinstance(item, type) and issubclass(item, base)
        self._expect(is_model, saw="models.Item does not inherit from SQLModel", wanted=wanted)
        table = getattr(item, "__table__", None)
        self._expect(table is not None, saw="models.Item has no table", wanted=wanted)
        found = ", ".join(map(str, item.metadata.tables)) or "none"
        self._expect("items" in item.metadata.tables, saw=f"tables: {found}", wanted="a table called items")

    def expect_columns(self) -> None:
        """End the check as failed unless the table, as the database has it, is that of chapter 02."""
        items, expect = self._item_tables.items(), self._expect
        items.expect_columns(**COLUMNS)
        by_itself = made_in_python(self._code.need("models.Item").__table__)
        expect(not by_itself, saw="a new Item has an id already", wanted="no id (None) until the database gives one")
        expect(not items.takes(name=None), saw="NULL was stored as a name", wanted="the name is required (NOT NULL)")
        for row in ({"name": "lamp", "description": None}, {"name": "lamp", "description": "warm light"}):
            expect(items.takes(**row), saw=f"refused: {row}: {items.refusal}", wanted=f"stored: {row}")
        indexed = any(columns[:1] == ["name"] for columns in items.indexes())
        expect(indexed, saw="no index on name", wanted="an index on name")

    def expect_made_at_start(self) -> None:
        """End the check as failed if the table is in another metadata than main.py gets to create."""
        item = self._code.need("models.Item")
        if item.metadata is sqlmodel().SQLModel.metadata:
            return
        self._database.drop_table("items")
        self._client.start()
        self._focus.on_name("models.Item")
        made = "items" in self._database.tables()
        saw = "after the start there is no table: Item is not in SQLModel.metadata, whose tables main.py creates"
        self._expect(made, saw=saw, wanted="a table that exists after the start")
