from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import Item
from .schemas import ItemCreate, ItemUpdate


def create_item(db: Session, data: ItemCreate) -> Item:
    item = Item(**data.model_dump())
    db.add(item)
    db.commit()
    return item


def get_item(db: Session, item_id: int) -> Item | None:
    return db.get(Item, item_id)


def list_items(db: Session, offset: int = 0, limit: int = 100) -> list[Item]:
    return list(db.scalars(select(Item).order_by(Item.id).offset(offset).limit(limit)))


def update_item(db: Session, item: Item, data: ItemUpdate) -> Item:
    if data.name is not None:
        item.name = data.name
    if data.description is not None:
        item.description = data.description
    db.commit()
    return item


def delete_item(db: Session, item: Item) -> None:
    db.delete(item)
    db.commit()
