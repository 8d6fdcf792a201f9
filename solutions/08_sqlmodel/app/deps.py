"""Dependencies: what FastAPI prepares for an endpoint, and cleans up after it."""

from collections.abc import Iterator

from sqlmodel import Session

from app.db import engine


def get_db() -> Iterator[Session]:
    """Yield a session for one request, and close it whatever happens."""
    with Session(engine, autoflush=False) as db:
        yield db
