"""Dependencies."""

from collections.abc import AsyncIterator
from contextvars import ContextVar

from sqlalchemy.orm import Session

from app.db import SessionLocal

current: ContextVar[Session] = ContextVar("current")


async def get_db() -> AsyncIterator[Session]:
    """Yield a session."""
    with SessionLocal() as db:
        current.set(db)
        yield db
