"""The endpoints for items, as a class whose methods are registered at the end."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from sqlalchemy.orm import Session

from app import crud
from app.deps import get_db
from app.models import Item
from app.schemas import ItemCreate, ItemRead, ItemUpdate

Db = Annotated[Session, Depends(get_db)]
ItemId = Annotated[int, Path(ge=1, le=2_147_483_647)]
Offset = Annotated[int, Query(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=100)]


def item_or_404(db: Db, item_id: ItemId) -> Item:
    """Return the item that the path names."""
    item = crud.get_item(db, item_id)
    if not item:
        raise HTTPException(404, detail="Item not found")
    return item


Found = Annotated[Item, Depends(item_or_404)]


class ItemEndpoints:
    """What is answered below ``/items``."""

    def create(self, db: Db, data: ItemCreate) -> Any:
        """Create an item."""
        return crud.create_item(db, data)

    def index(self, db: Db, offset: Offset = 0, limit: Limit = 100) -> Any:
        """List items."""
        start = min(offset * limit, 2**63 - 1)
        return crud.list_items(db, start, limit)

    def show(self, item: Found) -> Any:
        """Show one item."""
        return item

    def update(self, db: Db, item: Found, data: ItemUpdate) -> Any:
        """Change an item."""
        return crud.update_item(db, item, data)

    def destroy(self, db: Db, item: Found) -> None:
        """Delete an item."""
        crud.delete_item(db, item)


router = APIRouter(tags=["items"])
endpoints = ItemEndpoints()
router.add_api_route("/items/", endpoints.create, methods=["POST"], status_code=201, response_model=ItemRead)
router.add_api_route("/items/", endpoints.index, methods=["GET"], response_model=list[ItemRead])
router.add_api_route("/items/{item_id}", endpoints.show, methods=["GET"], response_model=ItemRead)
router.add_api_route("/items/{item_id}", endpoints.update, methods=["PATCH"], response_model=ItemRead)
router.add_api_route("/items/{item_id}", endpoints.destroy, methods=["DELETE"], status_code=204)
