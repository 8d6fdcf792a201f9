"""Dependencies."""

from contextvars import ContextVar

from sqlalchemy.orm import Session, scoped_session

from app.db import SessionLocal

current: ContextVar[object] = ContextVar("current", default=None)
sessions = scoped_session(SessionLocal, scopefunc=current.get)


def get_db() -> Session:
    """The session of this request."""
    return sessions()
