"""Schemas: what a client may send, and what it gets to see."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def refuse_nul(text: str) -> str:
    """Refuse the NUL character: PostgreSQL cannot store it."""
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


# 4.1 describe the two texts: a name has 1 to 200 characters and is not blank, a description up to 500; neither
# contains NUL (refuse_nul)
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(refuse_nul)
]
Description = Annotated[str, StringConstraints(max_length=500), AfterValidator(refuse_nul)]


class ItemCreate(BaseModel):
    """What a client sends to create an item."""

    # 4.2 the name is required, the description may be left out or null
    name: Name
    description: Description | None = None


class ItemUpdate(BaseModel):
    """What a client sends to change an item: what is left out stays as it is."""

    # 4.3 both may be left out; only the description may be null
    name: Name = Field(default=None)  # stands for "not sent"; a null that is sent is refused
    description: Description | None = None


class ItemRead(BaseModel):
    """What a client gets to see of an item."""

    # 4.4 the three fields that are not secret, read from the attributes of an object
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    description: str | None
