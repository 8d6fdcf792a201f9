from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=500)]


class ItemCreate(BaseModel):
    name: Name
    description: Text | None = None


class ItemUpdate(BaseModel):
    name: Name = Field(default=None)
    description: Text | None = None
