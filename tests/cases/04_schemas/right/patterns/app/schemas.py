from __future__ import annotations

from pydantic import BaseModel, Field


class ItemCreate(BaseModel):
    name: str = Field(pattern=r"\S", max_length=200)
    description: str | None = Field(None, max_length=500)


class ItemUpdate(BaseModel):
    name: str = Field("", pattern=r"\S", max_length=200)
    description: str | None = Field("", max_length=500)


class ItemRead(BaseModel, from_attributes=True):
    id: int
    name: str
    description: str | None
