"""For chapter 08: the table model, and what SQLModel keeps for the whole process.

SQLModel is imported only here and only when it is needed: its import takes longer than many a check.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from grader.lab.lab import Lab

_COLUMNS = {"id": "a whole number, primary key", "name": "text up to 200", "description": "text up to 500"}


def warm_up() -> None:
    """Import SQLModel, and make a table model once, in small: what that needs on first use is then there."""
    sqlmodel = _sqlmodel()
    fields = {"id": sqlmodel.Field(default=None, primary_key=True), "__annotations__": {"id": int | None}}
    type(sqlmodel.SQLModel)("WarmUp", (sqlmodel.SQLModel,), {"__module__": __name__, **fields}, table=True)
    forget_models()


def forget_models() -> None:
    """Forget every model: SQLModel has one registry and one metadata for the whole process."""
    if "sqlmodel" not in sys.modules:
        return
    registry = _sqlmodel().main.default_registry
    registry.dispose(cascade=True)
    registry.metadata.clear()
    # A class that could not be mapped would make the name of the next one ambiguous.
    registry._class_registry.clear()
    _sqlmodel().SQLModel.metadata = registry.metadata


@contextmanager
def one_more_field() -> Iterator[None]:
    """Give the model ``Item`` one more field and column when it is made, as a later version of the app would.

    A column that is added afterwards would be none of Pydantic's fields, and so would never be shown.
    """
    metaclass: Any = type(_sqlmodel().SQLModel)
    original = metaclass.__new__
    annotations_of = importlib.import_module("sqlmodel._compat").get_annotations

    def make(cls: Any, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        config = namespace.get("model_config") or {}
        if name == "Item" and (options.get("table") or config.get("table")):
            note = _sqlmodel().Field(default="secret", max_length=20, sa_column_kwargs={"server_default": "secret"})
            annotations = {**annotations_of(namespace), "internal_note": str}
            namespace = {**namespace, "internal_note": note, "__annotations__": annotations}
        return original(cls, name, bases, namespace, **options)

    metaclass.__new__ = staticmethod(make)
    try:
        yield
    finally:
        metaclass.__new__ = staticmethod(original)


def _sqlmodel() -> Any:
    return importlib.import_module("sqlmodel")


class SqlModels:
    """What a check of chapter 08 asks about the table model."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def session(self) -> Session:
        """A new session of SQLModel's on the learner's engine."""
        session: Session = _sqlmodel().Session(self._lab.need("db.engine"))
        return session

    def amiss(self, metadata: Any) -> str:
        """Why there is no table into which the checks can write items, in words; empty where there is one."""
        table = metadata.tables.get("items") if isinstance(metadata, MetaData) else None
        if table is None:
            return "no model has the table 'items'"
        missing = [name for name in _COLUMNS if name not in table.columns]
        if missing:
            return f"the table 'items' has no column {missing[0]}"
        if not table.columns["description"].nullable:
            return "the table 'items' refuses NULL as a description"
        once = any(index.unique and index.columns.keys() == ["name"] for index in table.indexes)
        return "the table 'items' refuses a name that is there already" if once or table.columns["name"].unique else ""

    def expect_table_model(self) -> None:
        """End the check as failed unless ``Item`` is a table model."""
        item, base = self._lab.need("models.Item"), _sqlmodel().SQLModel
        self._lab.look_at_name("models.Item")
        wanted = "a class that inherits from SQLModel, with table=True"
        is_model = isinstance(item, type) and issubclass(item, base)
        self._lab.expect(is_model, saw="models.Item does not inherit from SQLModel", wanted=wanted)
        table = getattr(item, "__table__", None)
        self._lab.expect(table is not None, saw="models.Item has no table", wanted=wanted)
        found = ", ".join(item.metadata.tables) or "none"
        self._lab.expect("items" in item.metadata.tables, saw=f"tables: {found}", wanted="a table called items")

    def expect_columns(self) -> None:
        """End the check as failed unless the table, as the database has it, is that of chapter 02."""
        items, lab = self._lab.engines.items(), self._lab
        items.expect_columns(**_COLUMNS)
        lab.expect(
            not items.takes(name=None), saw="NULL was stored as a name", wanted="the name is required (NOT NULL)"
        )
        for row in ({"name": "lamp", "description": None}, {"name": "lamp", "description": "warm light"}):
            lab.expect(items.takes(**row), saw=f"refused: {row}: {items.refusal}", wanted=f"stored: {row}")
        indexed = any(columns[:1] == ["name"] for columns in items.indexes())
        lab.expect(indexed, saw="no index on name", wanted="an index on name")

    def expect_made_at_start(self) -> None:
        """End the check as failed if the table is in another metadata than main.py gets to create."""
        lab, item = self._lab, self._lab.need("models.Item")
        if item.metadata is _sqlmodel().SQLModel.metadata:
            return
        lab.database.drop_table("items")
        lab.start()
        lab.look_at_name("models.Item")
        made = "items" in lab.database.tables()
        saw = "after the start there is no table: Item is not in SQLModel.metadata, which main.py creates"
        lab.expect(made, saw=saw, wanted="a table that exists after the start")
