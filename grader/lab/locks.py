"""In the child: a SQLite file that the learner's code keeps locked, as it may in each of its transactions.

What it has not committed is not yet in the file, but in its own memory: the file can be read in spite of the lock.
Only what has no room there is written before, so that a file that a transaction has changed is not to be believed.
Sources: SQLite, "File Locking And Concurrency", "URI Filenames" (``immutable``), "PRAGMA busy_timeout", "PRAGMA
cache_spill".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection as _Plain  # the driver's own: the learner's code meets one that is derived from it
from sqlite3 import connect
from threading import active_count
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from grader.outcomes import Wrong

# Milliseconds.
PATIENCE = 2000
A_COMMIT, A_MOMENT = 200, 20
_ENDED = "a transaction that ends: with commit() or rollback()"


def wait_for_locks(connection: sqlite3.Connection, milliseconds: int) -> None:
    """Let a connection wait so long for the locks of others."""
    connection.execute(f"PRAGMA busy_timeout = {milliseconds}")


def is_locked(error: OperationalError, url: URL) -> bool:
    """Whether a SQLite file was not read because others keep it locked, and all that is committed is in it."""
    locked = isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)
    return locked and not Path(f"{_file(url)}-wal").exists()


@contextmanager
def hardly_waiting(driver: object, longest: int) -> Iterator[None]:
    """Let a connection of the grader's own, if it is SQLite's, wait no longer in the block than a COMMIT may take.

    Where there is no other thread, nobody is about to commit.

    Args:
        driver: that connection, as its driver made it.
        longest: how many milliseconds a COMMIT may take.
    """
    if not isinstance(driver, _Plain):
        yield
        return
    wait_for_locks(driver, longest if active_count() > 1 else 0)
    try:
        yield
    finally:
        wait_for_locks(driver, PATIENCE)


_State = tuple[int, int]
# The learner's connections by their ids, and how the file was before their latest transaction wrote, if it has.
_before: dict[int, tuple[sqlite3.Connection, _State | None]] = {}
_watched: dict[str, Path] = {}


def watch(file: Path) -> None:
    """Begin a check with this file, which may not be there yet."""
    _watched["file"] = file
    _before.clear()


def writes(connection: sqlite3.Connection) -> None:
    """A connection of the learner's is about to send what is no query.

    A transaction may begin with a savepoint, or before anybody looks; a BEGIN or a COMMIT may be refused. So nobody
    is asked but SQLite itself.
    """
    number = id(connection)
    if not connection.in_transaction:  # it begins now, if at all
        _before[number] = connection, None
    elif number not in _before or _before[number][1] is None:
        _before[number] = connection, _state()


def forget(connection: object) -> None:
    """A connection is about to be closed."""
    _before.pop(id(connection), None)


def _goes_on(connection: sqlite3.Connection) -> bool:
    try:
        return connection.in_transaction
    except sqlite3.ProgrammingError:  # it is closed
        return False


def _state() -> _State:
    """Size and time of the file. It is not opened: closing it would take everybody's locks away."""
    with suppress(OSError, KeyError):
        found = _watched["file"].stat()
        return found.st_size, found.st_mtime_ns
    return 0, 0


def rows_behind_the_lock(url: URL, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that a query finds in a locked file: what was committed before it was locked.

    Raises:
        Wrong: a transaction that has not ended has written to the file already.
    """
    now = _state()
    if any(before not in (None, now) and _goes_on(connection) for connection, before in _before.values()):
        raise Wrong("a transaction wrote to the database's file, keeps it locked, and has not ended", _ENDED)
    with closing(connect(f"file:{quote(_file(url))}?immutable=1", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, dict(parameters))]


def _file(url: URL) -> str:
    return os.path.realpath((url.database or "").removeprefix("file:"))
