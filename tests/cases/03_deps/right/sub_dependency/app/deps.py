"""Dependencies."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from app.db import SessionLocal


def open_session() -> Iterator[Session]:
    """Open and close."""
    with SessionLocal() as db:
        yield db


def get_db(db: Annotated[Session, Depends(open_session)]) -> Session:
    """Return the session of this request."""
    return db
