"""Create, read, update, delete: what the application does with items in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.models import Item
from app.schemas import ItemCreate, ItemUpdate


def create_item(db: Session, data: ItemCreate) -> Item:
    """Save a new item and return it as the database has it."""
    # 5.1 add the item, commit, then load what the database made of it
    item = Item(**data.model_dump())
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def get_item(db: Session, item_id: int) -> Item | None:
    """Return the item with this id, or None."""
    # 5.2 look the item up by its primary key
    return db.get(Item, item_id)


def list_items(db: Session, offset: int = 0, limit: int = 100) -> Sequence[Item]:
    """Return up to ``limit`` items in the order of their ids, without the first ``offset``."""
    # 5.3 select a page of items; without ORDER BY no order is promised
    return db.scalars(select(Item).order_by(Item.id).offset(offset).limit(limit)).all()


def update_item(db: Session, item: Item, data: ItemUpdate) -> Item:
    """Change what the client sent and nothing else, and return the item as the database has it."""
    # 5.4 set what was sent, commit, then load what the database made of it
    for name, value in data.model_dump(exclude_unset=True).items():
        setattr(item, name, value)
    db.commit()
    db.refresh(item)
    return item


def delete_item(db: Session, item: Item) -> None:
    """Delete an item for good."""
    # 5.5 delete the item and commit
    db.delete(item)
    db.commit()


def list_items_with_owner(db: Session, offset: int = 0, limit: int = 100) -> Sequence[Item]:
    """Return a page of items like ``list_items``, each with its owner already loaded."""
    # 9.5 select a page of items and load all their owners, with no more statements for many items than for few
    page = select(Item).order_by(Item.id).offset(offset).limit(limit)
    return db.scalars(page.options(selectinload(Item.owner))).all()
