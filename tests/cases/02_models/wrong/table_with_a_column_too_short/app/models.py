"""The tables."""

from sqlalchemy import Column, Index, Integer, String, Table

from app.db import Base


class Item(Base):
    """A thing with a name."""

    __table__ = Table(
        "items",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(200), nullable=False),
        Column("description", String(200)),
        Index("ix_items_name", "name"),
    )
