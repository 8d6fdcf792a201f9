"""What a client may send and gets to see of books."""

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

Title = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200
    ),
]
Note = Annotated[str, StringConstraints(max_length=500)]


class BookCreate(BaseModel):
    """What a client sends to create a book."""

    title: Title
    note: Note | None = None


class BookUpdate(BaseModel):
    """What a client sends to change a book."""

    title: Title = Field(default=None)
    note: Note | None = None


class BookRead(BaseModel):
    """What a client gets to see of a book."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    note: str | None
