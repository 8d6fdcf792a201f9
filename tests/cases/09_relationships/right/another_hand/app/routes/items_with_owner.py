from typing import List

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from .. import crud
from ..deps import get_db
from ..schemas import ItemWithOwner

router = APIRouter(prefix="/items-with-owner", tags=["owners"])


@router.get("/", response_model=List[ItemWithOwner])
def read(offset: int = Query(0, ge=0), limit: int = Query(100, ge=1, le=100), db: Session = Depends(get_db)):
    return crud.list_items_with_owner(db, offset, limit)
