from typing import List

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from .. import crud_uow
from ..deps import get_db
from ..schemas import ItemCreate, ItemRead

router = APIRouter(prefix="/items-uow", tags=["uow"])


@router.post("", response_model=ItemRead, status_code=201)
def create(data: ItemCreate, db: Session = Depends(get_db)):
    try:
        item = crud_uow.add_item(db, data)
        crud_uow.add_event(db, item, "created")
        db.commit()
    except Exception:
        db.rollback()
        raise
    db.refresh(item)
    return item


@router.post("/batch", response_model=List[ItemRead], status_code=201)
def create_batch(data: List[ItemCreate], db: Session = Depends(get_db)):
    items = []
    try:
        for one in data:
            item = crud_uow.add_item(db, one)
            crud_uow.add_event(db, item, "created")
            items.append(item)
        db.commit()
    except Exception:
        db.rollback()
        raise
    for item in items:
        db.refresh(item)
    return items
