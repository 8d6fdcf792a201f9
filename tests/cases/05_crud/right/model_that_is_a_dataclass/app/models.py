"""The models."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from app.db import Base


class Item(MappedAsDataclass, Base):
    """A row of the table ``items``, and a dataclass: it takes a name and a description, and no id."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    description: Mapped[str | None] = mapped_column(String(500))
