from sqlmodel import Session, select

from .models import Item


def create_item(db: Session, data):
    item = Item.model_validate(data)
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def get_item(db: Session, item_id: int):
    return db.get(Item, item_id)


def list_items(db: Session, offset: int = 0, limit: int = 100):
    return db.exec(select(Item).order_by(Item.id).offset(offset).limit(limit)).all()


def update_item(db: Session, item, data):
    item.sqlmodel_update(data.model_dump(exclude_unset=True))
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def delete_item(db: Session, item):
    db.delete(item)
    db.commit()
