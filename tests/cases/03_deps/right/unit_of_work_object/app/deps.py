"""Dependencies."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal


class OneSession:
    """A session for the length of a with block."""

    def __enter__(self) -> Session:
        self.db = SessionLocal()
        return self.db

    def __exit__(self, *_: object) -> None:
        self.db.close()


def get_db() -> Iterator[Session]:
    """Yield a session."""
    with OneSession() as db:
        yield db
