"""For chapters 01 to 03: engines, sessions and bases, and what a database makes of them."""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Column, Connection, Engine, Integer, String, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, OperationalError, UnboundExecutionError
from sqlalchemy.orm import DeclarativeBase, Mapper, Session
from sqlalchemy.pool import Pool

from grader.lab.tables import DESK, Items, items_of
from grader.lab.words import show

if TYPE_CHECKING:
    from grader.lab.lab import Database, Lab

_TABLE_RULE = "items_table_has_the_columns"


class Engines:
    """What a check asks about the learner's engine, base and tables."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._sqlite_url = ""

    # -- the engine -----------------------------------------------------------------------------

    def engine(self) -> Engine:
        """The learner's engine."""
        engine = self._lab.need("db.engine")
        if not isinstance(engine, Engine):
            raise self._lab.broken(f"db.engine is {show(engine)}", "db.engine is an Engine", "app/db.py")
        return engine

    def import_db(self, **environment: str | None) -> None:
        """Import ``app.db`` anew, of which is known that it can be imported: what it raises now is the mistake."""
        self._lab.import_again(**environment)
        with self._lab.learner_code("an import without an error"):
            importlib.import_module("app.db")

    def import_db_somehow(self) -> None:
        """Import ``app.db`` anew; where the database of the check prevents it, with the URL of a SQLite file.

        That it cannot be imported with a URL of PostgreSQL is the matter of another rule.
        """
        if not self.can_import_db() and self._lab.place.database != "sqlite":
            self._lab.import_again(DATABASE_URL=self.sqlite_url())

    def can_import_db(self, **environment: str | None) -> bool:
        """Import ``app.db`` anew; whether that is possible."""
        self._lab.import_again(**environment)
        try:
            self._lab.module("db")
        except Exception:
            return False
        return True

    def expect_url(self, wanted: str) -> None:
        """End the check as failed unless ``DATABASE_URL``, and the engine if it is made, name this database."""
        self._expect_same_url(self._lab.need("db.DATABASE_URL"), wanted, "db.DATABASE_URL")
        if vars(self._lab.module("db")).get("engine") is not ...:
            self._expect_same_url(self.engine().url, wanted, "db.engine.url")

    def _expect_same_url(self, found: Any, wanted: str, name: str) -> None:
        url = _url(found)
        shown = found.render_as_string(hide_password=False) if isinstance(found, URL) else found
        self._lab.look_at_name(name.removesuffix(".url"))
        self._lab.expect(
            url is not None and _parts(url) == _parts(make_url(wanted)),
            saw=f"{name} is {shown}",
            wanted=f"{name} is {wanted}",
        )

    def work_in_a_new_folder(self) -> None:
        """Change to an empty working directory, as someone does who starts the app from elsewhere."""
        os.chdir(tempfile.mkdtemp(dir=self._lab.place.root))

    def sqlite_url(self) -> str:
        """URL of a SQLite file, new for each check, whatever database the checks run on."""
        if not self._sqlite_url:
            self._sqlite_url = "sqlite:///./other.db"
            Path("other.db").unlink(missing_ok=True)
        return self._sqlite_url

    def database_at(self, url: str) -> Database:
        """A connection of the grader's own to another database."""
        from_lab = type(self._lab.database)
        return from_lab(replace(self._lab.place, url=url), another=True)

    def environments(self) -> Iterator[dict[str, str]]:
        """What to import ``app.db`` with: as it is, and where that is PostgreSQL with the URL of a SQLite file too."""
        yield {}
        if self._lab.place.database != "sqlite":
            yield {"DATABASE_URL": self.sqlite_url()}

    @contextmanager
    def nothing_touched(self, module: str) -> Iterator[None]:
        """End the check as failed if the block, which imports a module, opens a connection or makes a database file."""
        seen, root = self._lab.seen, self._lab.place.root
        self._lab.focus = f"{self._lab.place.chapter}/app/{module}.py"
        for name in _database_files(root):  # what an earlier import has made could not be made again
            with suppress(OSError):
                (root / name).unlink()
        before, files = seen.opened, _database_files(root)
        yield
        connections = seen.opened - before
        names = sorted(Path(name).name for name in _database_files(root) - files)
        made = ["of DATABASE_URL" if name in os.environ.get("DATABASE_URL", "") else name for name in names]
        where = f"{self._lab.place.chapter}/{seen.opened_at}" if connections and seen.opened_at else ""
        saw = "a connection was opened" if connections else f"the file {' and '.join(made)} was made"
        self._lab.expect(not connections and not made, saw=saw, wanted="no connection and no file", where=where)

    def refused_by_postgresql(self, url: str) -> str:
        """What PostgreSQL would refuse of what the engine for this URL sends by itself; empty for nothing."""
        from unittest import mock

        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

        stand_in = _StandIn()
        event.listen(Engine, "do_connect", stand_in.connect)
        try:
            # Only the connecting is of interest: the stand-in knows nothing about the server.
            with mock.patch.object(PGDialect_psycopg, "initialize", _StandIn.initialize):
                self.import_db(DATABASE_URL=url)
                self._expect_same_url(self.engine().url, url, "db.engine.url")
                with self._lab.learner_code("a connection"), self.engine().begin():
                    pass
                if not stand_in.refused:
                    with suppress(Exception), self.session() as session:
                        session.connection()
        finally:
            event.remove(Engine, "do_connect", stand_in.connect)
        return "; ".join(dict.fromkeys(stand_in.refused))

    # -- sessions -------------------------------------------------------------------------------

    def session(self, *, beside: bool = False) -> Session:
        """A new session of the learner's; those before are closed, or stay open beside it.

        Raises:
            Wrong: it is none.
        """
        self._lab.look_at_name("db.SessionLocal")
        session = self._lab.session(beside=beside)
        saw = f"SessionLocal() returned {show(session)}"
        self._lab.expect(isinstance(session, Session), saw=saw, wanted="SessionLocal() returns a Session")
        return session

    def engine_of(self, session: Session) -> str:
        """Which engine a session is bound to, in words."""
        engine = self.engine()
        try:
            bind = session.get_bind()
        except UnboundExecutionError:
            return "no engine"
        if bind is engine:
            return "db.engine"
        if not isinstance(bind, Engine | Connection):
            return f"{show(bind)}, which is no engine"
        if bind.engine is engine:
            return "one connection of db.engine"
        same = bind.engine.url == engine.url
        return "a second engine for the same URL" if same else f"another engine: {bind.engine.url}"

    def sessions(self) -> Iterator[Sessions]:
        """The learner's sessions on the database of the check; where that is PostgreSQL, on a SQLite file as well.

        An engine or a session that cannot work with PostgreSQL at all is the matter of another rule.
        """
        if self._lab.place.database == "sqlite" or self._can_query():
            yield Sessions(self._lab)
        if self._lab.place.database != "sqlite":
            yield self.sessions_on_sqlite_file()

    def sessions_on_sqlite_file(self) -> Sessions:
        """The learner's sessions on a SQLite file, whatever database the checks run on."""
        self._lab.import_again(DATABASE_URL=self.sqlite_url())
        self._lab.tell_from_here("set DATABASE_URL to a SQLite file")
        return Sessions(self._lab)

    def _can_query(self) -> bool:
        try:
            with self.engine().connect(), self.session() as session:
                session.execute(select(1)).all()
        except Exception:
            return False
        return True

    def is_ours(self, url: URL) -> bool:
        """Whether a URL names a database of this check: the grader writes nothing to any other."""
        if url.get_backend_name() == "sqlite":
            file = Path(os.path.realpath((url.database or "").removeprefix("file:")))
            return file.is_relative_to(os.path.realpath(self._lab.place.root))
        return _parts(url) == _parts(make_url(self._lab.place.url))

    def probe_table(self, database: Database) -> type[Any]:
        """A model of the grader's own, whose table is made anew in a database."""

        class Own(DeclarativeBase):
            pass

        class Probe(Own):
            __tablename__ = "grader_probe"
            id = Column(Integer, primary_key=True)
            note = Column(String(100))

        database.run("DROP TABLE IF EXISTS grader_probe")
        Own.metadata.create_all(database.engine)
        return Probe

    # -- the base, and the table of items -------------------------------------------------------

    def expect_model_on(self, base: Any) -> None:
        """End the check as failed unless a subclass of this base is mapped to a table in the base's metadata."""
        self._lab.look_at_name("db.Base")
        self._lab.expect(isinstance(base, type), saw=f"db.Base is {show(base)}", wanted="db.Base is a class")
        columns = {"__tablename__": "grader_model", "id": Column(Integer, primary_key=True)}
        with self._lab.learner_code("a model that is mapped to a table"):
            model = type("GraderModel", (base,), columns)
        mapper: Any = inspect(model, raiseerr=False)
        self._lab.expect(
            isinstance(mapper, Mapper) and mapper.local_table in self._lab.metadata().tables.values(),
            saw="a class without a table",
            wanted="a class that SQLAlchemy maps to a table",
        )

    def items(self) -> Items:
        """The table of the learner's model ``Item``, made in the database of the check.

        Raises:
            Wrong: the model has none.
        """
        self._lab.look_at_name("models.Item")
        table = items_of(self._lab, self._lab.database)
        with self._lab.learner_code("a table that can be created"):
            self._lab.database.create_tables(table.metadata)
        return table

    def items_with(self, *columns: str) -> Items:
        """The same, for rules that can judge a table only if it has some columns and takes a complete row.

        Raises:
            Waits: it is not so; the rule about the table says what is wrong.
        """
        with self._waiting_for_the_table():
            table = self.items()
        for column in columns:
            if not table.has_column(column) or (column == "id" and not table.has_key()):
                raise self._lab.waits(f"the table has no column {column} as it should be", _TABLE_RULE)
        self.put_desk(table)
        return table

    @contextmanager
    def _waiting_for_the_table(self) -> Iterator[None]:
        """Let a failure of the block be the matter of the rule about the table."""
        try:
            yield
        except Exception as verdict:
            if getattr(verdict, "outcome", "") == "failed":
                raise self._lab.waits(str(verdict), _TABLE_RULE) from None
            raise

    def put_desk(self, table: Items) -> None:
        """Insert the row of `DESK`.

        Raises:
            Waits: it does not; the rule about the table says so.
        """
        if not table.stores(**DESK):
            raise self._lab.waits(f"the database refuses a complete row: {table.refusal}", _TABLE_RULE)

    def put_another_table(self) -> None:
        """Let the database have a table already, and an empty file lie about that is called like the default one."""
        self._lab.database.run("CREATE TABLE notes (id INTEGER)")
        self.work_in_a_new_folder()
        Path("app.db").touch()

    def databases_to_restart_on(self) -> Iterator[str]:
        """The database of the check, then with no URL in the environment the default one; each in words."""
        yield "an empty database"
        self.work_in_a_new_folder()
        self._lab.import_again(DATABASE_URL=None)
        yield "the default database, app.db"

    def items_after_start(self) -> Items:
        """The table of the learner's model ``Item``, as the running app has made it.

        Raises:
            Wrong: it is not there.
        """
        imported = "app.models" in sys.modules
        database = self.database_at(os.environ.get("DATABASE_URL", "sqlite:///./app.db"))
        with self._waiting_for_the_table():
            table = items_of(self._lab, database)
        self._lab.look_at_name("main.lifespan")
        found = table.database.tables()
        saw = f"tables after the start: {', '.join(found) or 'none'}"
        self._lab.expect(
            table.name in found,
            saw=saw if imported else f"{saw}; app/models.py was never imported",
            wanted=f"the table {table.name} after the start",
        )
        return table


class Sessions:
    """The learner's sessions on one database, in which the grader has a table of its own."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        url = self.open().get_bind().engine.url
        lab.expect(lab.engines.is_ours(url), saw=f"a session on {url}", wanted="a session on the URL in DATABASE_URL")
        self._database = lab.engines.database_at(url.render_as_string(hide_password=False))
        self.probe = lab.engines.probe_table(self._database)

    def open(self, *, beside: bool = False) -> Session:
        """A new session; one that is bound to no engine is bound to ``db.engine``: that is another rule's matter."""
        session = self._lab.engines.session(beside=beside)
        if not isinstance(session.bind, Engine | Connection):
            session.bind = self._lab.engines.engine()
        return session

    def open_two(self) -> tuple[Session, Session]:
        """Two sessions; the second from another thread where a thread always gets the same one."""
        first, second = self.open(), self.open(beside=True)
        if second is first:
            with ThreadPoolExecutor(1) as other_thread:
                second = other_thread.submit(self.open, beside=True).result()
        self._lab.expect(
            second is not first,
            saw="SessionLocal() returned the same session twice",
            wanted="a new session with each call",
        )
        return first, second

    def query(self, session: Session) -> None:
        """Run a query and take all its rows."""
        session.execute(select(self.probe)).all()

    def query_and_commit(self, session: Session) -> None:
        """Run a query and commit; or find the database locked, as it is where each SQLite transaction locks it."""
        event.listen(Pool, "checkout", _wait_briefly)
        try:
            self.query(session)
            session.commit()
        except OperationalError as error:
            if "locked" not in str(error):
                raise
        finally:
            event.remove(Pool, "checkout", _wait_briefly)

    def work_in_three_threads(self) -> None:
        """Query, write, and commit and close with one session, each in a thread of its own."""
        session = self.open()

        def write() -> None:
            session.add(self.probe(note="from another thread"))
            session.flush()

        def finish() -> None:
            session.commit()
            session.close()

        with ExitStack() as threads:  # all stay until the end: the number of one that has ended is given to the next
            for step in (lambda: self.query(session), write, finish):
                thread = threads.enter_context(ThreadPoolExecutor(1))
                with self._lab.learner_code("a session that the next thread can go on with"):
                    thread.submit(step).result()

    def saved(self) -> list[str]:
        """What the database holds, read through the grader's own connection."""
        return [row["note"] for row in self._database.rows("SELECT note FROM grader_probe ORDER BY id")]


def _wait_briefly(connection: Any, *_: object) -> None:
    """Listen to ``checkout``: what is locked in SQLite stays so during a check, however long one would wait."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout = 100")


class _StandIn:
    """Takes the place of a PostgreSQL connection and notes what PostgreSQL would not understand."""

    description = (("answer", *[None] * 6),)
    rowcount = 1
    info = SimpleNamespace(server_version=180000, backend_pid=1, dbname="nowhere", user="Nobody", encoding="utf-8")

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.autocommit = False

    def connect(self, dialect: Any, record: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Listen to ``do_connect``: judge the arguments, and connect to nothing."""
        import psycopg
        from psycopg.conninfo import make_conninfo

        if dialect.name != "postgresql":
            return None
        own = ("autocommit", "prepare_threshold", "row_factory", "cursor_factory", "context")
        try:
            make_conninfo(*args, **{name: value for name, value in kwargs.items() if name not in own})
        except psycopg.Error as error:
            self.refused.append(f"an argument: {str(error).strip()}")
        return self

    @staticmethod
    def initialize(dialect: Any, connection: Any) -> None:
        """Take the place of asking the server about itself."""
        dialect.server_version_info, dialect.default_schema_name = (18, 0), "public"
        dialect.default_isolation_level = "READ COMMITTED"

    def cursor(self, *_: Any, **__: Any) -> _StandIn:
        return self

    def execute(self, statement: Any, *_: Any, **__: Any) -> _StandIn:
        if str(statement).lstrip().upper().startswith("PRAGMA"):
            self.refused.append(f"the statement {statement}")
        return self

    def fetchone(self) -> tuple[int]:
        return (1,)

    def fetchall(self) -> list[tuple[int]]:
        return [(1,)]

    def __enter__(self) -> _StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


def _url(found: Any) -> URL | None:
    for value in (found, str(found)):
        try:
            return make_url(value)
        except (ArgumentError, TypeError, ValueError):
            continue
    return None


def _parts(url: URL) -> tuple[Any, ...]:
    backend = url.get_backend_name()
    if backend != "sqlite":
        return (backend, url.username, url.password, url.host, url.port, url.database)
    file = (url.database or "").removeprefix("file:")
    return (backend, url.host, os.path.realpath(file) if file not in ("", ":memory:") else file)


def _database_files(root: Path) -> set[str]:
    """Files that are databases, or are called so."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".py" and (path.suffix in _SUFFIXES or _begins_like_sqlite(path))
    }


_SUFFIXES = (".db", ".sqlite", ".sqlite3")


def _begins_like_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(15) == b"SQLite format 3"
