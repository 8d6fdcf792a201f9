"""The models."""

from sqlalchemy import Column, Integer, String, Table

from app.db import Base


class Item:
    """A row of the table ``items``."""


table = Table(
    "items",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, index=True),
    Column("description", String(500)),
)
Base.registry.map_imperatively(Item, table)
