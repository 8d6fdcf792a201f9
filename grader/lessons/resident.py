"""Kernel: what stays for as long as it lives: the warm bench, a temporary folder, a PostgreSQL.

Nothing is left behind when the kernel ends. Also when it is killed: the bench's server notices that nobody
is there any more, ends what runs in the bench's temporary folder, and removes the folder.
"""

from __future__ import annotations

import atexit
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from grader.bench import Bench
from grader.bench.postgresql import start

if TYPE_CHECKING:
    from grader.bench.postgresql import PostgreSQL

_numbers = count(1)
_names: list[str] = []


@cache
def bench(database: str = "sqlite") -> Bench:
    """The bench of this process for a database; the first call starts it, the process takes it with it."""
    made = Bench(database)
    atexit.register(made.close)
    return made


@cache
def _postgresql() -> PostgreSQL:
    server = start(bench().workshop / "postgresql")

    def stop() -> None:
        server.drop(_names)
        server.stop()

    atexit.register(stop)  # before the bench is closed, because it is registered after it
    return server


def new_file(name: str) -> Path:
    """Path of a temporary file that does not exist yet."""
    folder = bench().workshop / f"lesson-{next(_numbers)}"
    folder.mkdir()
    return folder / name


def new_postgresql_database() -> str:
    """URL of a new and empty PostgreSQL database; the first call starts the server.

    Raises:
        BadInput: there is no PostgreSQL.
    """
    import psycopg
    from psycopg import sql

    server = _postgresql()
    _names.append(f"{bench().workshop.name}_{next(_numbers)}")
    url = server.url_of(_names[-1])
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url
