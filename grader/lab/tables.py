"""In the child: the tables of the learner's models, in the database of the check."""

from __future__ import annotations

from sqlalchemy import Table

from grader.lab.code import Code
from grader.lab.database import Database
from grader.lab.models import Models
from grader.lab.place import Place
from grader.outcomes import Broken


class Tables:
    """The tables that the learner's models describe."""

    __slots__ = ("_code", "_database", "_models", "_place")

    def __init__(self, place: Place, code: Code, models: Models, database: Database) -> None:
        self._place = place
        self._code = code
        self._models = models
        self._database = database

    def create(self) -> None:
        """Create all of them through the grader's own connection."""
        self._code.module("models")
        with self._code.running("tables that can be created"):
            self._database.create_tables(self._models.metadata())

    def named(self, name: str) -> Table:
        """One of them."""
        self._code.module("models")
        table = self._models.metadata().tables.get(name)
        if table is None:
            wanted, file = f'a model with __tablename__ = "{name}"', self._place.shown("app/models.py")
            raise Broken(f"no model has the table '{name}'", wanted, file)
        return table
