"""Writes that are part of something larger: the caller decides when all of it is committed."""

from sqlalchemy.orm import Session

from app.models import Item, ItemEvent
from app.schemas import ItemCreate


def add_item(db: Session, data: ItemCreate) -> Item:
    """Add a new item to the caller's transaction; its id is known from here on."""
    # 7.2 add the item and flush, so that the database gives it an id; do not commit
    item = Item(**data.model_dump())
    db.add(item)
    db.flush()
    return item


def add_event(db: Session, item: Item, kind: str) -> ItemEvent:
    """Add an event of an item to the caller's transaction."""
    # 7.3 add an event of this kind that belongs to the item; do not commit
    event = ItemEvent(item_id=item.id, kind=kind)
    db.add(event)
    return event
