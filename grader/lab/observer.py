"""In children and the kernel: listens to SQLAlchemy, and keeps what code did to the database and left open.

The listeners sit on SQLAlchemy's classes (`Engine`, `Pool`, `Session`), so that every engine and every
session counts, however it was made. Sources: SQLAlchemy's "Core Events" and "ORM Events".
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from threading import get_ident
from typing import Any, TypeVar
from weakref import ReferenceType, WeakValueDictionary, ref

from sqlalchemy import Connection, Engine, ExceptionContext
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.event import listen as attach
from sqlalchemy.orm import Session
from sqlalchemy.orm.session import _sessions
from sqlalchemy.pool import Pool, PoolResetState
from sqlalchemy.pool.base import _ConnectionRecord

from grader.lab.known import Known
from grader.lab.library import asks_by_itself
from grader.lab.statements import (
    beginning,
    in_words,
    is_silent,
    is_told_as,
    may_be_housekeeping,
    only_writes,
    tables_written,
    write_alike,
)


@dataclass
class Moment:
    """One thing that happened: what, and the line of the observed code that caused it.

    For a statement `sql` and `parameters` are what the driver was given, and `session` is the number of the
    session that sent it, 0 for none: sessions are numbered as they are first seen. For an answer `session` is a
    number between those of the sessions that were there at that moment and of those that came later. `by` is who
    sent it, where nobody has asked for it: a ROLLBACK comes from ``close()``, too.
    """

    what: str
    where: str = ""
    connection: int = 0
    rows: int = 0
    sql: str = ""
    parameters: Any = None
    session: int = 0
    by: str = ""

    def told(self) -> str:
        """What happened, in the words of the timeline."""
        return f"{self.what} by {self.by}" if self.by else self.what

    def writes_to(self) -> frozenset[str]:
        """The tables that this statement writes to, in small letters."""
        return tables_written(self.sql or self.what)


@dataclass(slots=True)
class Seen:
    """What was seen while observing.

    Strong references are kept to sessions, to objects added to them and to connections: what the code
    forgot to close must not be tidied away by garbage collection before it is noticed.

    Attributes:
        hold: called with each statement, a COMMIT too, and the driver's connection by its id, before it is noted and
            sent; it may take its time.
        look: called when an answer is complete, before it is sent.
        due: what SQLAlchemy has just told that the driver's connections, by their ids, will send: the statement, how
            often, and whether in these very words.
        used: the driver's connections that were taken from a pool, by their ids, until they are closed.
        numbers: of the sessions, by the ids of these and of what they hold their attributes in, which are kept here.
        unused: the numbers that no session has yet.
        older: what `made_now` was at the last answer, and the numbers of those that were made before it and were in no
            list then.
        untold: those to SQLite of which SQLAlchemy has told what they send, and that have told nothing since.
        missed: one of them did not tell what it was sent.
        told_again: how often SQLite told once more of a statement that writes, as it does for the steps of triggers.
    """

    root: Path | None = None
    moments: list[Moment] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    out: dict[int, Moment] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    returned_inside: list[Any] = field(default_factory=list)
    opened: int = 0
    opened_at: str = ""
    attached: list[object] = field(default_factory=list)
    working: dict[int, int] = field(default_factory=dict)
    errors: list[BaseException] = field(default_factory=list)
    hold: Callable[[str, int], None] | None = None
    look: Callable[[], None] | None = None
    due: dict[int, tuple[str, int, bool]] = field(default_factory=dict)
    used: dict[int, Any] = field(default_factory=dict)
    numbers: dict[int, tuple[object, int]] = field(default_factory=dict)
    unused: Iterator[int] = field(default_factory=lambda: count(1))
    older: tuple[int, Iterator[int]] = field(default_factory=lambda: (0, count(1)))
    untold: set[int] = field(default_factory=set)
    missed: bool = False
    told_again: int = 0

    def note(self, what: str, connection: object = None) -> Moment:
        """Add a moment to the timeline, with the place in the observed code that caused it."""
        number = id(connection) if connection is not None else 0
        moment = Moment(what, self.here(), number)
        self.moments.append(moment)
        self.due.pop(number, None)
        return moment

    def note_statement(self, what: str, connection: int, sql: str, parameters: Any) -> None:
        """Add a statement to it, when it may be sent; the connection is the driver's, by its id."""
        if self.hold is not None:
            self.hold(sql, connection)
        moment = self.note(what)
        self.due.pop(connection, None)
        self.untold.discard(connection)
        moment.connection, moment.sql, moment.parameters = connection, sql, parameters
        moment.session = self.working.get(connection, 0)

    def note_own_commit(self, connection: int) -> None:
        """Add a COMMIT that nobody sends: that of a statement which is sent outside of any transaction."""
        self.moments.append(Moment("COMMIT", self.here(), connection))

    def is_due(self, connection: int, sql: str, *, again: bool = False) -> bool:
        """Whether SQLAlchemy has told of what the driver sends now; whoever listens may have changed its text.

        Args:
            connection: the driver's, by its id.
            sql: what it sends.
            again: it may only be told once more.
        """
        told, times, exactly = self.due.get(connection, ("", 0, False))
        if not times and not (again and exactly):
            return False
        if not (is_told_as(sql, told) if exactly else _is_nearly(sql, told)):
            return False
        self.due[connection] = told, times - (not again or not exactly), exactly
        self.untold.discard(connection)
        return True

    def note_answer(self, status: int) -> None:
        """Add an answer to the timeline; later one can tell which sessions were made before it."""
        if self.look is not None:
            self.look()
        for session in living(since=self.older[0]):
            self.number_of(session)
        first = next(self.unused)
        self.older = made_now(), count(first)
        self.unused = count(first + _MOST_UNLISTED)
        self.note(f"ANSWER {status}").session = first + _MOST_UNLISTED - 1

    def here(self) -> str:
        """The innermost line of the observed code that is running now, as ``app/crud.py:12``."""
        if self.root is None:
            return ""
        root = f"{self.root}{os.sep}"
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(root):
                return f"{name[len(root) :].replace(os.sep, '/')}:{frame.f_lineno}"
            frame = frame.f_back  # type: ignore[assignment]
        return ""

    def took(self, record: Any, connection: object) -> None:
        """A connection has left the pool."""
        self.out[id(record)] = Moment("checkout", self.here())
        self.used[id(connection)] = connection

    def detached(self, record: Any, connection: object) -> None:
        """A connection has left the pool for good; it is out until it is closed."""
        if moment := self.out.pop(id(record), None):
            self.out[id(connection)] = moment

    def gave_back(self, record: Any, connection: Any) -> None:
        """A connection has come back to the pool, inside a transaction where nobody rolled a refused COMMIT back."""
        self.out.pop(id(record), None)
        self.working.pop(id(connection), None)
        refused = id(connection) in self.refused
        self.refused.discard(id(connection))
        if refused or getattr(connection, "in_transaction", False) is True:
            self.returned_inside.append(record)

    def uses(self, session: Session, connection: object) -> None:
        """A session has begun to work with a connection (None: it only took an object in)."""
        if connection is not None:
            self.working[id(connection)] = self.number_of(session)
        if not any(session is known for known in self.sessions):
            self.sessions.append(session)

    def number_of(self, session: Session) -> int:
        """The number of a session, larger than those of all that were seen before: what it says itself may change."""
        whole: tuple[object, dict[str, Any]] = session, _ATTRIBUTES(session)
        mine, its = self.numbers.get(id(session)), self.numbers.get(id(whole[1]))
        if mine is not None and its is not None and mine[1] == its[1]:
            return mine[1]
        known = [self.numbers[id(each)][1] for each in whole if id(each) in self.numbers]
        number = known[0] if known else next(self.older[1] if was_made_before(session, self.older[0]) else self.unused)
        self.numbers.update({id(each): (each, number) for each in whole})
        return number

    def timeline(self) -> list[str]:
        """The moments in words: ``BEGIN``, ``INSERT items``, ``COMMIT``, ..."""
        return [moment.what for moment in self.moments]

    def count(self, what: str) -> int:
        """How many moments begin with these words."""
        return sum(moment.what == what or moment.what.startswith(what + " ") for moment in self.moments)

    def statements(self) -> int:
        """How many statements were sent, transaction control aside; those that may be steps of triggers count too."""
        return sum(moment.sql != "" and moment.what not in _CONTROL for moment in self.moments) + self.told_again

    def saved_together(self, until: str = "") -> list[set[str]]:
        """For each COMMIT that made something last: the tables that its transaction wrote to.

        Args:
            until: look only up to the first moment that begins so; to the end when empty.
        """
        written: dict[int, set[str]] = {}
        found = []
        for moment in self.moments:
            if until and moment.what.startswith(until):
                break
            if moment.what in ("COMMIT", "ROLLBACK"):
                tables = written.pop(moment.connection, set())
                found += [tables] if tables and moment.what == "COMMIT" else []
            elif more := moment.writes_to():
                written.setdefault(moment.connection, set()).update(more)
        return found

    def commits_of_writes(self, until: str = "") -> int:
        """How many COMMITs made something last: those of transactions that wrote.

        Args:
            until: count only up to the first moment that begins so; to the end when empty.
        """
        return len(self.saved_together(until))

    def pooled_inside(self) -> int:
        """How many connections went into the pool inside a transaction; those that it closed do no harm."""
        return sum(record.dbapi_connection is not None for record in self.returned_inside)

    def left_open(self, sessions: list[Session] | None = None) -> list[str]:
        """What is still open now, in words; empty when everything was closed.

        Args:
            sessions: the sessions to look at; all that were seen when not given.
        """
        found = [f"a connection is still out of the pool{_taken(at)}" for at in self.out.values()]
        for session in map(_plain, self.sessions if sessions is None else sessions):
            if session.in_transaction():
                found.append("a session is still in a transaction")
            attached = _count(session.identity_map, "_dict") + _count(session, "_new")
            if attached:
                found.append(f"a session still holds {attached} object{'s' if attached > 1 else ''}")
        return found


_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK")
# Of a statement's letters: enough to tell it from what else may be sent in its place, and before any parameter.
_NEARLY_ALL = 12


def _is_nearly(sent: str, told: str) -> bool:
    """Whether a statement is what SQLAlchemy has told of, or what a listener may have made of that."""
    alike = sent.startswith(told[:_NEARLY_ALL]) or in_words(sent) == in_words(told)
    return alike and write_alike(sent, told)


def _plain(session: Session) -> Session:
    """A session as SQLAlchemy's own class sees it: one that is derived from it can say what it likes."""
    plain = object.__new__(Session)
    object.__setattr__(plain, "__dict__", _ATTRIBUTES(session))
    return plain


def _count(holder: Any, name: str) -> int:
    """How many objects a dictionary of a session holds, whatever class somebody has given it."""
    held = getattr(holder, name, ())
    return dict.__len__(held) if isinstance(held, dict) else len(held)


_ATTRIBUTES = next(vars(each)["__dict__"].__get__ for each in reversed(Session.__mro__) if "__dict__" in vars(each))


def are_one(first: Session, second: Session) -> bool:
    """Whether two sessions are one, or two objects for the same."""
    mine, others = _ATTRIBUTES(first), _ATTRIBUTES(second)
    return first is second or mine is others or mine.get("identity_map") is others.get("identity_map", others)


class _Numbering(WeakValueDictionary[int, Session]):
    """SQLAlchemy's list of sessions: each enters it while it is made, and has its number from that."""

    def __setitem__(self, key: int, session: Session) -> None:
        here = id(session)
        if here not in _made:  # it may be entered once more, later
            _made[here] = ref(session, lambda _: _made.pop(here, None)), next(_numbers)
        super().__setitem__(key, session)


# The sessions that are there, by their ids, and their numbers, whatever becomes of SQLAlchemy's list.
_made: dict[int, tuple[ReferenceType[Session], int]] = {}
_numbers = count(1)


def living(since: int = 0) -> list[Session]:
    """The sessions that are there now, whether or not anybody has used them yet, in the order in which they were made.

    Args:
        since: only those that were made after `made_now` told this number.
    """
    latest = takewhile(lambda known: known[1] > since, reversed([*_made.values()]))
    found = [session for session in (each() for each, _ in latest) if session is not None]
    return found[::-1]


def made_now() -> int:
    """A number that no session has: those that are made from now on get larger ones."""
    return next(_numbers)


def was_made_before(session: Session, number: int) -> bool:
    """Whether a session was made before `made_now` told this number; one of which nobody knows when was it, too."""
    known = _made.get(id(session))
    return known is None or known[1] < number


# Of sessions that are in no list: for how many between two answers there is a number.
_MOST_UNLISTED = 10_000


def _taken(moment: Moment) -> str:
    return f" (taken at {moment.where})" if moment.where else ""


_observers: list[Seen] = []
_listening = False
# The grader's own engines are never observed. They are known by their pools: a dialect is handed to the code's types.
_own_pools = Known()
_pool_of = vars(_ConnectionRecord)["_ConnectionRecord__pool"].__get__  # no class has another in its place


def leave_out(engine: Engine) -> Engine:
    """Exempt an engine of the grader's own from being observed."""
    attach(engine, "do_connect", _mark_own)
    _own_pools.add(engine.pool)
    return engine


def _mark_own(_dialect: Any, record: Any, _args: Any, _kwargs: Any) -> None:
    if is_own_record(record):
        _about_to_open.add(get_ident())


SeenT = TypeVar("SeenT", bound=Seen)


@contextmanager
def observing(root: Path | None = None) -> Iterator[Seen]:
    """Observe everything that SQLAlchemy does while the block runs.

    Args:
        root: folder of the code to name in the timeline; lines outside it are not named.
    """
    with observing_with(Seen(root.resolve() if root else None)) as seen:
        yield seen


@contextmanager
def observing_with(seen: SeenT) -> Iterator[SeenT]:
    """Observe as `observing` does, with an observer of one's own."""
    listen()
    _observers.append(seen)
    try:
        yield seen
    finally:
        _observers.remove(seen)


def observers() -> list[Seen]:
    """Who is observing now."""
    return list(_observers)


def listen() -> None:
    """Attach the listeners to SQLAlchemy's classes, once for the process."""
    global _listening
    if _listening:
        return
    _listening = True
    _sessions.__class__ = _Numbering
    for name in ("begin", "commit", "rollback"):
        attach(Engine, name, _transaction(name.upper()))
    for name in ("savepoint", "rollback_savepoint", "release_savepoint"):
        attach(Engine, name, _savepoint(name.upper().replace("_", " ")))
    attach(Engine, "handle_error", _failed)
    attach(Engine, "engine_connect", _connected)
    attach(Engine, "before_cursor_execute", _executes)
    attach(Engine, "do_executemany", _executes_many)
    attach(Engine, "after_cursor_execute", _executed)
    attach(Engine, "do_connect", _opens)
    attach(Pool, "checkout", _checked_out)
    attach(Pool, "reset", _reset)
    attach(Pool, "checkin", _checked_in)
    attach(Pool, "detach", _detached)
    attach(Session, "after_begin", _began)
    attach(Session, "after_attach", _attached)


def is_own(connection: Connection) -> bool:
    """Whether a connection is the grader's own."""
    return connection.engine.pool in _own_pools


def is_own_engine(engine: Engine) -> bool:
    """Whether an engine is the grader's own."""
    return engine.pool in _own_pools


def is_own_record(record: object) -> bool:
    """Whether what a pool keeps of a connection is of one of the grader's own engines."""
    return isinstance(record, _ConnectionRecord) and _pool_of(record) in _own_pools


def _driver(connection: Connection) -> object:
    """The driver's connection; None for one that was invalidated, which must not be asked."""
    return None if connection.invalidated else connection.connection.dbapi_connection


def _transaction(word: str) -> Any:
    def listener(connection: Connection) -> None:
        if not is_own(connection):
            driver = _driver(connection)
            for seen in _observers:
                if word == "COMMIT" and seen.hold is not None:
                    seen.hold(word, id(driver))
                seen.note(word, driver).by = "close()" if word == "ROLLBACK" and _is_closing() else ""
                if word == "COMMIT":
                    seen.due[id(driver)] = word, 1, False

    return listener


def _is_closing() -> bool:
    """Whether SQLAlchemy ends a transaction because a session, or a connection, is closed in it."""
    frame = sys._getframe(2)
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("sqlalchemy."):
        if frame.f_code.co_name == "_do_close":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _savepoint(word: str) -> Any:
    def listener(connection: Connection, *_: object) -> None:
        if not is_own(connection):
            for seen in _observers:
                seen.note(word, _driver(connection))

    return listener


def _failed(context: ExceptionContext) -> None:
    """Notice a refused COMMIT: SQLAlchemy counts the transaction as ended, SQLite goes on with it."""
    connection = context.connection
    if connection is not None and not is_own(connection):
        driver = id(_driver(connection))
        for seen in _observers:
            seen.due.pop(driver, None)
            seen.untold.discard(driver)
            if context.statement is not None:
                continue
            last = next((moment for moment in reversed(seen.moments) if moment.connection == driver), None)
            if last is not None and last.what == "COMMIT":
                seen.refused.add(driver)


def _connected(connection: Connection) -> None:
    if not is_own(connection):
        for seen in _observers:
            seen.connections.append(connection)


def _executes(connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
    if is_own(connection):
        return
    statement = "".join([statement])  # plain text, which says nothing else of itself when it is asked again
    begin = beginning(statement)
    if is_silent(statement, begin) or (may_be_housekeeping(begin) and asks_by_itself()):
        return
    driver = id(connection.connection.dbapi_connection)
    for seen in _observers:
        what = in_words(statement)
        seen.note_statement(what, driver, statement, parameters)
        exactly = many and only_writes(statement)
        seen.due[driver] = statement, len(parameters) if exactly else 1, exactly
        if begin and isinstance(connection.dialect, SQLiteDialect):
            seen.untold.add(driver)


def _executes_many(_cursor: Any, statement: str, _parameters: Any, context: Any) -> None:
    """Notice the words that are sent: whoever listened before may have changed them."""
    if not is_own(context.root_connection):
        driver = id(_driver(context.root_connection))
        for seen in _observers:
            if driver in seen.due:
                seen.due[driver] = "".join([statement]), *seen.due[driver][1:]


def _executed(connection: Connection, *_: object) -> None:
    if _observers and not is_own(connection):
        driver = id(_driver(connection))
        for seen in _observers:
            seen.due.pop(driver, None)
            seen.missed = seen.missed or driver in seen.untold


def _opens(dialect: Any, record: Any, _args: Any, _kwargs: Any) -> None:
    if isinstance(dialect, SQLiteDialect):  # the driver tells of it, and whether it is more than a database in memory
        return
    _about_to_open.add(get_ident())
    if not is_own_record(record):
        _note_opening()


def note_opened(*, counts: bool = True) -> None:
    """Count a connection that the driver opens now, if it counts, unless SQLAlchemy has told of it."""
    if counts and get_ident() not in _about_to_open:
        _note_opening()
    _about_to_open.discard(get_ident())


# The threads in which SQLAlchemy has told of a connection that the driver has not opened yet.
_about_to_open: set[int] = set()


def _note_opening() -> None:
    for seen in _observers:
        seen.opened += 1
        seen.opened_at = seen.here()


def _checked_out(connection: Any, record: Any, _proxy: Any) -> None:
    if not is_own_record(record):
        for seen in _observers:
            seen.took(record, connection)


def _reset(connection: Any, _record: Any, state: PoolResetState) -> None:
    """Notice that the pool rolls back: it does so unless SQLAlchemy counts the transaction as ended."""
    if not state.transaction_was_reset:
        for seen in _observers:
            seen.refused.discard(id(connection))


def _checked_in(connection: Any, record: Any) -> None:
    if not is_own_record(record):
        for seen in _observers:
            seen.gave_back(record, connection)


def _detached(connection: Any, record: Any) -> None:
    for seen in _observers:
        seen.detached(record, connection)


def _began(session: Session, _transaction: Any, connection: Connection) -> None:
    for seen in _observers:
        seen.uses(session, connection.connection.dbapi_connection)


def _attached(session: Session, instance: object) -> None:
    for seen in _observers:
        seen.uses(session, None)
        seen.attached.append(instance)
