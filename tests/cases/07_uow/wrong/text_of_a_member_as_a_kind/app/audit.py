"""The audit trail: what happened to which item."""

from enum import Enum

from sqlalchemy.orm import Session

from app import crud_uow
from app.models import Item, ItemEvent


class EventKind(str, Enum):
    """The kinds of events."""

    CREATED = "created"
    CHANGED = "changed"


class AuditTrail:
    """Writes events into the transaction of a session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def note(self, item: Item, kind: EventKind) -> ItemEvent:
        return crud_uow.add_event(self.session, item, str(kind))
