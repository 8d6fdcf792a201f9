"""In the child: what a database is sent past SQLAlchemy: any code can ask a session for the driver's own connection.

SQLite tells of each statement that it begins, psycopg's cursors and commit() of what goes through them, whoever sent
it; what SQLAlchemy has told of before is left out. SQLite tells one only: code that wants to print what it sends, say,
is told by the grader; where it has taken the grader's place all the same, no check passes, as nobody knows what was
sent. Sources: Python, ``sqlite3.Connection.set_trace_callback``, ``gc.get_referents``; SQLite, "sqlite3_trace_v2"
(``SQLITE_TRACE_STMT``); psycopg, "Cursor classes".
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, wraps
from types import FrameType
from typing import Any, NamedTuple

from grader.lab import locks, openings
from grader.lab.guard import held_by
from grader.lab.known import Known
from grader.lab.library import asks_by_itself
from grader.lab.observer import Seen, is_own_record, note_opened, observers
from grader.lab.statements import beginning, in_words, is_silent, may_be_housekeeping, tables_written

# SQLAlchemy tells of transactions that begin and are rolled back, and the pool rolls back by itself.
_NOTHING_NEW = ("BEGIN", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
# To see whether somebody answers, as the pool does (`pool_pre_ping`).
_QUESTIONS = ("", "SELECT 1")
_READS = ("SELECT", "PRAGMA")
_READS_ALL = "SELECT * FROM sqlite_schema"
_ENDS = ("COMMIT", "END", "ROLLBACK")
_TELLS_TWICE = sqlite3.sqlite_version_info < (3, 39)


# Not empty while the grader itself says in which order rows come that nobody has asked to be ordered.
setting_order: list[object] = []


def trace(connection: Any, record: Any) -> None:
    """Let a new connection of the learner's tell what it is sent."""
    if is_own_record(record):
        return
    if isinstance(connection, _Plain):
        _Plain.set_trace_callback(connection, _Trace(connection))
    elif any(issubclass(type(connection), known.connection) for known in _psycopg):
        _heard.add(connection)


def need_not_tell(connection: object) -> None:
    """Let a connection be that leads to no database: the grader has put it in the place of the learner's."""
    _heard.add(connection)


def open_traceable() -> None:
    """Let code open connections of SQLite's on which it may set a trace callback of its own, whoever opens them.

    What psycopg's connections are sent is told by its classes: nobody's cursor is of another kind.
    """
    _connect.__name__ = _connect.__qualname__ = _opens.__name__
    _connect.__doc__ = _opens.__doc__
    for module in (sqlite3, sqlite3.dbapi2):
        vars(module).update(connect=_connect, Connection=Connection)
    if "psycopg" in sys.modules:
        psycopg: Any = sys.modules["psycopg"]
        _psycopg.append(_Psycopg.now(psycopg))
        for kind in (psycopg.Cursor, psycopg.ServerCursor):
            for name in vars(kind).keys() & _SENDING.keys():
                _let_tell(kind, name, _SENDING[name])
        _let_tell(psycopg.Connection, "commit", _commits)
        vars(psycopg)["connect"] = _opens_another(psycopg.connect)
        for kind in (psycopg.Connection, psycopg.AsyncConnection):
            kind.connect = classmethod(_opens_another(kind.connect.__func__))


def _let_tell(kind: Any, name: str, telling: Callable[[Any], Any]) -> None:
    function = vars(kind)[name]
    told = wraps(function)(telling(function))
    del told.__wrapped__  # by which it could be called untold
    setattr(kind, name, told)
    _telling.append((kind, name, told))


_telling: list[tuple[Any, str, Any]] = []


def silenced() -> str:
    """The name of a function of psycopg's that no longer tells the grader; empty where all do."""
    return next((name for kind, name, told in _telling if vars(kind).get(name) is not told), "")


def _opens_another(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def connect(*arguments: Any, **options: Any) -> Any:
        note_opened()
        return function(*arguments, **options)

    return connect


def _connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
    before, after = arguments[:_FACTORY], arguments[_FACTORY:]
    factory, *rest = after or (options.pop("factory", _Plain),)
    made = _traceable(factory) if _is_of_sqlite(factory) else factory
    return _opens(*before, made, *rest, **options) if after else _opens(*before, factory=made, **options)


_opens: Callable[..., sqlite3.Connection] = sqlite3.connect
_Plain = sqlite3.Connection
_FACTORY = 5  # the place among the arguments


def forget(connection: Any, _record: Any = None) -> None:
    """Forget a connection that is about to be closed: what it did not commit is gone."""
    locks.forget(connection)
    for seen in observers():
        seen.out.pop(id(connection), None)  # where it was detached from its pool
        if seen.used.pop(id(connection), None) is not None and not _is_traced(connection):
            seen.missed = True


def missed_nothing(seen: Seen) -> bool:
    """Whether every connection that was used has told the grader, and nobody else, what it was sent."""
    return not seen.missed and all(map(_is_traced, seen.used.values()))


def _is_traced(connection: Any) -> bool:
    """Whether a connection tells the grader what it is sent: the trace is looked for, and has to hear what is sent."""
    if not _is_of_sqlite(type(connection)):
        return connection in _heard
    trace = _trace_of(connection)
    if trace is None:
        return False
    trace.probing = sys._getframe()
    with suppress(sqlite3.ProgrammingError):  # it belongs to another thread
        _Cursor(connection).execute("SELECT 1")
        return trace.probing is None
    return True


_Cursor = sqlite3.Cursor


class _Trace:
    """Tells what a connection is sent.

    Attributes:
        also: who is told after the grader.
        probing: who sends a statement that is to be heard straight from the connection.
    """

    __slots__ = ("_connection", "_last", "also", "probing")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last = ""
        self.also: Callable[[str], object] | None = None
        self.probing: FrameType | None = None

    def __call__(self, sql: str) -> None:
        if self.probing is not None and sys._getframe(1) is self.probing:
            self.probing = None
            return
        begin = beginning(sql)
        writes = not begin.startswith(_READS)
        if begin.startswith("PRAGMA") and "REVERSE_UNORDERED" in sql.upper() and not setting_order:
            for seen in observers():
                seen.missed = True
        if writes:
            locks.writes(self._connection)
            openings.note_attached(sql, begin)
        # A statement is told again with each step of a trigger, and by older versions where the schema has changed.
        again = sql == self._last and (_TELLS_TWICE or (writes and bool(tables_written(sql))))
        _sent(id(self._connection), sql, begin, again=again)
        if writes and not again and not self._connection.in_transaction:
            _is_saved_at_once(id(self._connection), sql)
        self._last = sql
        if self.also is not None:
            self.also(sql)


def _trace_of(connection: object) -> _Trace | None:
    """The trace that is on a connection now: among what it holds, which nobody has to ask it for."""
    return next((each for each in held_by(connection) if type(each) is _Trace), None)


class Connection(sqlite3.Connection):
    """A connection whose trace callback is told beside the grader's; and that tells what SQLite tells nobody."""

    __slots__ = ()
    __module__ = sqlite3.__name__  # it is Python's own for everybody who asks

    def __init__(self, database: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(database, *arguments, **options)
        if not openings.is_kept(database):
            super().set_trace_callback(_attaches)

    def set_trace_callback(self, trace_callback: Callable[[str], object] | None) -> None:
        """Tell somebody, or nobody, what the connection is sent: beside the grader, if that is told."""
        trace = _trace_of(self)
        if trace is None:
            super().set_trace_callback(trace_callback)
        else:
            trace.also = trace_callback

    def close(self) -> None:
        """Close the connection, as code may that has detached it from its pool, say."""
        try:
            _Plain.cursor(self)
        except sqlite3.ProgrammingError as error:  # it is closed; or this thread may not do it
            if "thread" in str(error):
                raise
        forget(self)
        _Plain.close(self)  # not what a class of the learner's has between

    def blobopen(self, table: str, column: str, row: int, /, **options: Any) -> sqlite3.Blob:
        """Open a value to be read or written, which is a statement in other words."""
        told = f"SELECT {column} FROM {table}"
        _sent(id(self), told, told)
        return _Plain.blobopen(self, table, column, row, **options)

    def serialize(self, **options: Any) -> bytes:
        """Read all of a database."""
        _sent(id(self), _READS_ALL, _READS_ALL)
        return _Plain.serialize(self, **options)

    def backup(self, target: sqlite3.Connection, **options: Any) -> None:
        """Copy all of it into another one."""
        _sent(id(self), _READS_ALL, _READS_ALL)
        _Plain.backup(self, target, **options)


def _attaches(sql: str) -> None:
    openings.note_attached(sql, beginning(sql))


def _is_of_sqlite(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, _Plain)


@cache
def _traceable(kind: Any) -> Any:
    """A class of connections that lets the grader's trace be."""
    if issubclass(Connection, kind) or issubclass(kind, Connection):
        return Connection if kind is _Plain else kind
    return type(kind.__name__, (kind, Connection), {"__slots__": (), "__module__": kind.__module__})


class _Psycopg(NamedTuple):
    """What is psycopg's own, before anybody gives it another; and where each of its cursors keeps its connection."""

    connection: type
    cursors: type
    composable: Any
    connection_of: Callable[[object], Any]

    @classmethod
    def now(cls, psycopg: Any) -> _Psycopg:
        cursors = next(each for each in _mro_of(psycopg.Cursor) if "_conn" in _names_of(each))
        return cls(psycopg.Connection, cursors, psycopg.sql.Composable, _names_of(cursors)["_conn"].__get__)


_psycopg: list[_Psycopg] = []
# Of a class, whatever its own class says.
_mro_of, _names_of = vars(type)["__mro__"].__get__, vars(type)["__dict__"].__get__
_HIDE = {"_conn", "__getattribute__"}
# psycopg's connections that are the learner's, and what stands in for one.
_heard = Known()


def _heard_by(cursor: object) -> Any:
    """The learner's connection that a cursor sends by; where its class hides it, nobody knows what is sent."""
    known, kind = _psycopg[0], type(cursor)
    others = [each for each in _mro_of(kind) if each is not known.cursors and each is not object]
    if not issubclass(kind, known.cursors) or any(_HIDE & _names_of(each).keys() for each in others):
        return _if_heard(None)
    return _if_heard(known.connection_of(cursor))


def _if_heard(connection: object) -> Any:
    if connection in _heard:
        return connection
    if not issubclass(type(connection), _psycopg[0].connection):  # it may stand before one that is heard
        for seen in observers():
            seen.missed = True
    return None


def _sends(function: Callable[..., Any]) -> Callable[..., Any]:
    def told(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if (connection := _heard_by(cursor)) is not None:
            query = _as_sent(query, cursor)
            _tell(connection, query, at_once=_is_in_no_transaction(connection))
        return function(cursor, query, *arguments, **options)

    return told


def _sends_each(function: Callable[..., Any]) -> Callable[..., Any]:
    def told(cursor: Any, query: Any, params_seq: Iterable[Any], **options: Any) -> Any:
        if (connection := _heard_by(cursor)) is not None:
            query = _as_sent(query, cursor)
            params_seq = _telling_each(connection, query, params_seq)
        return function(cursor, query, params_seq, **options)

    return told


def _telling_each(connection: Any, query: Any, parameters: Iterable[Any]) -> Iterator[Any]:
    at_once = _is_in_no_transaction(connection)
    for each in parameters:
        _tell(connection, query, at_once=at_once)
        yield each


def _commits(function: Callable[..., Any]) -> Callable[..., Any]:
    def commit(connection: Any) -> None:
        if _if_heard(connection) is not None:
            _sent(id(connection), "COMMIT", "COMMIT")
        function(connection)

    return commit


_SENDING = {"execute": _sends, "stream": _sends, "copy": _sends, "executemany": _sends_each}


def _tell(connection: object, query: Any, *, at_once: bool) -> None:
    sql = query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
    number = id(connection)
    begin = beginning(sql)
    _sent(number, sql, begin, is_no_bodys=asks_by_itself if may_be_housekeeping(begin) else bool)
    if at_once:
        _is_saved_at_once(number, sql)


def _is_in_no_transaction(connection: Any) -> bool:
    """Whether a connection of psycopg's is in no transaction, and would begin none."""
    return bool(connection.autocommit and connection.pgconn.transaction_status == 0)


def _as_sent(query: Any, cursor: Any) -> Any:
    """A statement as plain text, or bytes: what is told and what is sent is the same, whatever its class would say."""
    if isinstance(query, _psycopg[0].composable):  # as psycopg asks
        query = query.as_bytes(cursor)
    if isinstance(query, str):
        return "".join([query])
    with suppress(TypeError):  # it is no text in another form, but a template, or psycopg refuses it
        return b"".join([query])
    return query


def _sent(number: int, sql: str, begin: str, *, again: bool = False, is_no_bodys: Callable[[], bool] = bool) -> None:
    silent = begin in _QUESTIONS or is_silent(sql, begin, _NOTHING_NEW)
    for seen in observers():
        if seen.is_due(number, sql, again=again) or silent or is_no_bodys():
            continue
        if again:
            seen.told_again += not _TELLS_TWICE
        else:
            seen.note_statement("COMMIT" if begin.startswith(_ENDS) else in_words(sql), number, sql, None)


def _is_saved_at_once(number: int, sql: str) -> None:
    """A statement has no transaction but its own: if it writes, that ends with a COMMIT."""
    if tables_written(sql):
        for seen in observers():
            seen.note_own_commit(number)
