"""What all answers have in common."""

from pydantic import BaseModel, ConfigDict


class Shown(BaseModel):
    """What is read from the attributes of an object."""

    model_config = ConfigDict(from_attributes=True)


class Described(Shown):
    """What has a name, and is described by a text."""

    id: int
    name: str
    description: str | None = None
