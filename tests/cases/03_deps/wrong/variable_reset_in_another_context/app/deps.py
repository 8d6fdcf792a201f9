"""Dependencies."""

from collections.abc import Iterator
from contextvars import ContextVar

from sqlalchemy.orm import Session

from app.db import SessionLocal

current: ContextVar[Session] = ContextVar("current")


def get_db() -> Iterator[Session]:
    """Yield a session for one request."""
    db = SessionLocal()
    token = current.set(db)
    try:
        yield db
    finally:
        current.reset(token)
        db.close()
