"""The routes below ``/items-uow``: several writes that succeed or fail as one."""

from fastapi import APIRouter

from app.schemas import ItemCreate, ItemRead
from app.uow import UnitOfWork

router = APIRouter(tags=["items, unit of work"])


@router.post("/items-uow", status_code=201)
def create_item(data: ItemCreate) -> ItemRead:
    """Create an item and the event that records it: both or neither."""
    with UnitOfWork() as uow:
        item = uow.create(data)
        uow.commit()
        uow.session.refresh(item)
        return ItemRead.model_validate(item)


@router.post("/items-uow/batch", status_code=201)
def create_items(batch: list[ItemCreate]) -> list[ItemRead]:
    """Create several items and their events: all or nothing."""
    with UnitOfWork() as uow:
        items = [uow.create(data) for data in batch]
        uow.commit()
        return [ItemRead.model_validate(item) for item in items]
