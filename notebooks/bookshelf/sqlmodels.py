"""A book with SQLModel: the table and the schemas."""

from typing import Annotated

from pydantic import StringConstraints
from sqlmodel import Field, SQLModel

Title = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200
    ),
]
Note = Annotated[str, StringConstraints(max_length=500)]


class BookBase(SQLModel):
    """What a book is, in the table as in an answer."""

    title: str = Field(max_length=200, index=True)
    note: str | None = Field(default=None, max_length=500)


class Book(BookBase, table=True):
    """A row of the table ``books``."""

    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)


class BookCreate(SQLModel):
    """What a client sends to create a book."""

    title: Title
    note: Note | None = None


class BookUpdate(SQLModel):
    """What a client sends to change a book."""

    title: Title = Field(default=None)
    note: Note | None = None


class BookRead(BookBase):
    """What a client gets to see of a book."""

    id: int
