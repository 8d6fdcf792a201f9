"""Dependencies."""

from collections.abc import AsyncIterator
from contextvars import ContextVar

from sqlalchemy.orm import Session, scoped_session

from app.db import SessionLocal

request_number: ContextVar[object] = ContextVar("request_number")
sessions = scoped_session(SessionLocal, scopefunc=request_number.get)


async def get_db() -> AsyncIterator[Session]:
    """Yield a session."""
    request_number.set(object())
    try:
        yield sessions()
    finally:
        sessions.remove()
