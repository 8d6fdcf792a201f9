"""In the child: what a database is sent past SQLAlchemy: any code can ask a session for the driver's own connection.

SQLite tells of each statement that it begins, psycopg's cursors and commit() of what goes through them, whoever sent
it; what SQLAlchemy has told of before is left out. Sources: Python, ``sqlite3.Connection.set_trace_callback``; SQLite,
"sqlite3_trace_v2" (``SQLITE_TRACE_STMT``); psycopg, "Connection classes" (``cursor_factory``).
"""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Any
from weakref import ref

from grader.lab import locks
from grader.lab.observer import UNOBSERVED, observers
from grader.lab.statements import in_words, is_housekeeping

# SQLAlchemy tells of transactions that begin and are rolled back, and the pool rolls back by itself; a trigger's
# statements are told as comments.
_NOTHING_NEW = ("BEGIN", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "-- ")
_READS = ("SELECT", "PRAGMA")
_ENDS = ("COMMIT", "END", "ROLLBACK")


def trace(connection: Any, record: Any) -> None:
    """Let a new connection of the learner's tell what it is sent."""
    if UNOBSERVED in record.info:
        return
    number = id(connection)
    if isinstance(connection, sqlite3.Connection):
        last = ""

        def sent(sql: str) -> None:
            nonlocal last
            _sent(number, sql, again=sql == last)  # where the schema has changed, older versions tell it twice
            last = sql

        connection.set_trace_callback(sent)
    elif type(connection).__module__.partition(".")[0] == "psycopg" and isinstance(connection.cursor_factory, type):
        connection.cursor_factory = _telling(connection.cursor_factory)
        itself = ref(connection)

        def commit() -> None:
            _sent(number, "COMMIT")
            own: Any = itself()
            type(own).commit(own)

        connection.commit = commit


def forget(connection: Any, _record: Any) -> None:
    """Forget a connection that is closed: what it did not commit is gone."""
    locks.ends(id(connection))


@cache
def _telling(kind: Any) -> Any:
    """A class of psycopg's cursors that tells what it sends."""

    class Telling(kind):  # type: ignore[misc]
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            _sent(id(self.connection), _text(query, self))
            return super().execute(query, *arguments, **options)

        def executemany(self, query: Any, *arguments: Any, **options: Any) -> Any:
            _sent(id(self.connection), _text(query, self))
            return super().executemany(query, *arguments, **options)

    return Telling


def _text(query: Any, cursor: Any) -> str:
    if isinstance(query, str):
        return query
    return query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query.as_string(cursor))


def _sent(number: int, sql: str, *, again: bool = False) -> None:
    begin = sql[:40].lstrip().upper()
    if not begin.startswith(_READS):
        if begin.startswith("BEGIN"):
            locks.begins(number)
        elif begin.startswith(_ENDS) and " TO " not in begin:
            locks.ends(number)
        else:
            locks.writes(number)
    if begin.startswith(_NOTHING_NEW):
        return
    for seen in observers():
        if seen.due.get(number) == "":  # nearly always: no words are needed
            seen.due.pop(number, None)
            continue
        if is_housekeeping(sql):
            return
        what = "COMMIT" if begin.startswith(_ENDS) else in_words(sql)
        if not (again or what == seen.due.get(number) or what in _QUESTIONS or what.startswith("SELECT pg_")):
            seen.note_statement(what, number, sql, None)


# To see whether somebody answers, as the pool does (`pool_pre_ping`).
_QUESTIONS = ("SELECT", "SQL ", "SQL ;")
