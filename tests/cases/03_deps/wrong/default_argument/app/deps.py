"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal


def open_session(db: Session = SessionLocal()) -> Session:
    """Open a session."""
    return db


def get_db() -> Iterator[Session]:
    """Yield a session."""
    db = open_session()
    try:
        yield db
    finally:
        db.close()
