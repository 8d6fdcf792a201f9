"""The route below ``/items/{item_id}/events``."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks
from pydantic import AfterValidator, BaseModel, StringConstraints

from app.routes.items import Found
from app.schemas import refuse_nul
from app.tasks import record_event

router = APIRouter(tags=["events"])


class EventCreate(BaseModel):
    """What a client sends to have an event recorded."""

    # 10.2 the kind of event: text of 1 to 50 characters, as many as the column can hold


# 10.3 answer 202, and hand record_event over with the item's id and the kind
@router.post("/items/{item_id}/events")
def create_event(item: Found, data: EventCreate, background_tasks: BackgroundTasks) -> EventCreate:
    """Accept an event of an item; it is recorded when the client has its answer."""
    raise NotImplementedError("10.3 answer 202, and hand record_event over with the item's id and the kind")
