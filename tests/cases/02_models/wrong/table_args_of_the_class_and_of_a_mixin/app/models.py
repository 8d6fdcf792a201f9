"""The models: one class for each table."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.db import Base


class Identified:
    """For tables whose rows have a number."""

    id: Mapped[int] = mapped_column(primary_key=True)


class Named:
    """For tables whose rows have a name that is searched for."""

    # 2.1 a name: text of up to 200 characters, required, and indexed because it is searched for
    name: Mapped[str] = mapped_column(String(200))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:
        return (Index(f"ix_{cls.__tablename__}_name", "name"),)


class Item(Identified, Named, Base):
    """A row of the table ``items``."""

    __tablename__ = "items"
    __table_args__ = {"comment": "what the shop has"}

    # 2.2 a description: text of up to 500 characters, which may be missing
    description: Mapped[str | None] = mapped_column(String(500))
