from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.deps import get_db
from app.schemas import ItemCreate, ItemRead, ItemUpdate

router = APIRouter()
Db = Annotated[Session, Depends(get_db)]
ItemId = Annotated[int, Path(ge=1, le=2147483647)]
_SHOWN = "SELECT id, name, description FROM items"


def one(db: Session, item_id: int) -> dict[str, Any]:
    row = db.execute(text(f"{_SHOWN} WHERE id = :id"), {"id": item_id}).mappings().one_or_none()
    if row is None:
        raise HTTPException(status_code=404, detail="Item not found")
    return dict(row)


@router.post("/items/", status_code=201, response_model=ItemRead)
def add(db: Db, data: ItemCreate):
    sql = "INSERT INTO items (name, description) VALUES (:name, :description) RETURNING id"
    item_id = db.execute(text(sql), data.model_dump()).scalar_one()
    db.commit()
    return one(db, item_id)


@router.get("/items/", response_model=list[ItemRead])
def page(
    db: Db, offset: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 100
):
    sql = f"{_SHOWN} ORDER BY id LIMIT :limit OFFSET :offset"
    return db.execute(text(sql), {"limit": limit, "offset": offset}).mappings().all()


@router.get("/items/{item_id}", response_model=ItemRead)
def get(db: Db, item_id: ItemId):
    return one(db, item_id)


@router.patch("/items/{item_id}", response_model=ItemRead)
def patch(db: Db, item_id: ItemId, data: ItemUpdate):
    one(db, item_id)
    sent = data.model_dump(exclude_unset=True)
    if sent:
        changes = ", ".join(f"{name} = :{name}" for name in sent)
        db.execute(text(f"UPDATE items SET {changes} WHERE id = :id"), {**sent, "id": item_id})
        db.commit()
    return one(db, item_id)


@router.delete("/items/{item_id}", status_code=204)
def remove(db: Db, item_id: ItemId):
    one(db, item_id)
    db.execute(text("DELETE FROM items WHERE id = :id"), {"id": item_id})
    db.commit()
