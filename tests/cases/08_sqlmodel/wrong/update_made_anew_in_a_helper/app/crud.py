"""Create, read, update, delete: what the application does with items in the database."""

from collections.abc import Sequence

from sqlmodel import Session, select

from app.models import Item, ItemCreate, ItemUpdate


def save(db: Session, item: Item) -> Item:
    """Commit the item and load what the database made of it."""
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def create_item(db: Session, data: ItemCreate) -> Item:
    """Save a new item and return it as the database has it."""
    # 8.7 make an Item of what was sent, add it, commit, then load what the database made of it
    item = Item.model_validate(data)
    return save(db, item)


def get_item(db: Session, item_id: int) -> Item | None:
    """Return the item with this id, or None."""
    # 8.8 look the item up by its primary key
    return db.get(Item, item_id)


def list_items(db: Session, offset: int = 0, limit: int = 100) -> Sequence[Item]:
    """Return up to ``limit`` items in the order of their ids, without the first ``offset``."""
    # 8.9 select a page of items; without ORDER BY no order is promised
    return db.exec(select(Item).order_by(Item.id).offset(offset).limit(limit)).all()


def update_item(db: Session, item: Item, data: ItemUpdate) -> Item:
    """Change what the client sent and nothing else, and return the item as the database has it."""
    # 8.10 give sqlmodel_update what was sent and nothing else, commit, then load what the database made of it
    changes = data.model_dump(exclude_unset=True)
    changed = Item.model_validate(item, update=changes)
    return save(db, changed)


def delete_item(db: Session, item: Item) -> None:
    """Delete an item for good."""
    # 8.11 delete the item and commit
    db.delete(item)
    db.commit()
