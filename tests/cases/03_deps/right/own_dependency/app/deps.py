"""Dependencies."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session, sessionmaker

from app.db import SessionLocal


def get_factory() -> sessionmaker[Session]:
    """Return the factory, so that a test can give another."""
    return SessionLocal


def get_db(factory: Annotated[sessionmaker[Session], Depends(get_factory)]) -> Iterator[Session]:
    """Yield a session."""
    with factory() as db:
        yield db
