"""The routes below ``/items-uow``: several writes that succeed or fail as one."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from app import crud_uow
from app.deps import get_db
from app.schemas import ItemCreate, ItemRead

router = APIRouter(tags=["items, unit of work"])

Db = Annotated[Session, Depends(get_db)]


# 7.4 write the item and an event of kind created, commit once, and answer 201 with the item as the database
# has it; after any error roll back and raise it again
@router.post("/items-uow", status_code=201)
def create_item(db: Db, data: ItemCreate) -> ItemRead:
    """Create an item and the event that records it: both or neither."""
    try:
        item = crud_uow.add_item(db, data)
        crud_uow.add_event(db, item, "created")
        db.commit()
        db.refresh(item)
    except Exception:
        db.rollback()
        raise
    return ItemRead.model_validate(item)


# 7.5 do the same for a list of items, in one transaction: all of them and their events, or nothing
@router.post("/items-uow/batch", status_code=201)
def create_items(db: Db, batch: list[ItemCreate]) -> list[ItemRead]:
    """Create several items and their events: all or nothing."""
    try:
        items = [crud_uow.add_item(db, data) for data in batch]
        for item in items:
            crud_uow.add_event(db, item, "created")
        db.commit()
        for item in items:
            db.refresh(item)
    except Exception:
        db.rollback()
        raise
    return [ItemRead.model_validate(item) for item in items]
