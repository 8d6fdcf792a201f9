"""In the server: imports and does once, before forking, what the checks of a chapter would otherwise do first."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from functools import cache
from typing import Annotated

import pydantic
from sqlalchemy import Column, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import StaticPool

from grader.diagnosis.catalogue import readings_of
from grader.lab import futures as futures  # changes them before anybody remembers what they are
from grader.lab import relied, sqlmodel_registry, versions
from grader.lab.fixtures import fixtures_of
from grader.lab.parts import load_makers
from grader.rules import asked_in

_seen: set[str] = set()


def get_ready(chapter: str, url: str) -> None:
    """Do so for a chapter, and for the kind of database that this is the URL of; a second time costs nothing."""
    collecting = gc.isenabled()
    gc.disable()
    asked = asked_in(chapter)
    _once(_warm_up_data)
    _once(relied.json_encoder)
    # FastAPI and its test client take half of the time of all imports, and some chapters need neither.
    needs_fastapi = "client" in fixtures_of(chapter, asked)
    if needs_fastapi:
        _once(_import_fastapi)
    load_makers(chapter, asked)
    readings_of(chapter)
    if needs_fastapi:
        _once(importlib.import_module("grader.lab.client").warm_up)
    if chapter == "08_sqlmodel":
        _once(sqlmodel_registry.warm_up)
    # The first child of chapter 01 imports it beside the others; in a class there are more.
    if url.startswith("postgresql") or (chapter == "01_engine" and chapter in _seen):
        import_driver()
    _seen.add(chapter)
    relied.remember_own()
    versions.remember()
    gc.freeze()
    if collecting:
        gc.enable()


@cache
def _once(work: Callable[[], None]) -> None:
    work()


def _import_fastapi() -> None:
    """Import FastAPI without building its models of OpenAPI: that takes longer, and few apps are asked to describe
    themselves. Those are built on first use. Source: Pydantic, "Configuration", ``defer_build``.
    """
    pydantic.BaseModel.model_config["defer_build"] = True
    try:
        importlib.import_module("fastapi.openapi.models")
    finally:
        del pydantic.BaseModel.model_config["defer_build"]


@cache
def import_driver() -> None:
    """Import what an engine for PostgreSQL imports when it is made."""
    create_engine("postgresql+psycopg://").dispose()


def _warm_up_data() -> None:
    """Use Pydantic and SQLAlchemy once, in small: what they import or compile on first use is then there."""

    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "warm_up"
        id = Column(Integer, primary_key=True)
        name = Column(String(20), index=True)

    # Looking for Pydantic's plugins among all that is installed takes a while, in each child anew where nobody has
    # found out here that there are none; and none has a say in a verdict.
    vars(importlib.import_module("pydantic.plugin._loader"))["_plugins"] = {}
    pydantic.create_model("Body", name=(Annotated[str, pydantic.StringConstraints(max_length=20)], ...))
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        row = Row(name="x")
        db.add(row)
        db.commit()
        db.refresh(row)
        db.scalars(select(Row).order_by(Row.id).offset(0).limit(1)).all()
    engine.dispose()
