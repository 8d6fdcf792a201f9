"""The models: one class for each table."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Item(Base):
    """A row of the table ``items``."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)

    # 2.1 a name: text of up to 200 characters, required, and indexed because it is searched for
    name: Mapped[str] = mapped_column(String(200), index=True)

    # 2.2 a description: text of up to 500 characters, which may be missing
    description: Mapped[str | None] = mapped_column(String(500))
