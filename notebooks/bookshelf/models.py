"""A book, as the lessons keep it in the database."""

from sqlalchemy import String
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
)


class Base(DeclarativeBase):
    """The base class of the lessons' models."""


class Book(Base):
    """A row of the table ``books``."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(
        String(200), index=True
    )
    note: Mapped[str | None] = mapped_column(String(500))
