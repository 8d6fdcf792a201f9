"""The tables."""

from sqlalchemy import Column, Integer, String, Table

from app.db import Base

items = Table(
    "items",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), index=True),
    Column("description", String(500)),
)


class Item(Base):
    """A thing with a name."""

    __table__ = items
