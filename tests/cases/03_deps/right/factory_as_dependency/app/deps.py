"""Dependencies."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session, sessionmaker

from app import db as database


def get_factory() -> sessionmaker[Session]:
    """Return the factory of sessions."""
    return database.SessionLocal


def get_db(factory: Annotated[sessionmaker[Session], Depends(get_factory)]) -> Iterator[Session]:
    """Yield a session."""
    session = factory()
    try:
        yield session
    finally:
        session.close()
