"""Kernel: what stays for as long as it lives: the warm bench, a temporary folder, a PostgreSQL.

Nothing is left behind when the kernel ends. Also when it is killed: the bench's server notices that nobody
is there any more, ends what runs in the bench's temporary folder, and removes the folder.
"""

from __future__ import annotations

import atexit
from functools import cache
from itertools import count
from pathlib import Path

from grader.bench import Bench
from grader.bench.postgresql import PostgreSQL, start
from grader.bench.spaces import Spaces, let_see_connections

_numbers = count(1)


@cache
def bench(database: str = "sqlite") -> Bench:
    """The bench of this process for a database; the first call starts it, the process takes it with it."""
    made = Bench(database)
    atexit.register(made.close)
    return made


@cache
def _postgresql() -> tuple[PostgreSQL, Spaces]:
    server = start(bench().workshop / "lesson-postgresql")
    spaces = Spaces(server, ahead=1)

    def stop() -> None:
        spaces.close()
        server.stop()

    atexit.register(stop)  # before the bench is closed, because it is registered after it
    return server, spaces


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
    server, spaces = _postgresql()
    space = spaces.take()
    let_see_connections(server, space)
    return space.url
