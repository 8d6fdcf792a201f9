"""In the child: a table of the grader's own, for what does not depend on the learner's models."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import DeclarativeBase

from grader.lab.database import Database


def make_probe_table(database: Database) -> type[Any]:
    """A model whose table is made anew in a database."""
    model = _model()
    database.run("DROP TABLE IF EXISTS grader_probe")
    database.create_tables(model.metadata)
    return model


@cache
def _model() -> type[Any]:
    """The same for all checks of a process: what SQLAlchemy has found out about it once it knows."""

    class Own(DeclarativeBase):
        pass

    class Probe(Own):
        __tablename__ = "grader_probe"
        id = Column(Integer, primary_key=True)
        note = Column(String(100))

    return Probe
