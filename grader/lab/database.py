"""The database of a check: made new, and looked at through a connection of the grader's own."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, MetaData, Table, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool, Pool

from grader.lab.observer import UNOBSERVED, leave_out


@dataclass(frozen=True)
class Place:
    """Where a check runs.

    Attributes:
        chapter: the chapter's name.
        root: folder that holds the learner's ``app`` package and is the working directory.
        url: URL of a database that is empty when the check starts.
        admin_url: PostgreSQL only: URL of the maintenance database.
        given: files below `root` that are not the learner's work.
    """

    chapter: str
    root: Path
    url: str
    admin_url: str = ""
    given: frozenset[str] = frozenset()

    @property
    def database(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return "postgresql" if self.url.startswith("postgresql") else "sqlite"


class Database:
    """The grader's own connection to a database: plain SQL, each statement for itself.

    Args:
        place: where the check runs; its URL is that of the database.
        another: this is not the database of the check, which is made new for each.
    """

    def __init__(self, place: Place, *, another: bool = False) -> None:
        self.kind = place.database
        self.engine = _engine_for_once(place.url) if another and self.kind == "sqlite" else own_engine(place.url)
        self._triggers = 0

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows that a query finds."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(sql), parameters).mappings()]

    def run(self, sql: str, **parameters: Any) -> None:
        """Run a statement that finds no rows."""
        with self.engine.connect() as connection:
            if parameters:
                connection.execute(text(sql), parameters)
            else:
                connection.exec_driver_sql(sql)

    def insert(self, table: Table, row: dict[str, Any]) -> int:
        """Insert a row and return its id; where that was chosen, those that the database gives out go on after it."""
        chosen = "id" in row
        with self.engine.connect() as connection:
            if chosen and self.kind == "postgresql":
                event.listen(connection, "before_cursor_execute", _take_the_id, retval=True)
            key = connection.execute(table.insert().values(row)).inserted_primary_key
            if chosen and self.kind == "postgresql":
                connection.execute(_GO_ON_AFTER, {"id": row["id"]})
            return int(row["id"] if chosen else key[0] if key else 0)

    def create_tables(self, metadata: MetaData) -> None:
        """Create all tables of a metadata; from the second time on with the statements of the first."""
        shape = (self.kind, str([(table.name, table.columns.keys()) for table in metadata.sorted_tables]))
        if shape not in _create_statements:
            statements: list[str] = []

            def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
                if statement.lstrip().upper().startswith(("CREATE", "ALTER", "INSERT", "COMMENT")):
                    statements.append(statement)

            event.listen(self.engine, "before_cursor_execute", keep)
            metadata.create_all(self.engine)
            event.remove(self.engine, "before_cursor_execute", keep)
            _create_statements[shape] = statements
            return
        with self.engine.connect() as connection:
            for statement in _create_statements[shape]:
                connection.exec_driver_sql(statement)

    def tables(self) -> list[str]:
        """Names of the tables that exist."""
        return sqlalchemy.inspect(self.engine).get_table_names()

    def drop_table(self, name: str) -> None:
        """Drop a table, whatever other tables refer to it."""
        self.run(f"DROP TABLE {name}" if self.kind == "sqlite" else f"DROP TABLE {name} CASCADE")

    def make_trigger(self, moment: str, table: str, then: str, when: str = "") -> None:
        """Let the database itself act on a write.

        Args:
            moment: ``AFTER INSERT``, ``AFTER UPDATE OF name``, ``BEFORE INSERT``, ...
            table: the table that is written to.
            then: one SQL statement; ``NEW`` is the row written.
            when: condition on ``NEW``; always when empty.
        """
        self._triggers += 1
        name = re.sub(r"\W+", "_", f"on_{moment}_{table}_{self._triggers}").lower()
        if self.kind == "sqlite":
            condition = f"WHEN {when} " if when else ""
            self.run(f"CREATE TRIGGER {name} {moment} ON {table} {condition}BEGIN {then}; END")
            return
        condition = f"WHEN ({when}) " if when else ""
        result = "NULL" if moment.startswith("AFTER") else "NEW"
        self.run(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {then}; RETURN {result}; END $$"
        )
        self.run(f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW {condition}EXECUTE FUNCTION {name}()")

    def refuse(self, moment: str, table: str, when: str = "") -> None:
        """Let the database refuse a write, as it would for a broken constraint.

        Args:
            moment: ``BEFORE INSERT``, ``BEFORE UPDATE``, ...
            table: the table that is written to.
            when: condition on ``NEW``, which may ask other tables too; always when empty.
        """
        raising = "SELECT RAISE(ABORT, 'refused')" if self.kind == "sqlite" else _raise("refused", _CONSTRAINT)
        self.make_trigger(moment, table, self._only(raising, when))

    def break_down(self, moment: str, table: str, when: str = "") -> None:
        """Let a write fail for a reason that is no constraint: an ``OperationalError``. Arguments as for `refuse`."""
        overflow = "SELECT abs(-9223372036854775807 - 1 + 0 * random())"
        raising = overflow if self.kind == "sqlite" else _raise("no space left", "disk_full")
        self.make_trigger(moment, table, self._only(raising, when))

    def refuse_commit(self, table: str, when: str) -> None:
        """Let the database take a write into this table, and refuse the COMMIT after it.

        In SQLite only what is connected from now on is refused. Sources: PostgreSQL, "CREATE TRIGGER" (constraint
        triggers); SQLite, "Deferred Foreign Key Constraints".

        Args:
            table: the table that is written to.
            when: condition on ``NEW``.
        """
        if self.kind == "sqlite":
            self.run(
                "CREATE TABLE grader_debts (id INTEGER PRIMARY KEY, "
                "paid_by INTEGER REFERENCES grader_debts (id) DEFERRABLE INITIALLY DEFERRED)"
            )
            self.make_trigger("AFTER INSERT", table, "INSERT INTO grader_debts (paid_by) VALUES (-1)", when)
            event.listen(Pool, "connect", references_are_checked)
            return
        self.run(
            "CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {_raise('refused at COMMIT', _CONSTRAINT)}; END $$"
        )
        self.run(
            f"CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse_commit()"
        )

    def find_oldest_first(self) -> None:
        """Let SQLite find rows in the order of their ids after all, where the newest would be right by chance.

        This holds for what is connected from now on.
        """
        event.listen(Pool, "connect", unordered_means_oldest_first)

    def close(self) -> None:
        """Leave new connections to other databases alone, and this one's file to whoever removes it."""
        if self.kind == "sqlite":
            self.engine.dispose()
        for listener in (references_are_checked, unordered_means_oldest_first):
            if event.contains(Pool, "connect", listener):
                event.remove(Pool, "connect", listener)

    def _only(self, statement: str, when: str) -> str:
        if not when:
            return statement
        return f"{statement} WHERE {when}" if self.kind == "sqlite" else f"IF {when} THEN {statement}; END IF"


# The model may name any sequence, which need not belong to the table.
_GO_ON_AFTER = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, greatest(last_value, :id)) FROM pg_sequences"
)


def _take_the_id(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
    """Let PostgreSQL take an id also where the column is ``GENERATED ALWAYS``. Source: PostgreSQL, "INSERT"."""
    return statement.replace(") VALUES (", ") OVERRIDING SYSTEM VALUE VALUES (", 1), parameters


_CONSTRAINT = "integrity_constraint_violation"


def _raise(message: str, code: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = '{code}'"


# Compiling CREATE TABLE takes longer than running it, and a child creates the same tables for each check.
_create_statements: dict[tuple[str, str], list[str]] = {}


def own_engine(url: str) -> Engine:
    """An engine of the grader's own: each statement committed by itself, not observed.

    One connection serves all statements of a check, because connecting takes longer than most of them; and one
    engine all checks of a process, because it knows how what they ask is compiled.
    """
    key = make_url(url)
    if key not in _own_engines:
        # What PostgreSQL prepares for one check's tables would not fit the next one's.
        arguments = _PATIENCE if url.startswith("sqlite") else {"prepare_threshold": None}
        _own_engines[key] = _unobserved(url, pool_size=1, connect_args=arguments)
    return _own_engines[key]


def _engine_for_once(url: str) -> Engine:
    """The same for a SQLite file that may be gone, or another one, when it is asked next."""
    return _unobserved(url, poolclass=NullPool, connect_args=_PATIENCE)


def _unobserved(url: str, **options: Any) -> Engine:
    engine = leave_out(create_engine(url, isolation_level="AUTOCOMMIT", **options))
    event.listen(engine.pool, "connect", unordered_means_reversed)
    # What the learner's code asks of every engine's connections (a listener on a class) is not asked of these.
    listeners: Any = engine.pool.dispatch.connect
    listeners.parent_listeners = ()
    return engine


_own_engines: dict[URL, Engine] = {}
_PATIENCE = {"timeout": 2}


def prepare_database(place: Place) -> None:
    """Make the database of a check new and empty."""
    if place.database == "sqlite":
        file = Path(place.url.removeprefix("sqlite:///"))
        for each in (file, *(file.with_name(file.name + suffix) for suffix in ("-journal", "-wal", "-shm"))):
            each.unlink(missing_ok=True)
        return
    import psycopg
    from psycopg import sql

    name = place.url.partition("?")[0].rpartition("/")[2]
    if place.url not in _databases:
        with psycopg.connect(place.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        _databases.add(place.url)
        return
    # Emptying a database takes a tenth of the time of making a new one.
    with own_engine(place.url).connect() as own:
        # PostgreSQL's own wait for the end of a connection takes 100 ms at least.
        latest = time.monotonic() + 5
        while own.exec_driver_sql(_END_OTHERS).scalar() and time.monotonic() < latest:
            time.sleep(0.001)
        schemas = own.exec_driver_sql(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
        quote = own.dialect.identifier_preparer.quote
        dropped = "".join(f"DROP SCHEMA {quote(schema)} CASCADE; " for schema in schemas.scalars())
        own.exec_driver_sql(f"{dropped}CREATE SCHEMA public; ALTER DATABASE {quote(name)} RESET ALL")


_END_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

# PostgreSQL databases that this process has made.
_databases: set[str] = set()


def unordered_means_reversed(connection: Any, record: Any) -> None:
    """Make SQLite fast, and make it show that without ORDER BY the order of rows is nobody's promise.

    Source: SQLite documentation, "PRAGMA reverse_unordered_selects", "PRAGMA synchronous", "PRAGMA journal_mode".
    """
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA journal_mode").fetchone() == ("delete",):  # not what the learner chose: WAL
            connection.execute("PRAGMA journal_mode = MEMORY")
        if UNOBSERVED not in record.info:
            connection.execute("PRAGMA reverse_unordered_selects = ON")


def unordered_means_oldest_first(connection: Any, _record: Any) -> None:
    """Undo what `unordered_means_reversed` does to the order of rows."""
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA reverse_unordered_selects = OFF")


def references_are_checked(connection: Any, _record: Any) -> None:
    """Let SQLite check foreign keys.

    Source: SQLite documentation, "SQLite Foreign Key Support".
    """
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA foreign_keys = ON")


def begin_before_savepoint(connection: Connection, _name: str) -> None:
    """Begin a transaction for a savepoint that comes first: without one SQLite commits when it is released.

    Source: SQLAlchemy, "SQLite: Enabling Non-Legacy SQLite Transactional Modes".
    """
    driver: Any = connection.connection.dbapi_connection
    if type(driver).__module__ == "sqlite3" and not driver.in_transaction:
        driver.execute("BEGIN")


def end_what_a_failed_commit_left(connection: Any, _record: Any) -> None:
    """End the transaction in which SQLite stays when it refused a COMMIT.

    SQLAlchemy counts it as ended, so that without a rollback() the next user of the connection would go on with it.
    """
    if type(connection).__module__ == "sqlite3" and connection.in_transaction:
        connection.rollback()


def listen_to_connections() -> None:
    """Set every new SQLite connection up as the checks want it, once for the process."""
    event.listen(Pool, "connect", unordered_means_reversed)
    event.listen(Engine, "savepoint", begin_before_savepoint)
    event.listen(Pool, "checkin", end_what_a_failed_commit_left)
