"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal

_free: list[Session] = []


def get_db() -> Iterator[Session]:
    """Yield a session."""
    db = _free.pop() if _free else SessionLocal()
    try:
        yield db
    finally:
        db.close()
        _free.append(db)
