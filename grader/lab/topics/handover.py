"""In the child: who ends the transaction of an endpoint, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.event import listen as attach
from sqlalchemy.event import remove as detach
from sqlalchemy.orm import Session

from grader.lab.client import Client
from grader.lab.expect import Expect
from grader.lab.observer import Seen
from grader.lab.topics.endpoints import Endpoints
from grader.lab.topics.units import Told


@dataclass
class Ending:
    """The end of a session's transaction.

    Attributes:
        session: the session.
        how: ``COMMIT``, ``ROLLBACK``, or ``close`` where it was ended by neither.
        phase: ``before``, ``inside`` or ``after`` the endpoint's work.
        wrote: whether something was written in it, or was to be.
    """

    session: Session
    how: str
    phase: str
    wrote: bool


class Handover:
    """Watches in which state the endpoint hands its session back.

    A session that was opened for the endpoint is closed after it, and closing ends a transaction that was left
    open. That is not what this asks. Whoever commits has to roll back too: the endpoint before it is done, or a
    dependency that commits in the endpoint's place, after it.

    Source: SQLAlchemy, "ORM Events" (``after_begin``, ``after_transaction_end``, ...).
    """

    def __init__(self, seen: Seen, expect: Expect, client: Client, endpoints: Endpoints) -> None:
        self._seen = seen
        self._expect = expect
        self._client = client
        self._endpoints = endpoints
        self._endings: list[Ending] = []
        self._committed: list[Session] = []
        self._connections: dict[int, int] = {}
        self._endpoint_commits = True
        self._listeners: dict[str, Callable[..., Any]] = {
            "after_begin": self._on_begin,
            "after_commit": self._on_commit,
            "after_transaction_end": self._on_end,
            "after_soft_rollback": self._on_rollback,
        }

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        self._client.before_each(self._begin)
        for name, listener in self._listeners.items():
            attach(Session, name, listener)
        try:
            with self._endpoints.watching():
                yield
        finally:
            for name, listener in self._listeners.items():
                detach(Session, name, listener)

    def _begin(self) -> None:
        """Watch a new request: how the transactions of those before it ended is no longer asked."""
        self._endings.clear()

    def learn(self) -> None:
        """Take from what has just succeeded who commits: the endpoint, or a dependency after it."""
        commits = {ending.phase for ending in self._endings if ending.how == "COMMIT"}
        self._endpoint_commits = commits != {"after"}

    def expect_done(self, told: Told) -> None:
        """End the check as failed if, after an error, a session or a connection was handed back in a transaction."""
        left = [each for each in self._endings if each.how == "close" and each.wrote and each.phase != "inside"]
        self._expect(
            not (told.status >= 400 and left and self._endpoint_commits),
            saw="an error came out while the session was still in a transaction, and only close() ended it",
            wanted="a rollback() before the error is handed on",
        )
        self._expect(
            not self._seen.pooled_inside(),
            saw="after a refused COMMIT the connection went back into the pool with its transaction still open: "
            "close() alone does not end it, and the next request gets this connection",
            wanted="a rollback() before the session is closed",
        )
        self._expect.all_closed()

    def _wrote(self, session: Session) -> bool:
        """Whether a statement that writes was sent since the session's connection began its transaction."""
        connection = self._connections.pop(id(session), 0)
        for moment in reversed(self._seen.moments):
            if moment.connection == connection:
                if moment.writes_to():
                    return True
                if moment.what == "BEGIN":
                    break
        return False

    def _on_begin(self, session: Session, _transaction: Any, connection: Connection) -> None:
        self._connections[id(session)] = id(connection.connection.dbapi_connection)

    def _on_commit(self, session: Session) -> None:
        if not session.in_nested_transaction():
            self._committed.append(session)

    def _on_end(self, session: Session, transaction: Any) -> None:
        if transaction.parent is None:
            how = "COMMIT" if session in self._committed else "close"
            self._committed = [each for each in self._committed if each is not session]
            self._endings.append(Ending(session, how, self._endpoints.phase, self._wrote(session)))

    def _on_rollback(self, session: Session, transaction: Any) -> None:
        # It comes after the end of the transaction that was rolled back; close() alone never gets here.
        for ending in reversed(self._endings):
            if transaction.parent is None and ending.session is session:
                ending.how = "ROLLBACK"
                return
