"""The models: the table ``items``, and the schemas of what a client may send and gets to see."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from sqlmodel import Field, SQLModel


def refuse_nul(text: str) -> str:
    """Refuse the NUL character: PostgreSQL cannot store it."""
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


# 8.1 describe the two texts that a client may send: a name has 1 to 200 characters and is not blank, a description
# up to 500; neither contains NUL (refuse_nul)
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(refuse_nul)
]
Description = Annotated[str, StringConstraints(max_length=500), AfterValidator(refuse_nul)]


class ItemBase(SQLModel):
    """What an item is, in the table as in an answer."""

    # 8.2 a name of up to 200 characters, indexed, and a description of up to 500, which may be missing
    name: str = Field(max_length=200, index=True)
    description: str | None = Field(default=None, max_length=500)


# 8.3 make it a table named items, with an id as its primary key, which is missing until the database gives one
class Item(ItemBase, table=True):
    """A row of the table ``items``. A table model takes whatever it is given: it does not validate."""

    __tablename__ = "items"

    id: int | None = Field(default=None, primary_key=True)


class ItemCreate(SQLModel):
    """What a client sends to create an item."""

    # 8.4 the name is required, the description may be left out or null
    name: Name
    description: Description | None = None


class ItemUpdate(SQLModel):
    """What a client sends to change an item: what is left out stays as it is."""

    # 8.5 both may be left out; only the description may be null
    name: Name = Field(default=None)  # stands for "not sent"; a null that is sent is refused
    description: Description | None = None


class ItemRead(ItemBase):
    """What a client gets to see of an item."""

    # 8.6 the id, which is never missing here; the rest comes from ItemBase
    id: int
