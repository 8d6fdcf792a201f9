"""The route ``/items-with-owner/``."""

from fastapi import APIRouter

from app import crud
from app.routes.items import Db, Limit, Offset
from app.schemas import ItemWithOwner

router = APIRouter(tags=["items with owner"])


# 9.6 answer with one page of items, each with its owner
@router.get("/items-with-owner/")
def list_items_with_owner(db: Db, offset: Offset = 0, limit: Limit = 100) -> list[ItemWithOwner]:
    """List items in the order of their ids, each with its owner."""
    return [ItemWithOwner.model_validate(item) for item in crud.list_items_with_owner(db, offset, limit)]
