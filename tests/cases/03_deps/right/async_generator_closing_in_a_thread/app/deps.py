"""Dependencies."""

from collections.abc import AsyncIterator

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from app.db import SessionLocal


async def get_db() -> AsyncIterator[Session]:
    """Yield a session."""
    db = SessionLocal()
    try:
        yield db
    finally:
        await run_in_threadpool(db.close)
