"""A unit of work: all of it, or nothing."""

from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from app.db import SessionLocal


class UnitOfWork:
    """A session of its own, which is committed if all went well, rolled back if not, and closed in any case."""

    db: Session

    def __enter__(self) -> Self:
        self.db = SessionLocal()
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        try:
            if error:
                self.db.rollback()
            else:
                self.db.commit()
        finally:
            self.db.close()
