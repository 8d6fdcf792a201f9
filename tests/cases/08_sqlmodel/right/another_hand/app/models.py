from typing import Optional

from pydantic import field_validator
from sqlmodel import Field, SQLModel


class ItemBase(SQLModel):
    name: str = Field(min_length=1, max_length=200, index=True)
    description: Optional[str] = Field(default=None, max_length=500)


class Item(ItemBase, table=True):
    __tablename__ = "items"
    id: Optional[int] = Field(default=None, primary_key=True)


def check(value):
    if value is not None and "\x00" in value:
        raise ValueError("no NUL")
    return value


class ItemCreate(ItemBase):
    @field_validator("name")
    @classmethod
    def not_blank(cls, value):
        if not value.strip():
            raise ValueError("must not be blank")
        return check(value)

    @field_validator("description")
    @classmethod
    def no_nul(cls, value):
        return check(value)


class ItemUpdate(SQLModel):
    name: Optional[str] = Field(default=None, min_length=1, max_length=200)
    description: Optional[str] = Field(default=None, max_length=500)

    @field_validator("name")
    @classmethod
    def not_blank(cls, value):
        if value is None or not value.strip():
            raise ValueError("must not be null or blank")
        return check(value)

    @field_validator("description")
    @classmethod
    def no_nul(cls, value):
        return check(value)


class ItemRead(ItemBase):
    id: int
