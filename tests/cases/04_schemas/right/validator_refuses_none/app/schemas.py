from typing import Optional

from pydantic import BaseModel, Field, constr, field_validator


class ItemCreate(BaseModel):
    name: constr(strip_whitespace=True, min_length=1, max_length=200)
    description: Optional[constr(max_length=500)] = None


class ItemUpdate(BaseModel):
    name: Optional[constr(strip_whitespace=True, min_length=1, max_length=200)] = None
    description: Optional[str] = Field(None, max_length=500)

    @field_validator("name")
    @classmethod
    def name_is_not_null(cls, value: Optional[str]) -> str:
        if value is None:
            raise ValueError("name must not be null")
        return value


class ItemRead(BaseModel):
    id: int
    name: str
    description: Optional[str] = None

    class Config:
        from_attributes = True
