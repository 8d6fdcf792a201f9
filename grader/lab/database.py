"""In the child: the database of a check, looked at through a connection of the grader's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from sqlite3 import Connection as _Plain  # as it is before anybody gives the module another
from typing import Any

from sqlalchemy import Dialect, Insert, MetaData, Table, TextClause, text
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.event import contains
from sqlalchemy.event import listen as attach
from sqlalchemy.event import remove as detach
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import Pool
from sqlalchemy.sql.ddl import ExecutableDDLElement

from grader.lab.connections import references_are_checked, unordered_means_oldest_first
from grader.lab.locks import A_COMMIT, A_MOMENT, hardly_waiting, is_locked, rows_behind_the_lock
from grader.lab.own_engines import engine_for_once, own_engine, own_reader
from grader.lab.place import Place
from grader.outcomes import Broken, Wrong


class _Written(MockConnection):
    """Takes the place of a connection, and writes down what is sent; nothing is found in it."""

    def __init__(self, dialect: Dialect) -> None:
        self.statements: list[str] = []
        super().__init__(dialect, self._write)

    def exec_driver_sql(self, statement: str, *_: object, **__: object) -> None:
        """Write down a text."""
        self.statements.append(statement)

    def _write(self, statement: Any, parameters: Any = None) -> None:
        values = {"compile_kwargs": {"literal_binds": True}} if not isinstance(statement, ExecutableDDLElement) else {}
        if parameters and isinstance(statement, Insert):
            statement = statement.values(parameters)
        elif parameters and isinstance(statement, TextClause) and isinstance(parameters, dict):
            statement = statement.bindparams(**parameters)
        self.statements.append(str(statement.compile(dialect=self.dialect, **values)))


def _alike(dialect: Dialect) -> Dialect:
    """Another dialect that writes the same, for whoever may keep it."""
    made = type(dialect)(dbapi=dialect.dbapi)  # type: ignore[call-arg]
    known = {name: value for name, value in vars(dialect).items() if type(value) in (bool, int, str, tuple)}
    vars(made).update(known)  # such as the server's version
    return made


class Database:
    """The grader's own connection to a database: plain SQL, each statement for itself.

    Args:
        place: where the check runs; its URL is that of the database.
        another: this is not the database of the check, which is made new for each.
    """

    __slots__ = ("_longest", "_made", "_tables", "engine", "kind", "reader")

    def __init__(self, place: Place, *, another: bool = False) -> None:
        self.kind = place.database
        self.reader = own_reader(place.url) if self.kind == "sqlite" and not another else None
        if self.kind == "sqlite":
            self.engine = engine_for_once(place.url) if another else own_engine(place.url)
        else:
            self.engine = own_engine(place.own_url)
        self._made: dict[str, tuple[str, str]] = {}  # triggers: the table of each, and what it is
        self._tables: set[str] = set()
        self._longest = A_COMMIT

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows that a query finds among what is committed."""
        try:
            if self.reader is not None:
                return self._read(self.reader(), sql, parameters)
            with self.engine.connect() as connection:
                return self._read(connection.connection.dbapi_connection, sql, parameters)
        except OperationalError as error:
            if not is_locked(error, self.engine.url):
                raise
        return rows_behind_the_lock(self.engine.url, sql, parameters)

    def _read(self, raw: Any, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """What the driver finds: SQLAlchemy lets everybody who listens change a statement."""
        with hardly_waiting(raw, self._longest):
            return self._found(raw, sql, parameters)

    def _found(self, raw: Any, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        driver: Any = self.engine.dialect.dbapi
        if self.kind == "sqlite":
            _tell_nobody(raw)
        cursor = raw.cursor()
        try:
            if self.kind == "sqlite":
                if type(raw) is not _Plain or _execute(raw, _HIDING).fetchone():
                    raise Broken("the code has replaced what the grader reads by", "code that leaves it as it is")
                cursor.execute(sql, parameters)
            else:
                cursor.execute(
                    _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")) if parameters else sql, parameters or None
                )
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except driver.Error as error:
            raise DBAPIError.instance(sql, parameters, error, driver.Error, dialect=self.engine.dialect) from error
        finally:
            cursor.close()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Read in the block, while the learner's code is at work, and end it where that would have to be waited for."""
        with suppress(Exception):  # a table is locked, say
            self._wait_for_locks(100)
            self._longest = A_MOMENT  # whoever holds a lock may wait for the grader
            try:
                yield
            finally:
                self._longest = A_COMMIT
                self._wait_for_locks(0)

    def _wait_for_locks(self, milliseconds: int) -> None:
        if self.kind == "postgresql":  # for SQLite `rows` does so; 0 is for ever
            self.run(f"SET lock_timeout = {milliseconds}")

    def run(self, sql: str, **parameters: Any) -> None:
        """Run a statement that finds no rows."""
        try:
            with self.engine.connect() as connection:
                if parameters:
                    connection.execute(text(sql), parameters)
                else:
                    connection.exec_driver_sql(sql)
        except OperationalError as error:
            if is_locked(error, self.engine.url):
                raise Wrong(_STILL_LOCKED, "results that are read to their end, and transactions that end") from error
            raise

    def insert(self, table: Table, row: dict[str, Any]) -> int:
        """Insert a row and return its id; where that was chosen, those that the database gives out go on after it."""
        chosen = "id" in row
        with self.engine.connect() as connection:
            if chosen and self.kind == "postgresql":
                attach(connection, "before_cursor_execute", _take_the_id, retval=True)
            key = connection.execute(table.insert(), row).inserted_primary_key
            if chosen and self.kind == "postgresql":
                connection.execute(_GO_ON_AFTER, {"id": row["id"]})
            return int(row["id"] if chosen else key[0] if key else 0)

    def create_tables(self, metadata: MetaData) -> None:
        """Create all tables of a metadata; each time with the statements of the first."""
        self._tables |= {table.name for table in metadata.tables.values()}
        shape = (self.kind, str([(table.name, table.columns.keys()) for table in metadata.sorted_tables]))
        if shape not in _create_statements:
            # Whoever hears of a table that is created is handed the connection: this is none.
            written = _Written(_alike(self.engine.dialect))
            metadata.create_all(written, checkfirst=False)
            _create_statements[shape] = written.statements
        statements = _create_statements[shape]
        if self.kind != "sqlite":  # which takes one at a time
            statements = [";".join(statements)]
        with self.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def tables(self) -> list[str]:
        """Names of the tables that exist."""
        return [row["name"] for row in self.rows(_TABLES[self.kind])]

    def drop_table(self, name: str) -> None:
        """Drop a table, whatever other tables refer to it."""
        self._made = {trigger: made for trigger, made in self._made.items() if made[0] != name}
        self._tables.discard(name)
        self.run(f"DROP TABLE {name}" if self.kind == "sqlite" else f"DROP TABLE {name} CASCADE")

    def make_trigger(self, moment: str, table: str, then: str, when: str = "") -> None:
        """Let the database itself act on a write.

        Args:
            moment: ``AFTER INSERT``, ``AFTER UPDATE OF name``, ``BEFORE INSERT``, ...
            table: the table that is written to.
            then: one SQL statement; ``NEW`` is the row written.
            when: condition on ``NEW``; always when empty.
        """
        name = re.sub(r"\W+", "_", f"on_{moment}_{table}_{len(self._made) + 1}").lower()
        if self.kind == "sqlite":
            condition = f"WHEN {when} " if when else ""
            made = f"CREATE TRIGGER {name} {moment} ON {table} {condition}BEGIN {then}; END"
            self.run(made)
            self._made[name] = table, made
            return
        condition = f"WHEN ({when}) " if when else ""
        result = "NULL" if moment.startswith("AFTER") else "NEW"
        self.run(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {then}; RETURN {result}; END $$"
        )
        self.run(f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW {condition}EXECUTE FUNCTION {name}()")
        self._made[name] = table, self._acting().get(name, "")

    def _acting(self) -> dict[str, str]:
        """What the database itself does now: each trigger with the words that made it."""
        return {row["name"]: row["made"] for row in self.rows(_ACTING[self.kind])}

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
            attach(Pool, "connect", references_are_checked)
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

        This holds for what is connected from now on, and for what nobody uses just now.
        """
        attach(Pool, "connect", unordered_means_oldest_first)
        attach(Pool, "checkout", _find_oldest_first)

    def expect_as_arranged(self) -> None:
        """End a check as broken in which somebody has put something else in the place of what the check had made.

        Raises:
            Broken: a table is gone, or a view now; a trigger is gone, another one, or switched off.
        """
        if self._tables and not self._tables <= {*self.tables()}:
            raise Broken("the code has put something else in a table's place", "a database that is left alone")
        acting = self._acting() if self._made else {}
        if any(acting.get(name) != made for name, (_, made) in self._made.items()):
            raise Broken("the code has taken a trigger away that the check had made", "a database that is left alone")

    def close(self) -> None:
        """Leave new connections to other databases alone, and this one's file to whoever removes it."""
        if self.reader is not None and self.reader.cache_info().currsize:
            self.reader().close()
        if self.kind == "sqlite":
            self.engine.pool.dispose()  # the engine would go on with a new one, to which everybody could listen
        listeners = ("connect", references_are_checked), ("connect", unordered_means_oldest_first)
        for name, listener in (*listeners, ("checkout", _find_oldest_first)):
            if contains(Pool, name, listener):
                detach(Pool, name, listener)

    def _only(self, statement: str, when: str) -> str:
        if not when:
            return statement
        return f"{statement} WHERE {when}" if self.kind == "sqlite" else f"IF {when} THEN {statement}; END IF"


def _find_oldest_first(connection: Any, record: Any, _proxy: Any) -> None:
    unordered_means_oldest_first(connection, record)


_STILL_LOCKED = "the database is still locked: something of an earlier request is not read to its end, or not ended"
_execute = _Plain.execute
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name",
    "postgresql": "SELECT relname AS name FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS n "
    "ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND nspname = pg_catalog.current_schema() ORDER BY relname",
}
# The model may name any sequence, which need not belong to the table.
_GO_ON_AFTER = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, greatest(last_value, :id)) FROM pg_sequences"
)


def _tell_nobody(connection: Any) -> None:
    """Let a connection of SQLite's ask nobody what it may do, and give rows as they are: whoever got hold of it."""
    connection.row_factory, connection.text_factory = None, str
    connection.set_authorizer(None)
    connection.set_progress_handler(None, 0)
    connection.set_trace_callback(None)


def _take_the_id(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
    """Let PostgreSQL take an id also where the column is ``GENERATED ALWAYS``. Source: PostgreSQL, "INSERT"."""
    return statement.replace(") VALUES (", ") OVERRIDING SYSTEM VALUE VALUES (", 1), parameters


_ACTING = {
    "sqlite": "SELECT name, sql AS made FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname AS name, pg_get_triggerdef(t.oid) || prosrc AS made FROM pg_catalog.pg_trigger AS t "
    "JOIN pg_catalog.pg_proc AS p ON p.oid = tgfoid JOIN pg_catalog.pg_class AS c ON c.oid = tgrelid "
    "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE NOT tgisinternal AND tgenabled = 'O' AND n.nspname = pg_catalog.current_schema()",
}
_HIDING = "SELECT 1 FROM sqlite_temp_master"  # a table that hides the real one
# `:id`, but no cast, `::text`.
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_CONSTRAINT = "integrity_constraint_violation"


def _raise(message: str, code: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = '{code}'"


# Compiling CREATE TABLE takes longer than running it, and a child creates the same tables for each check.
_create_statements: dict[tuple[str, str], list[str]] = {}
