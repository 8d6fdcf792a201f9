"""Create, read, update, delete: what the application does with items in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Item
from app.schemas import ItemCreate, ItemUpdate


def begin(db: Session) -> None:
    """Begin a transaction, if the caller has not."""
    if not db.in_transaction():
        db.begin()


def create_item(db: Session, data: ItemCreate) -> Item:
    """Save a new item and return it as the database has it."""
    begin(db)
    item = Item(**data.model_dump())
    db.add(item)
    db.flush()
    db.refresh(item)
    db.commit()
    return item


def get_item(db: Session, item_id: int) -> Item | None:
    """Return the item with this id, or None."""
    begin(db)
    return db.get(Item, item_id)


def list_items(db: Session, offset: int = 0, limit: int = 100) -> Sequence[Item]:
    """Return up to ``limit`` items in the order of their ids, without the first ``offset``."""
    begin(db)
    return db.scalars(select(Item).order_by(Item.id).offset(offset).limit(limit)).all()


def update_item(db: Session, item: Item, data: ItemUpdate) -> Item:
    """Change what the client sent and nothing else, and return the item as the database has it."""
    begin(db)
    for name, value in data.model_dump(exclude_unset=True).items():
        setattr(item, name, value)
    db.flush()
    db.refresh(item)
    db.commit()
    return item


def delete_item(db: Session, item: Item) -> None:
    """Delete an item for good."""
    begin(db)
    db.delete(item)
    db.commit()
