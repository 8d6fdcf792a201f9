"""In the child: how the learner's models and sessions are made."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Column, MetaData, String
from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.place import Place
from grader.outcomes import Broken


class Models(Protocol):
    """What differs between SQLAlchemy's own way and SQLModel's.

    Attributes:
        schemas: the module of ``app`` in which the schemas are.
    """

    schemas: str

    def metadata(self) -> MetaData:
        """The metadata in which the learner's tables are."""

    def new_session(self) -> Session:
        """A new session on the learner's engine."""

    def add_secret_column(self) -> None:
        """Give the model one more column, as a later version of the app would, before the app is made."""


class DeclarativeModels:
    """Models on ``db.Base``, and sessions of ``db.SessionLocal``; the schemas have a module of their own."""

    schemas = "schemas"

    def __init__(self, place: Place, code: Code) -> None:
        self._place = place
        self._code = code

    def metadata(self) -> MetaData:
        """The metadata in which the learner's tables are."""
        metadata = getattr(self._code.need("db.Base"), "metadata", None)
        if not isinstance(metadata, MetaData):
            raise Broken("db.Base has no metadata", "a declarative base", self._place.shown("app/db.py"))
        return metadata

    def new_session(self) -> Session:
        """A new session on the learner's engine."""
        session: Session = self._code.need("db.SessionLocal")()
        return session

    def add_secret_column(self) -> None:
        """Give the model one more column, as a later version of the app would, before the app is made."""
        self._code.import_again()
        item: Any = self._code.need("models.Item")
        with self._code.running("a model that takes one more column"):
            item.internal_note = Column("internal_note", String(20), server_default="secret")
