"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal

_open: list[Session] = []


def get_db() -> Iterator[Session]:
    """Yield a session."""
    while _open:
        _open.pop().close()
    _open.append(SessionLocal())
    yield _open[0]
