from sqlalchemy.orm import Session

from .models import Item, ItemEvent


def add_item(db: Session, data):
    item = Item(name=data.name, description=data.description)
    db.add(item)
    db.flush()
    return item


def add_event(db: Session, item, kind: str):
    event = ItemEvent(item_id=item.id, kind=kind)
    db.add(event)
    return event
