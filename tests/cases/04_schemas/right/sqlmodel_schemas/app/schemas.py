from pydantic import field_validator
from sqlmodel import Field, SQLModel


class ItemBase(SQLModel):
    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=500)

    @field_validator("name")
    @classmethod
    def not_blank(cls, value: str) -> str:
        if value.isspace():
            raise ValueError("must not be blank")
        return value


class ItemCreate(ItemBase):
    pass


class ItemUpdate(ItemBase):
    name: str = Field(default=None, min_length=1, max_length=200)


class ItemRead(ItemBase):
    id: int
