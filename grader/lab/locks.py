"""In the child: a SQLite file that the learner's code keeps locked, as it may in each of its transactions.

What it has not committed is not yet in the file, but in its own memory: the file can be read in spite of the lock.
Sources: SQLite, "File Locking And Concurrency", "URI Filenames" (``immutable``), "PRAGMA busy_timeout".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection
from sqlalchemy.exc import OperationalError

# Milliseconds.
PATIENCE = 2000
_A_COMMIT = 200


def wait_for_locks(connection: sqlite3.Connection, milliseconds: int) -> None:
    """Let a connection wait so long for the locks of others."""
    connection.execute(f"PRAGMA busy_timeout = {milliseconds}")


def is_locked(error: OperationalError, url: URL) -> bool:
    """Whether a SQLite file was not read because others keep it locked, and all that is committed is in it."""
    locked = isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)
    return locked and not Path(f"{_file(url)}-wal").exists()


@contextmanager
def hardly_waiting(connection: Connection) -> Iterator[None]:
    """Let a connection of the grader's own, if it is SQLite's, wait no longer in the block than a COMMIT may take."""
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    wait_for_locks(driver, _A_COMMIT)
    try:
        yield
    finally:
        wait_for_locks(driver, PATIENCE)


def rows_behind_the_lock(url: URL, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that a query finds in a locked file: what was committed before it was locked."""
    with closing(sqlite3.connect(f"file:{quote(_file(url))}?immutable=1", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, dict(parameters))]


def _file(url: URL) -> str:
    return os.path.realpath((url.database or "").removeprefix("file:"))
