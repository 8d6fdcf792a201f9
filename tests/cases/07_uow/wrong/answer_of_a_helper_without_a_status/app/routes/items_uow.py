"""The routes below ``/items-uow``: several writes that succeed or fail as one."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from app import crud_uow
from app.deps import get_db
from app.models import Item
from app.schemas import ItemCreate, ItemRead

router = APIRouter(tags=["items, unit of work"])

Db = Annotated[Session, Depends(get_db)]


def transact(db: Session, work: Callable[[], list[Item]]) -> tuple[list[Item], Exception | None]:
    """Do the work in one transaction; return its items, and the error if there was one."""
    try:
        items = work()
        db.commit()
        for item in items:
            db.refresh(item)
    except Exception as err:
        db.rollback()
        return [], err
    return items, None


def record(db: Session, batch: list[ItemCreate]) -> list[Item]:
    """Add items, each with the event that records it."""
    items = [crud_uow.add_item(db, data) for data in batch]
    for item in items:
        crud_uow.add_event(db, item, "created")
    return items


def failure(err: Exception) -> JSONResponse:
    """Tell the client what went wrong."""
    return JSONResponse({"error": f"{type(err).__name__}: nothing was saved"})


# 7.4 write the item and an event of kind created, commit once, and answer 201 with the item as the database
# has it; after any error roll back and raise it again
@router.post("/items-uow", status_code=201, response_model=ItemRead)
def create_item(db: Db, data: ItemCreate) -> Any:
    """Create an item and the event that records it: both or neither."""
    items, err = transact(db, lambda: record(db, [data]))
    if err is not None:
        return failure(err)
    return items[0]


# 7.5 do the same for a list of items, in one transaction: all of them and their events, or nothing
@router.post("/items-uow/batch", status_code=201, response_model=list[ItemRead])
def create_items(db: Db, batch: list[ItemCreate]) -> Any:
    """Create several items and their events: all or nothing."""
    items, err = transact(db, lambda: record(db, batch))
    if err is not None:
        return failure(err)
    return items
