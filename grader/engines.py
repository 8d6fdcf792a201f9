"""For chapters 01 and 02: engines, bases and tables, and what a database makes of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Engine, Integer, String, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

if TYPE_CHECKING:
    from grader.lab import Database, Lab


class Engines:
    """What a check asks about the learner's engine, base and tables."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def engine(self) -> Engine:
        """The learner's engine."""
        engine = self._lab.need("db.engine")
        file = f"{self._lab.place.chapter}/app/db.py"
        self._lab.expect(
            isinstance(engine, Engine), saw=f"db.engine is {engine!r}", wanted="db.engine is an Engine", where=file
        )
        assert isinstance(engine, Engine)
        return engine

    def expect_same_url(self, found: Any, wanted: str, name: str) -> None:
        """End the check as failed unless a URL names the wanted database."""
        try:
            url = make_url(found)
        except (ArgumentError, TypeError):
            url = None
        shown = url.render_as_string(hide_password=False) if url is not None else repr(found)
        self._lab.expect(
            url is not None and _parts(url) == _parts(make_url(wanted)),
            saw=f"{name} is {shown}",
            wanted=f"{name} is {wanted}",
            where=f"{self._lab.place.chapter}/app/db.py",
        )

    def work_in_a_new_folder(self) -> None:
        """Change to an empty working directory, as someone does who starts the app from elsewhere."""
        os.chdir(tempfile.mkdtemp(dir=self._lab.place.root))

    def sqlite_url(self) -> str:
        """URL of a SQLite file, whatever database the checks run on."""
        return f"sqlite:///{self._lab.place.root.as_posix()}/threads.db"

    def database_at(self, url: str) -> Database:
        """A connection of the grader's own to another database."""
        from_lab = type(self._lab.database)
        return from_lab(replace(self._lab.place, url=url))

    @contextmanager
    def nothing_touched(self) -> Iterator[None]:
        """End the check as failed if the block opens a connection or makes a file."""
        opened, files = self._lab.seen.opened, _files(self._lab.place.root)
        yield
        connections = self._lab.seen.opened - opened
        made = sorted(_files(self._lab.place.root) - files)
        saw = [f"{connections} connection{'s' if connections > 1 else ''} opened"] if connections else []
        saw += [f"the file {name} was made" for name in made]
        self._lab.expect(not saw, saw=" and ".join(saw), wanted="no connection and no file")

    def probe_table(self) -> type[Any]:
        """A model of the grader's own, whose table exists in the learner's database."""
        engine = self._lab.engines.engine()

        class Own(DeclarativeBase):
            pass

        class Probe(Own):
            __tablename__ = "grader_probe"
            id = Column(Integer, primary_key=True)
            note = Column(String(100))

        url = engine.url.render_as_string(hide_password=False)
        Own.metadata.create_all(self.database_at(url).engine)
        return Probe

    def query(self, session: Session, model: type[Any]) -> None:
        """Run a query and take all its rows."""
        session.execute(select(model)).all()

    def catching(self, step: Callable[[], Any], failures: list[BaseException]) -> Callable[[], None]:
        """The step as a function that keeps its exception instead of raising it."""

        def run() -> None:
            try:
                step()
            except BaseException as error:
                failures.append(error)

        return run

    def refused_by_postgresql(self, engine: Engine) -> str:
        """What PostgreSQL would refuse of what this engine sends when it connects; empty for nothing."""
        import psycopg
        from psycopg.conninfo import make_conninfo

        stand_in = _StandIn()

        def connect(_dialect: Any, _record: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
            own = ("autocommit", "prepare_threshold", "row_factory", "cursor_factory", "context")
            try:
                make_conninfo(*args, **{name: value for name, value in kwargs.items() if name not in own})
            except psycopg.Error as error:
                stand_in.refused.append(f"an argument: {str(error).strip()}")
            return stand_in

        event.listen(engine, "do_connect", connect)
        # Only the connecting is of interest: the stand-in answers no further question.
        engine.dialect.initialize = lambda connection: None  # type: ignore[method-assign]
        with self._lab.learner_code("a connection"):
            engine.connect().close()
        return "; ".join(stand_in.refused)

    def model_on(self, base: Any) -> str:
        """Define a model on a base class; the name of the table that it got."""
        model = type("GraderModel", (base,), {"__tablename__": "grader_model", "id": Column(Integer, primary_key=True)})
        table = getattr(model, "__table__", None)
        mapped = inspect(model, raiseerr=False) is not None
        known = table is not None and table.name in base.metadata.tables
        return str(table.name) if mapped and known else "no table"

    def columns(self, table: str) -> dict[str, str]:
        """The columns of a table, in words."""
        inspector = inspect(self._lab.database.engine)
        key = inspector.get_pk_constraint(table)["constrained_columns"]
        found = {}
        for column in inspector.get_columns(table):
            kind, name = column["type"], column["name"]
            length = getattr(kind, "length", None)
            if isinstance(kind, String):
                words = f"text up to {length}" if length else "text of any length"
            else:
                words = "a whole number" if isinstance(kind, Integer) else str(kind)
            found[name] = words + (", primary key" if [name] == key else "")
        return found

    def expect_column(self, table: str, column: str) -> None:
        """End the check as failed unless the table has this column."""
        columns = self.columns(table)
        self._lab.expect(column in columns, saw=f"columns: {', '.join(columns)}", wanted=f"a column {column}")

    def indexes(self, table: str) -> dict[str, list[str | None]]:
        """The columns of each index of a table."""
        inspector = inspect(self._lab.database.engine)
        found = {str(index["name"]): list(index["column_names"]) for index in inspector.get_indexes(table)}
        for constraint in inspector.get_unique_constraints(table):
            found.setdefault(str(constraint["name"]), list(constraint["column_names"]))
        return found

    def refuses(self, write: Callable[[], Any]) -> bool:
        """Whether the database refuses a write."""
        try:
            write()
        except DBAPIError:
            return True
        return False


class _StandIn:
    """Takes the place of a PostgreSQL connection and notes what PostgreSQL would not understand."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.autocommit = False

    def cursor(self, *_: Any, **__: Any) -> _StandIn:
        return self

    def execute(self, statement: Any, *_: Any, **__: Any) -> _StandIn:
        if str(statement).lstrip().upper().startswith("PRAGMA"):
            self.refused.append(f"the statement {statement}")
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


def _parts(url: Any) -> tuple[Any, ...]:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return (backend, str(Path(url.database or "").absolute()))
    return (backend, url.username, url.password, url.host, url.port, url.database)


def _files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if "__pycache__" not in path.parts}
