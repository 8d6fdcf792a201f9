"""In the child: how the learner's models and sessions are made where that is SQLModel's way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.sqlmodel_registry import one_more_field, sqlmodel
from grader.outcomes import Waits

COLUMNS = {"id": "a whole number, primary key", "name": "text up to 200", "description": "text up to 500"}


class SqlModels:
    """A model that has a metadata itself, and schemas that lie beside it."""

    schemas = "models"

    def __init__(self, code: Code) -> None:
        self._code = code

    def metadata(self) -> MetaData:
        """The metadata in which the learner's tables are."""
        metadata: Any = getattr(self._code.need("models.Item"), "metadata", None)
        amiss = _amiss(metadata)
        if amiss:
            raise Waits(amiss, "item_is_a_sqlmodel_table")
        found: MetaData = metadata
        return found

    def new_session(self) -> Session:
        """A new session of SQLModel's on the learner's engine."""
        session: Session = sqlmodel().Session(self._code.need("db.engine"))
        return session

    def add_secret_column(self) -> None:
        """Give the model one more column, as a later version of the app would, before the app is made."""
        self._code.import_again()
        with one_more_field():
            self._code.need("models.Item")


def made_in_python(table: Table) -> bool:
    """Whether the id of a new row is made by the model, not by the database."""
    default = table.columns["id"].default
    return default is not None and not default.is_sequence


def _amiss(metadata: Any) -> str:
    """Why there is no table into which the checks can write items, in words; empty where there is one."""
    table = metadata.tables.get("items") if isinstance(metadata, MetaData) else None
    if table is None:
        return "no model has the table 'items'"
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        return f"the table 'items' has no column {missing[0]}"
    if made_in_python(table):
        return "the id of a new item does not come from the database"
    if not table.columns["description"].nullable:
        return "the table 'items' refuses NULL as a description"
    once = any(index.unique and index.columns.keys() == ["name"] for index in table.indexes)
    return "the table 'items' refuses a name that is there already" if once or table.columns["name"].unique else ""
