"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal


def get_db() -> Session:
    """What the endpoints ask for; main says how it is made."""
    raise RuntimeError("main has not said how a session is made")


def open_session() -> Iterator[Session]:
    """Yield a session for one request, and close it whatever happens."""
    with SessionLocal() as db:
        yield db
