"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from .db import SessionLocal


class Database:
    """Gives out sessions."""

    def __call__(self) -> Iterator[Session]:
        with SessionLocal() as db:
            yield db


get_db = Database()
