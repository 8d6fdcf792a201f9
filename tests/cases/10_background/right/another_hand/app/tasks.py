from .db import SessionLocal
from .models import ItemEvent


def record_event(item_id, kind):
    db = SessionLocal()
    try:
        db.add(ItemEvent(item_id=item_id, kind=kind))
        db.commit()
    except Exception:
        db.rollback()
        raise
    finally:
        db.close()
