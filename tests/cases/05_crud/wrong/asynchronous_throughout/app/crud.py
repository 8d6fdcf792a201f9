"""Create, read, update, delete: what the application does with items in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Item
from app.schemas import ItemCreate, ItemUpdate


async def create_item(db: AsyncSession, data: ItemCreate) -> Item:
    """Save a new item and return it as the database has it."""
    # 5.1 add the item, commit, then load what the database made of it
    item = Item(**data.model_dump())
    db.add(item)
    await db.commit()
    await db.refresh(item)
    return item


async def get_item(db: AsyncSession, item_id: int) -> Item | None:
    """Return the item with this id, or None."""
    # 5.2 look the item up by its primary key
    return await db.get(Item, item_id)


async def list_items(db: AsyncSession, offset: int = 0, limit: int = 100) -> Sequence[Item]:
    """Return up to ``limit`` items in the order of their ids, without the first ``offset``."""
    # 5.3 select a page of items; without ORDER BY no order is promised
    found = await db.scalars(select(Item).order_by(Item.id).offset(offset).limit(limit))
    return found.all()


async def update_item(db: AsyncSession, item: Item, data: ItemUpdate) -> Item:
    """Change what the client sent and nothing else, and return the item as the database has it."""
    # 5.4 set what was sent, commit, then load what the database made of it
    for name, value in data.model_dump(exclude_unset=True).items():
        setattr(item, name, value)
    await db.commit()
    await db.refresh(item)
    return item


async def delete_item(db: AsyncSession, item: Item) -> None:
    """Delete an item for good."""
    # 5.5 delete the item and commit
    await db.delete(item)
    await db.commit()
