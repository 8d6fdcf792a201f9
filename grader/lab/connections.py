"""In the child: how connections of the learner's behave, so that checks are quick and tell more."""

from __future__ import annotations

from sqlite3 import Connection as _Plain  # as it is before anybody derives another from it
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.event import listen as attach
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from grader.lab import driver
from grader.lab.observer import is_own, is_own_record, listen
from grader.lab.statements import reverse_groups


def unordered_means_reversed(connection: Any, record: Any) -> None:
    """Make SQLite fast, and make it show that without ORDER BY the order of rows is nobody's promise.

    Source: SQLite documentation, "PRAGMA reverse_unordered_selects", "PRAGMA synchronous", "PRAGMA journal_mode".
    """
    if isinstance(connection, _Plain):
        _Plain.execute(connection, "PRAGMA synchronous = OFF")
        (journal,) = _Plain.execute(connection, "PRAGMA journal_mode").fetchone()
        if journal == "delete":  # not what the learner chose: WAL
            _Plain.execute(connection, "PRAGMA journal_mode = MEMORY")
        if not is_own_record(record):
            _order(connection, "ON")


def unordered_means_oldest_first(connection: Any, _record: Any) -> None:
    """Undo what `unordered_means_reversed` does to the order of rows."""
    if isinstance(connection, _Plain):
        _order(connection, "OFF")


def _order(connection: Any, reversed_: str) -> None:
    """Say whether rows come reversed: where anybody else does, the check does not pass."""
    driver.setting_order.append(connection)
    try:
        _Plain.execute(connection, f"PRAGMA reverse_unordered_selects = {reversed_}")
    finally:
        driver.setting_order.pop()


def references_are_checked(connection: Any, _record: Any) -> None:
    """Let SQLite check foreign keys.

    Source: SQLite documentation, "SQLite Foreign Key Support".
    """
    if isinstance(connection, _Plain):
        _Plain.execute(connection, "PRAGMA foreign_keys = ON")


def groups_come_reversed(
    connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """Let groups without ORDER BY come in an order that nobody expects: both databases happen to sort many of them.

    Source: SQLite documentation, "SELECT", section 4: "the order of rows is undefined".
    """
    if "GROUP BY" in statement.upper() and not is_own(connection):
        return reverse_groups(statement), parameters
    return statement, parameters


def begin_before_savepoint(connection: Connection, _name: str) -> None:
    """Begin a transaction for a savepoint that comes first: without one SQLite commits when it is released.

    Source: SQLAlchemy, "SQLite: Enabling Non-Legacy SQLite Transactional Modes".
    """
    raw: Any = connection.connection.dbapi_connection
    if isinstance(raw, _Plain) and not raw.in_transaction:
        _Plain.execute(raw, "BEGIN")


def end_what_a_failed_commit_left(connection: Any, _record: Any) -> None:
    """End the transaction in which SQLite stays when it refused a COMMIT.

    SQLAlchemy counts it as ended, so that without a rollback() the next user of the connection would go on with it.
    """
    if isinstance(connection, _Plain) and connection.in_transaction:
        connection.rollback()


def listen_to_connections() -> None:
    """Set every new SQLite connection up as the checks want it, once for the process; what is undone is seen first."""
    listen()
    driver.open_traceable()
    attach(Pool, "connect", driver.trace)
    attach(Pool, "close", driver.forget)
    attach(Pool, "close_detached", driver.forget)
    attach(Pool, "connect", unordered_means_reversed)
    attach(Engine, "before_cursor_execute", groups_come_reversed, retval=True)
    attach(Engine, "savepoint", begin_before_savepoint)
    attach(Pool, "checkin", end_what_a_failed_commit_left)
    for each in (Engine, Pool, Session):
        for name in _HEARD[each]:
            _listening.extend((functions, [*functions]) for functions in _listeners(each, name))


_HEARD: dict[Any, tuple[str, ...]] = {
    Engine: ("begin", "commit", "rollback", "engine_connect", "before_cursor_execute", "after_cursor_execute"),
    Pool: ("connect", "checkout", "reset", "checkin", "detach", "close", "close_detached"),
    Session: ("after_begin", "after_attach"),
}
# Who listens to each class of SQLAlchemy's, and who did when the grader had begun to.
_listening: list[tuple[Any, list[Any]]] = []


def _listeners(kind: Any, name: str) -> list[Any]:
    """The functions that hear of an event, of this class and of each that is derived from it."""
    return list(getattr(kind.dispatch, name)._clslevel.values())


def silenced() -> str:
    """The name of what no longer tells the grader what a database is sent; empty where all does."""
    for functions, kept in _listening:
        for function in kept:
            if function not in functions:
                return getattr(function, "__name__", "a listener")
    return driver.silenced()
