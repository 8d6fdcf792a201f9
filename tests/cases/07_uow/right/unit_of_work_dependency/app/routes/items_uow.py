"""The routes below ``/items-uow``: several writes that succeed or fail as one."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends

from app.schemas import ItemCreate, ItemRead
from app.uow import UnitOfWork

router = APIRouter(tags=["items, unit of work"])


def unit_of_work() -> Iterator[UnitOfWork]:
    """Yield a unit of work for one request."""
    with UnitOfWork() as uow:
        yield uow


Uow = Annotated[UnitOfWork, Depends(unit_of_work)]


@router.post("/items-uow", status_code=201, response_model=ItemRead)
def create_item(uow: Uow, data: ItemCreate) -> object:
    """Create an item and the event that records it: both or neither."""
    item = uow.create(data)
    uow.commit()
    return item


@router.post("/items-uow/batch", status_code=201, response_model=list[ItemRead])
def create_items(uow: Uow, batch: list[ItemCreate]) -> object:
    """Create several items and their events: all or nothing."""
    items = [uow.create(data) for data in batch]
    uow.commit()
    return items
