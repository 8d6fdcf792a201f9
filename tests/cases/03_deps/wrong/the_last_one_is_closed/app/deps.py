"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal

_last: Session | None = None


def get_db() -> Iterator[Session]:
    """Yield a session."""
    global _last
    if _last is not None:
        _last.close()
    _last = SessionLocal()
    yield _last
