"""Verdict process: a real PostgreSQL for the checks: a server of the grader's own, or the one that is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from grader import BadInput, optional

_OTHERWISE = "set GRADER_POSTGRESQL_URL to the URL of a server, or use --database sqlite."
_PATIENCE = 5


class _Own(Protocol):
    """A server that is started and stopped here."""

    data: Path

    @property
    def admin_url(self) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class PostgreSQL:
    """A running server.

    Args:
        named: URL of the server that was named; empty for one of the grader's own.
        own: the grader's own.
    """

    def __init__(self, named: str = "", own: _Own | None = None) -> None:
        self._named = named
        self._own = own

    @property
    def admin_url(self) -> str:
        """URL of its maintenance database, as psycopg takes it, for who may make databases and roles."""
        return self._own.admin_url if self._own is not None else self._named

    @property
    def data(self) -> Path | None:
        """The folder in which it keeps its databases, of one of the grader's own."""
        return self._own.data if self._own is not None else None

    @property
    def elsewhere(self) -> bool:
        """Whether it is a server that was named, not one of the grader's own."""
        return self._own is None

    def url_of(self, database: str, user: str, password: str, **more: str) -> str:
        """URL of a database on this server, as SQLAlchemy takes it.

        Args:
            database: its name.
            user: who connects.
            password: their password.
            more: further parameters of the connection.
        """
        parts = urlsplit(self.admin_url)
        place = f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"
        query = "&".join(filter(None, (parts.query, urlencode(more, quote_via=quote))))
        return urlunsplit(("postgresql+psycopg", place, f"/{database}", query, ""))

    def trouble(self) -> str:
        """Why nobody can connect to it any more; empty while everybody can."""
        import psycopg

        try:
            psycopg.connect(self.admin_url, connect_timeout=_PATIENCE).close()
        except psycopg.Error as error:
            return _reason(error) or type(error).__name__
        return ""

    def restart(self) -> None:
        """Start a new server in the place of this one; what was in its databases is gone.

        Raises:
            BadInput: that is not possible.
        """
        if self._own is None:
            raise BadInput(f"The PostgreSQL that GRADER_POSTGRESQL_URL names no longer answers: {self.trouble()}")
        self._own.stop()
        try:
            self._own.start()
        except Exception as error:
            raise _cannot_start(error) from None

    def stop(self) -> None:
        """Stop the server, if it is the grader's own."""
        if self._own is not None:
            self._own.stop()


def start(folder: Path, connections: int = 200) -> PostgreSQL:
    """Start a server, or connect to the one that ``GRADER_POSTGRESQL_URL`` names.

    Args:
        folder: where a server of our own has its socket; it is made.
        connections: how many connections to it there may be at a time.

    Raises:
        BadInput: there is none.
    """
    url = os.environ.get("GRADER_POSTGRESQL_URL")
    if url:
        return _connect(url)
    if reason := optional.missing("PostgreSQL"):
        raise BadInput(f"There is no PostgreSQL here, for {reason}. Or {_OTHERWISE}")
    try:
        if os.name == "nt":
            from grader.bench.packaged_server import PackagedServer

            return PostgreSQL(own=PackagedServer(folder, connections))
        from grader.bench.own_server import OwnServer

        return PostgreSQL(own=OwnServer(folder, connections))
    except Exception as error:
        raise _cannot_start(error, folder) from None


def _cannot_start(error: Exception, folder: Path | None = None) -> BadInput:
    reason = _reason(error)
    if "socket" in reason and folder is not None:
        return BadInput(
            f"PostgreSQL cannot be started in '{folder}', because its path is too long for a socket; "
            "set TMPDIR to another folder, for example /tmp."
        )
    return BadInput(f"PostgreSQL could not be started ({type(error).__name__}: {reason}); {_OTHERWISE}")


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _connect(url: str) -> PostgreSQL:
    import psycopg

    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not url.partition("://")[1]:
        raise BadInput(
            f"GRADER_POSTGRESQL_URL is '{url}'; give a URL such as postgresql://user:password@host/postgres."
        )
    admin_url = urlunsplit(("postgresql", parts.netloc, parts.path or "/postgres", parts.query, ""))
    try:
        with psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as connection:
            user, may = connection.execute(_MAY_MAKE).fetchone() or ("", False)
    except psycopg.Error as error:
        raise BadInput(f"The PostgreSQL that GRADER_POSTGRESQL_URL names does not answer: {_reason(error)}") from None
    if not may:
        raise BadInput(
            f"The role '{user}' of GRADER_POSTGRESQL_URL may not create databases and roles, which the grader needs to "
            f"keep submissions apart; a superuser can allow it (ALTER ROLE {user} CREATEDB CREATEROLE)."
        )
    return PostgreSQL(named=admin_url)


_MAY_MAKE = "SELECT rolname, rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles WHERE rolname = current_user"
