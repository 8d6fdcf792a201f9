from fastapi import APIRouter, Depends, HTTPException, Path, Query
from sqlalchemy.orm import Session

from app import crud
from app.deps import get_db
from app.schemas import ItemCreate, ItemRead, ItemUpdate

router = APIRouter(prefix="/items", tags=["items"])


@router.post("/", response_model=ItemRead, status_code=201)
def create(data: ItemCreate, db: Session = Depends(get_db)):
    return crud.create_item(db, data)


@router.get("/", response_model=list[ItemRead])
def list_(offset: int = Query(0, ge=0, le=2**31), limit: int = Query(100, ge=1, le=100), db: Session = Depends(get_db)):
    return crud.list_items(db, offset=offset, limit=limit)


@router.get("/{item_id}", response_model=ItemRead)
def get_one(item_id: int = Path(gt=0, lt=2**31), db: Session = Depends(get_db)):
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    return item


@router.patch("/{item_id}", response_model=ItemRead)
def update(data: ItemUpdate, item_id: int = Path(gt=0, lt=2**31), db: Session = Depends(get_db)):
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    return crud.update_item(db, item, data)


@router.delete("/{item_id}", status_code=204, response_model=None)
def delete(item_id: int = Path(gt=0, lt=2**31), db: Session = Depends(get_db)):
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    crud.delete_item(db, item)
