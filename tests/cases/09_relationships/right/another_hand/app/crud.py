from sqlalchemy.orm import joinedload

from . import models


def create_item(db, data):
    item = models.Item(name=data.name, description=data.description)
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def get_item(db, item_id):
    return db.query(models.Item).filter(models.Item.id == item_id).first()


def list_items(db, offset=0, limit=100):
    return db.query(models.Item).order_by(models.Item.id).offset(offset).limit(limit).all()


def update_item(db, item, data):
    for k, v in data.model_dump(exclude_unset=True).items():
        setattr(item, k, v)
    db.add(item)
    db.commit()
    db.refresh(item)
    return item


def delete_item(db, item):
    db.delete(item)
    db.commit()


def list_items_with_owner(db, offset=0, limit=100):
    return (
        db.query(models.Item)
        .options(joinedload(models.Item.owner))
        .order_by(models.Item.id)
        .offset(offset)
        .limit(limit)
        .all()
    )
