from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field


def visible(text: str) -> str:
    assert text.strip(), "must not be blank"
    return text.strip()


class Schema(BaseModel, strict=True, frozen=True, from_attributes=True, validate_assignment=True):
    pass


class ItemCreate(Schema):
    name: Annotated[str, AfterValidator(visible), Field(max_length=200)]
    description: Annotated[str | None, Field(max_length=500)] = None


class ItemUpdate(Schema):
    name: Annotated[str, AfterValidator(visible), Field(max_length=200)] = Field(default=None)
    description: Annotated[str | None, Field(max_length=500)] = None


class ItemRead(Schema):
    id: int
    name: str
    description: str | None
