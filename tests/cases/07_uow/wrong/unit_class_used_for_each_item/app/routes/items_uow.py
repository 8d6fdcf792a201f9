"""The routes below ``/items-uow``: several writes that succeed or fail as one."""

from types import TracebackType
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from ..crud_uow import add_event, add_item
from ..deps import get_db
from ..models import Item
from ..schemas import ItemCreate, ItemRead

router = APIRouter(prefix="/items-uow", tags=["items, unit of work"])


class UnitOfWork:
    """Commits at the end of its block, or rolls back if anything went wrong, the commit included."""

    def __init__(self, db: Annotated[Session, Depends(get_db)]) -> None:
        self.db = db

    def __enter__(self) -> Session:
        return self.db

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.db.rollback()
            return
        try:
            self.db.commit()
        except BaseException:
            self.db.rollback()
            raise

    def stored(self, items: list[Item]) -> list[ItemRead]:
        """The items as the database has them."""
        try:
            for item in items:
                self.db.refresh(item)
        except BaseException:
            self.db.rollback()
            raise
        return [ItemRead.model_validate(item) for item in items]


Work = Annotated[UnitOfWork, Depends(UnitOfWork)]


def add_with_event(db: Session, data: ItemCreate) -> Item:
    """An item, and the event that tells where it came from."""
    item = add_item(db, data)
    add_event(db, item, "created")
    return item


@router.post("", status_code=201)
def create_item(work: Work, data: ItemCreate) -> ItemRead:
    """Create an item and the event that records it: both or neither."""
    with work as db:
        item = add_with_event(db, data)
    return work.stored([item])[0]


@router.post("/batch", status_code=201)
def create_items(work: Work, batch: list[ItemCreate]) -> list[ItemRead]:
    """Create several items and their events: all or nothing."""
    items = []
    for data in batch:
        with work as db:
            items.append(add_with_event(db, data))
    return work.stored(items)
