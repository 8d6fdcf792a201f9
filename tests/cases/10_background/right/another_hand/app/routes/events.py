from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Path
from pydantic import BaseModel, constr
from sqlalchemy.orm import Session

from .. import crud
from ..deps import get_db
from ..tasks import record_event

router = APIRouter(prefix="/items", tags=["events"])


class EventIn(BaseModel):
    kind: constr(min_length=1, max_length=50)


@router.post("/{item_id}/events", status_code=202)
def create(
    data: EventIn, tasks: BackgroundTasks, item_id: int = Path(ge=1, le=2**31 - 1), db: Session = Depends(get_db)
):
    if crud.get_item(db, item_id) is None:
        raise HTTPException(status_code=404, detail="Item not found")
    tasks.add_task(record_event, item_id, data.kind)
    return {"status": "accepted"}
