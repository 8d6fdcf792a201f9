"""In the child: how connections of the learner's behave, so that checks are quick and tell more."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

from grader.lab.observer import UNOBSERVED, listen


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


_GROUPED = re.compile(r"(SELECT .*\bGROUP BY ([^,()]+?)(?:,[^()]+?)?)(\s+LIMIT\b[^()]*)?", re.IGNORECASE | re.DOTALL)


def grouped_means_reversed(
    connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
) -> tuple[str, Any]:
    """Make SQLite show that GROUP BY promises no order either: it sorts in order to group, PostgreSQL does not.

    Source: PostgreSQL documentation, "Sorting Rows (ORDER BY)".
    """
    grouped = "GROUP BY" in statement and "ORDER BY" not in statement and connection.dialect.name == "sqlite"
    found = _GROUPED.fullmatch(statement.strip()) if grouped else None
    if found and not connection.get_execution_options().get(UNOBSERVED):
        statement = f"{found[1]} ORDER BY {found[2]} DESC{found[3] or ''}"
    return statement, parameters


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
    """Set every new SQLite connection up as the checks want it, once for the process; what is undone is seen first."""
    listen()
    event.listen(Pool, "connect", unordered_means_reversed)
    event.listen(Engine, "before_cursor_execute", grouped_means_reversed, retval=True)
    event.listen(Engine, "savepoint", begin_before_savepoint)
    event.listen(Pool, "checkin", end_what_a_failed_commit_left)
