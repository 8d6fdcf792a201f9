"""The route below ``/items/{item_id}/events``."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Body, HTTPException

from app.routes.items import Found
from app.tasks import record_event

router = APIRouter(tags=["events"])


def abort(status: int, message: str) -> None:
    """Stop here and answer with an error."""
    raise HTTPException(status_code=status, detail=message)


# 10.2 the kind of event: text of 1 to 50 characters, as many as the column can hold
def read_kind(payload: dict[str, Any]) -> str:
    """Take the kind out of the body."""
    kind = payload.get("kind")
    if not isinstance(kind, str) or "\x00" in kind:
        abort(422, "kind must be a text")
    kind = kind.strip()
    if not 1 <= len(kind) <= 50:
        abort(400, "kind must have 1 to 50 characters")
    return kind


# 10.3 answer 202, and hand record_event over with the item's id and the kind
@router.post("/items/{item_id}/events", status_code=202)
def create_event(
    item: Found, payload: Annotated[dict[str, Any], Body()], background_tasks: BackgroundTasks
) -> dict[str, str]:
    """Accept an event of an item; it is recorded when the client has its answer."""
    kind = read_kind(payload)
    background_tasks.add_task(record_event, item.id, kind)
    return {"kind": kind}
