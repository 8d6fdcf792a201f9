from typing import List

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response, status
from sqlmodel import Session

from .. import crud, models
from ..deps import get_db

router = APIRouter(prefix="/items", tags=["items"])


@router.post("/", response_model=models.ItemRead, status_code=status.HTTP_201_CREATED)
def create(data: models.ItemCreate, db: Session = Depends(get_db)):
    return crud.create_item(db, data)


@router.get("/", response_model=List[models.ItemRead])
def read_many(
    offset: int = Query(0, ge=0, le=2**62), limit: int = Query(100, ge=1, le=100), db: Session = Depends(get_db)
):
    return crud.list_items(db, offset=offset, limit=limit)


@router.get("/{item_id}", response_model=models.ItemRead)
def read_one(item_id: int = Path(ge=1, le=2147483647), db: Session = Depends(get_db)):
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    return item


@router.patch("/{item_id}", response_model=models.ItemRead)
def change(data: models.ItemUpdate, item_id: int = Path(ge=1, le=2147483647), db: Session = Depends(get_db)):
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    return crud.update_item(db, item, data)


@router.delete("/{item_id}", status_code=204)
def remove(item_id: int = Path(ge=1, le=2147483647), db: Session = Depends(get_db)):
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    crud.delete_item(db, item)
    return Response(status_code=204)
