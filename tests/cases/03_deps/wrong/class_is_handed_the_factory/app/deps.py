"""Dependencies."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal


class Database:
    """A dependency as an object that can be called."""

    def __init__(self, factory: Callable[[], Session]) -> None:
        self.db = factory()

    def __call__(self) -> Iterator[Session]:
        try:
            yield self.db
        finally:
            self.db.close()


get_db = Database(SessionLocal)
