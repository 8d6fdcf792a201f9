"""Schemas: what a client may send, and what it gets to see."""

from typing import Optional

from pydantic import BaseModel, constr, validator


class ItemCreate(BaseModel):
    """What a client sends to create an item."""

    name: constr(max_length=200)
    description: Optional[constr(max_length=500)] = None

    @validator("name")
    def is_not_blank(cls, name):
        """Refuse a name that nobody can see."""
        assert name and not name.isspace(), "must not be blank"
        return name


class ItemUpdate(BaseModel):
    """What a client sends to change an item."""

    name: constr(strip_whitespace=True, min_length=1, max_length=200) = None
    description: Optional[constr(max_length=500)] = None


class ItemRead(BaseModel):
    """What a client gets to see of an item."""

    id: int
    name: str
    description: Optional[str] = None

    class Config:
        """Settings."""

        from_attributes = True
