from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from sqlalchemy import delete, insert, select, update

from ..db import engine
from ..models import Item
from ..schemas import ItemCreate, ItemRead, ItemUpdate

router = APIRouter(prefix="/items")
items = Item.__table__
Id = Annotated[int, Path(gt=0, lt=2**31)]


def _row(item_id):
    with engine.connect() as connection:
        row = connection.execute(select(items).where(items.c.id == item_id)).mappings().first()
    if row is None:
        raise HTTPException(404, "Item not found")
    return ItemRead(**{name: row[name] for name in ItemRead.model_fields})


@router.post("", status_code=201)
def create(body: ItemCreate) -> ItemRead:
    with engine.begin() as connection:
        key = connection.execute(insert(items).values(**body.model_dump())).inserted_primary_key
    return _row(key[0])


@router.get("")
def index(
    offset: Annotated[int, Query(ge=0, lt=2**63)] = 0, limit: Annotated[int, Query(gt=0, lt=101)] = 100
) -> list[ItemRead]:
    page = select(items.c.id, items.c.name, items.c.description).order_by(items.c.id).slice(offset, offset + limit)
    with engine.connect() as connection:
        return [ItemRead(**row) for row in connection.execute(page).mappings()]


@router.get("/{item_id}")
def show(item_id: Id) -> ItemRead:
    return _row(item_id)


@router.patch("/{item_id}")
def change(item_id: Id, body: ItemUpdate) -> ItemRead:
    sent = body.model_dump(exclude_unset=True)
    if sent:
        with engine.begin() as connection:
            connection.execute(update(items).where(items.c.id == item_id).values(**sent))
    return _row(item_id)


@router.delete("/{item_id}", status_code=204)
def destroy(item_id: Id) -> Response:
    with engine.begin() as connection:
        if not connection.execute(delete(items).where(items.c.id == item_id)).rowcount:
            raise HTTPException(404, "Item not found")
    return Response(status_code=204)
