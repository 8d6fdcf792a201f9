"""Background tasks: what is done after the answer was sent."""

from app.db import SessionLocal
from app.models import ItemEvent


def record_event(item_id: int, kind: str) -> None:
    """Save an event in its own session: the request's session is not for use after the answer."""
    # 10.4 open a session, add the event, commit or roll back, and close it in any case
    with SessionLocal.begin() as db:
        db.add(ItemEvent(item_id=item_id, kind=kind))
