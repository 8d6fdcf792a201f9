"""Background tasks: what is done after the answer was sent."""

from sqlalchemy.orm import Session

from .db import SessionLocal
from .models import ItemEvent


class EventRecorder:
    """Writes events, in a session that no request knows."""

    def __init__(self, db: Session) -> None:
        self.db = db

    def __call__(self, item_id: int, kind: str) -> None:
        try:
            self.db.add(ItemEvent(item_id=item_id, kind=kind))
            self.db.commit()
        except Exception:
            self.db.rollback()
            raise
        finally:
            self.db.close()


recorder = EventRecorder(SessionLocal())


def record_event(item_id: int, kind: str) -> None:
    """Save an event in a session apart from the request's."""
    recorder(item_id, kind)
