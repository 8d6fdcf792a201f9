from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Response, status
from sqlalchemy.orm import Session

from ..crud import create_item, delete_item, get_item, list_items, update_item
from ..deps import get_db
from ..schemas import ItemCreate, ItemRead, ItemUpdate

ItemId = Annotated[int, Path(ge=1, le=2_147_483_647)]


class ItemRoutes:
    def __init__(self, db: Annotated[Session, Depends(get_db)]) -> None:
        self.db = db

    def find(self, item_id: int) -> object:
        if (item := get_item(self.db, item_id)) is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "Item not found")
        return item


Routes = Annotated[ItemRoutes, Depends()]
router = APIRouter(prefix="/items")


@router.post("", status_code=201, response_model=ItemRead)
def create(routes: Routes, data: ItemCreate) -> object:
    return create_item(routes.db, data)


@router.get("", response_model=list[ItemRead])
def index(
    routes: Routes, offset: Annotated[int, Query(ge=0, le=10**9)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 100
) -> object:
    return list_items(routes.db, offset=offset, limit=limit)


@router.get("/{item_id}", response_model=ItemRead)
def show(routes: Routes, item_id: ItemId) -> object:
    return routes.find(item_id)


@router.patch("/{item_id}", response_model=ItemRead)
def change(routes: Routes, item_id: ItemId, data: Annotated[ItemUpdate, Body()]) -> object:
    return update_item(routes.db, routes.find(item_id), data)


@router.delete("/{item_id}", status_code=204, response_class=Response)
def remove(routes: Routes, item_id: ItemId) -> None:
    delete_item(routes.db, routes.find(item_id))
