"""Background tasks: what is done after the answer was sent."""

from sqlalchemy.orm import Session

from app.db import SessionLocal
from app.models import ItemEvent


class EventRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def save(self, event: ItemEvent) -> ItemEvent:
        self.session.add(event)
        try:
            self.session.commit()
        except Exception:
            self.session.rollback()
            raise
        return event


def record_event(item_id: int, kind: str) -> None:
    """Save an event in its own session: the request's session is not for use after the answer."""
    # 10.4
    with SessionLocal() as session:
        repository = EventRepository(session)
        event = repository.save(ItemEvent(item_id=item_id, kind="new"))
        event.kind = kind
        repository.save(event)
