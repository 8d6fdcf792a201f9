from typing import Optional

from pydantic import field_validator, model_validator
from sqlmodel import Field, SQLModel

from .item import ItemBase


class Checked(SQLModel):
    @field_validator("name", "description", check_fields=False)
    @classmethod
    def has_no_nul(cls, value):
        if value is not None and "\0" in value:
            raise ValueError("must not contain the NUL character")
        return value


class ItemCreate(ItemBase, Checked):
    @field_validator("name")
    @classmethod
    def is_not_blank(cls, value):
        if not value.strip():
            raise ValueError("must not be blank")
        return value


class ItemUpdate(Checked):
    name: Optional[str] = Field(default=None, max_length=200)
    description: Optional[str] = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def name_is_a_text(self):
        if "name" in self.model_fields_set and not (self.name or "").strip():
            raise ValueError("the name must not be null or blank")
        return self


class ItemPublic(ItemBase):
    id: int
