"""The models."""

from sqlalchemy import Column, Index, Integer, String, Table

from app.db import Base


class Item(Base):
    """A row of the table ``items``."""

    __table__ = Table(
        "items",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(200), nullable=False),
        Column("description", String(500), nullable=True),
        Index(None, "name"),
    )
