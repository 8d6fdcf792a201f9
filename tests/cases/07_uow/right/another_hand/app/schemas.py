from typing import Optional

from pydantic import BaseModel, Field, field_validator


class _Checks(BaseModel):
    @field_validator("name", "description", check_fields=False)
    @classmethod
    def no_nul(cls, v):
        if v is not None and "\x00" in v:
            raise ValueError("no NUL")
        return v

    @field_validator("name", check_fields=False)
    @classmethod
    def not_blank(cls, v):
        if v is None:
            raise ValueError("name must not be null")
        if not v.strip():
            raise ValueError("name must not be blank")
        return v


class ItemCreate(_Checks):
    name: str = Field(..., min_length=1, max_length=200)
    description: Optional[str] = Field(None, max_length=500)


class ItemUpdate(_Checks):
    name: Optional[str] = Field(None, min_length=1, max_length=200)
    description: Optional[str] = Field(None, max_length=500)


class ItemRead(BaseModel):
    id: int
    name: str
    description: Optional[str] = None
    model_config = {"from_attributes": True}
