"""In the child: a table of the grader's own, for what does not depend on the learner's models."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import DeclarativeBase

from grader.lab.database import Database


def make_probe_table(database: Database) -> type[Any]:
    """A model whose table is made anew in a database."""

    class Own(DeclarativeBase):
        pass

    class Probe(Own):
        __tablename__ = "grader_probe"
        id = Column(Integer, primary_key=True)
        note = Column(String(100))

    database.run("DROP TABLE IF EXISTS grader_probe")
    Own.metadata.create_all(database.engine)
    return Probe
