"""Dependencies: what FastAPI prepares for an endpoint, and cleans up after it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy.orm import Session

from app.db import SessionLocal


@dataclass
class OpenSessions:
    """The sessions at work, each under the name of the one it works for."""

    by_client: dict[str, Session] = field(default_factory=dict)

    def open(self, client: str) -> Session:
        if client not in self.by_client:
            self.by_client[client] = SessionLocal()
        return self.by_client[client]

    def close(self, client: str) -> None:
        db = self.by_client.pop(client, None)
        if db is not None:
            db.close()


sessions = OpenSessions()


def get_db(request: Request) -> Iterator[Session]:
    """Yield a session for one request, and close it whatever happens."""
    # 3.1 open a session, yield it, and close it in any case
    client = request.client.host if request.client else "unknown"
    try:
        yield sessions.open(client)
    finally:
        sessions.close(client)
