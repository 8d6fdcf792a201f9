from sqlalchemy import select
from sqlalchemy.orm import Session

from . import models, schemas


def create_item(db: Session, data: schemas.ItemCreate):
    db_item = models.Item(name=data.name, description=data.description)
    db.add(db_item)
    db.commit()
    db.refresh(db_item)
    return db_item


def get_item(db: Session, item_id: int):
    return db.query(models.Item).filter(models.Item.id == item_id).first()


def list_items(db: Session, offset: int = 0, limit: int = 100):
    return list(db.execute(select(models.Item).order_by(models.Item.id).offset(offset).limit(limit)).scalars())


def update_item(db: Session, item: models.Item, data: schemas.ItemUpdate):
    for key in data.model_dump(exclude_unset=True):
        setattr(item, key, getattr(data, key))
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def delete_item(db: Session, item: models.Item):
    db.delete(item)
    db.commit()
    return item
