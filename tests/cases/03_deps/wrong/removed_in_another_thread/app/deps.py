"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session, scoped_session

from app.db import SessionLocal

sessions = scoped_session(SessionLocal)


def get_db() -> Iterator[Session]:
    """Yield a session."""
    try:
        yield sessions()
    finally:
        sessions().close()
