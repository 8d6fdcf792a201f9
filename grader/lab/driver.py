"""In the child: what a database is sent past SQLAlchemy: any code can ask a session for the driver's own connection.

SQLite tells of each statement that it begins, psycopg's cursors and commit() of what goes through them, whoever sent
it; what SQLAlchemy has told of before is left out. SQLite tells one only: code that wants to print what it sends, say,
is told by the grader; where it has taken the grader's place all the same, no check passes, as nobody knows what was
sent. Sources: Python, ``sqlite3.Connection.set_trace_callback``, ``gc.get_referents``; SQLite, "sqlite3_trace_v2"
(``SQLITE_TRACE_STMT``); psycopg, "Connection classes" (``cursor_factory``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import cache
from gc import get_referents
from typing import Any
from weakref import ref

from grader.lab import locks
from grader.lab.library import asks_by_itself
from grader.lab.observer import UNOBSERVED, Seen, observers
from grader.lab.statements import beginning, in_words, is_silent

# SQLAlchemy tells of transactions that begin and are rolled back, and the pool rolls back by itself.
_NOTHING_NEW = ("BEGIN", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
# To see whether somebody answers, as the pool does (`pool_pre_ping`).
_QUESTIONS = ("", "SELECT 1")
_READS = ("SELECT", "PRAGMA")
_ENDS = ("COMMIT", "END", "ROLLBACK")
_TELLS_TWICE = sqlite3.sqlite_version_info < (3, 39)


def trace(connection: Any, record: Any) -> None:
    """Let a new connection of the learner's tell what it is sent."""
    if UNOBSERVED in record.info:
        return
    if isinstance(connection, sqlite3.Connection):
        sqlite3.Connection.set_trace_callback(connection, _Trace(connection))
    elif type(connection).__module__.partition(".")[0] == "psycopg" and isinstance(connection.cursor_factory, type):
        connection.cursor_factory = _telling(connection.cursor_factory)
        itself = ref(connection)
        number = id(connection)

        def commit() -> None:
            _sent(number, "COMMIT", "COMMIT")
            own: Any = itself()
            type(own).commit(own)

        connection.commit = commit


def make_traceable(dialect: Any, _record: Any, _arguments: Any, options: Any) -> None:
    """Let SQLAlchemy open connections on which code may set a trace callback of its own."""
    if dialect.driver == "pysqlite":
        options.setdefault("factory", Connection)


def forget(connection: Any, _record: Any = None) -> None:
    """Forget a connection that is about to be closed: what it did not commit is gone."""
    locks.forget(connection)
    for seen in observers():
        if seen.used.pop(id(connection), None) is not None and not _is_traced(connection):
            seen.missed = True


def missed_nothing(seen: Seen) -> bool:
    """Whether every connection of SQLite's that was used has told the grader, and nobody else, what it was sent."""
    return not seen.missed and all(map(_is_traced, seen.used.values()))


def _is_traced(connection: Any) -> bool:
    return not isinstance(connection, sqlite3.Connection) or _trace_of(connection) is not None


class _Trace:
    """Tells what a connection is sent.

    Attributes:
        also: who is told after the grader.
    """

    __slots__ = ("_connection", "_last", "also")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last = ""
        self.also: Callable[[str], object] | None = None

    def __call__(self, sql: str) -> None:
        begin = beginning(sql)
        writes = not begin.startswith(_READS)
        if writes:
            locks.writes(self._connection)
        # A statement is told again with each step of a trigger, and by older versions where the schema has changed.
        if sql != self._last or not (writes or _TELLS_TWICE):
            _sent(id(self._connection), sql, begin)
        self._last = sql
        if self.also is not None:
            self.also(sql)


def _trace_of(connection: sqlite3.Connection) -> _Trace | None:
    """The trace that is on a connection now: among what it holds, which nobody has to ask it for."""
    return next((each for each in get_referents(connection) if type(each) is _Trace), None)


class Connection(sqlite3.Connection):
    """A connection whose trace callback is told beside the grader's; and that tells what SQLite tells nobody."""

    __slots__ = ()
    __module__ = sqlite3.__name__  # it is Python's own for everybody who asks

    def set_trace_callback(self, trace_callback: Callable[[str], object] | None) -> None:
        """Tell somebody, or nobody, what the connection is sent: beside the grader, if that is told."""
        trace = _trace_of(self)
        if trace is None:
            super().set_trace_callback(trace_callback)
        else:
            trace.also = trace_callback

    def blobopen(self, table: str, column: str, row: int, /, **options: Any) -> sqlite3.Blob:
        """Open a value to be read or written, which is a statement in other words."""
        told = f"SELECT {column} FROM {table}"
        _sent(id(self), told, told)
        return super().blobopen(table, column, row, **options)


@cache
def _telling(kind: Any) -> Any:
    """A class of psycopg's cursors that tells what it sends."""

    class Telling(kind):  # type: ignore[misc]
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            _tell(self, query)
            return super().execute(query, *arguments, **options)

        def executemany(self, query: Any, *arguments: Any, **options: Any) -> Any:
            _tell(self, query)
            return super().executemany(query, *arguments, **options)

    return Telling


def _tell(cursor: Any, query: Any) -> None:
    sql = _text(query, cursor)
    _sent(id(cursor.connection), sql, beginning(sql), asks_by_itself)


def _text(query: Any, cursor: Any) -> str:
    if isinstance(query, str):
        return query
    return query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query.as_string(cursor))


def _sent(number: int, sql: str, begin: str, is_no_bodys: Callable[[], bool] = bool) -> None:
    if begin in _QUESTIONS or is_silent(sql, begin, _NOTHING_NEW):
        return
    for seen in observers():
        if not seen.is_due(number, sql) and not is_no_bodys():
            seen.note_statement("COMMIT" if begin.startswith(_ENDS) else in_words(sql), number, sql, None)
