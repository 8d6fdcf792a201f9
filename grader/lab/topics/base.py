"""In the child: the learner's declarative base."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, inspect
from sqlalchemy.orm import Mapper

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.models import Models
from grader.lab.words import show


class Base:
    """What a check asks about ``db.Base``."""

    def __init__(self, code: Code, focus: Focus, expect: Expect, models: Models) -> None:
        self._code = code
        self._focus = focus
        self._expect = expect
        self._models = models

    def expect_model_on(self, base: Any) -> None:
        """End the check as failed unless a subclass of this base is mapped to a table in the base's metadata."""
        self._focus.on_name("db.Base")
        self._expect(isinstance(base, type), saw=f"db.Base is {show(base)}", wanted="db.Base is a class")
        columns = {"__tablename__": "grader_model", "id": Column(Integer, primary_key=True)}
        with self._code.running("a model that is mapped to a table"):
            model = type("GraderModel", (base,), columns)
        mapper: Any = inspect(model, raiseerr=False)
        self._expect(
            isinstance(mapper, Mapper) and mapper.local_table in self._models.metadata().tables.values(),
            saw="a class without a table",
            wanted="a class that SQLAlchemy maps to a table",
        )
