"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal

_current: list[Session] = []


def get_db() -> Iterator[Session]:
    """Yield a session."""
    if not _current:
        _current.append(SessionLocal())
    db = _current[0]
    try:
        yield db
    finally:
        _current.clear()
        db.close()
