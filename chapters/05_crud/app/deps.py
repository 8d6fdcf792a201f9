"""Dependencies: what FastAPI prepares for an endpoint, and cleans up after it."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal


def get_db() -> Iterator[Session]:
    """Yield a session for one request, and close it whatever happens."""
    # 3.1 open a session, yield it, and close it in any case
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
