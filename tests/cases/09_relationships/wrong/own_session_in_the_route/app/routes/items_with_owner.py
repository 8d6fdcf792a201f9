"""The route ``/items-with-owner/``."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from app.db import SessionLocal
from app.models import Item
from app.routes.items import Limit, Offset
from app.schemas import ItemWithOwner

router = APIRouter(tags=["items with owner"])


@router.get("/items-with-owner/", response_model=list[ItemWithOwner])
def list_items_with_owner(offset: Offset = 0, limit: Limit = 100) -> Any:
    with SessionLocal() as db:
        return db.scalars(select(Item).order_by(Item.id).offset(offset).limit(limit)).all()
