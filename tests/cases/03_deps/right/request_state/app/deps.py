"""Dependencies."""

from collections.abc import Iterator

from fastapi import Request
from sqlalchemy.orm import Session

from .db import SessionLocal


def get_db(request: Request) -> Iterator[Session]:
    """Yield a session, and let the request know it."""
    request.state.db = SessionLocal()
    try:
        yield request.state.db
    finally:
        request.state.db.close()
