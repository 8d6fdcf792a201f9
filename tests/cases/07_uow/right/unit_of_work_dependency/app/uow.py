"""A unit of work: what is done in it is committed as a whole, or not at all."""

from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from app import crud_uow
from app.db import SessionLocal
from app.models import Item
from app.schemas import ItemCreate


class UnitOfWork:
    """Opens a session; rolls back whatever was not committed, and closes."""

    session: Session

    def __enter__(self) -> Self:
        self.session = SessionLocal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.rollback()
        self.session.close()

    def create(self, data: ItemCreate) -> Item:
        """Add an item and its event."""
        item = crud_uow.add_item(self.session, data)
        crud_uow.add_event(self.session, item, "created")
        return item

    def commit(self) -> None:
        """Make everything last."""
        self.session.commit()
