"""The routes below ``/items``."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from sqlmodel import Session

from app import crud
from app.deps import get_db
from app.models import Item, ItemCreate, ItemRead, ItemUpdate

router = APIRouter(tags=["items"])

Db = Annotated[Session, Depends(get_db)]

# 8.12 say what can be asked for: ids that fit an INTEGER column (32 bits in PostgreSQL), offsets that fit
# 64 bits, pages of 1 to 100 items
ItemId = int
Offset = int
Limit = int


# 8.13 return the item, or raise HTTPException(404) where there is none
def item_or_404(db: Db, item_id: ItemId) -> Item:
    """Return the item that the path names; every route with an id depends on it."""
    raise NotImplementedError("8.13 return the item, or raise HTTPException(404) where there is none")


Found = Annotated[Item, Depends(item_or_404)]


# 8.14 save the item and answer 201 with it
@router.post("/items/")
def create_item(db: Db, data: ItemCreate) -> ItemRead:
    """Create an item."""
    raise NotImplementedError("8.14 save the item and answer 201 with it")


# 8.15 answer with one page of items
@router.get("/items/")
def list_items(db: Db, offset: Offset = 0, limit: Limit = 100) -> list[ItemRead]:
    """List items in the order of their ids."""
    raise NotImplementedError("8.15 answer with one page of items")


# 8.16 answer with the item
@router.get("/items/{item_id}")
def get_item(item: Found) -> ItemRead:
    """Show one item."""
    raise NotImplementedError("8.16 answer with the item")


# 8.17 change what was sent and answer with the item
@router.patch("/items/{item_id}")
def update_item(db: Db, item: Found, data: ItemUpdate) -> ItemRead:
    """Change an item."""
    raise NotImplementedError("8.17 change what was sent and answer with the item")


# 8.18 delete the item and answer 204 with an empty body
@router.delete("/items/{item_id}")
def delete_item(db: Db, item: Found) -> None:
    """Delete an item."""
    raise NotImplementedError("8.18 delete the item and answer 204 with an empty body")
