"""The models: one class for each table."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base


class Owner(Base):
    """A row of the table ``owners``."""

    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class Item(Base):
    """A row of the table ``items``."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)

    # 2.1 a name: text of up to 200 characters, required, and indexed because it is searched for
    name: Mapped[str] = mapped_column(String(200), index=True)

    # 2.2 a description: text of up to 500 characters, which may be missing
    description: Mapped[str | None] = mapped_column(String(500))

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"), index=True)

    # 9.2 the owner: the object whose id is in owner_id, or None
    owner: Mapped[Owner | None] = relationship()
