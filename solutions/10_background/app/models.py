"""The models: one class for each table."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, event, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, engine

if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def keep_foreign_keys(connection: Any, record: Any) -> None:
        """Let SQLite do what foreign keys say: it has to be told on each new connection."""
        connection.execute("PRAGMA foreign_keys = ON")


class Item(Base):
    """A row of the table ``items``."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)

    # 2.1 a name: text of up to 200 characters, required, and indexed because it is searched for
    name: Mapped[str] = mapped_column(String(200), index=True)

    # 2.2 a description: text of up to 500 characters, which may be missing
    description: Mapped[str | None] = mapped_column(String(500))


class ItemEvent(Base):
    """A row of the table ``item_events``: something that happened to an item, and is deleted with it."""

    __tablename__ = "item_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
