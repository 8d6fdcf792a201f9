from typing import Optional

from sqlmodel import Field, SQLModel


class ItemBase(SQLModel):
    name: str = Field(max_length=200, index=True)
    description: Optional[str] = Field(default=None, max_length=500)


class Item(ItemBase, table=True):
    __tablename__: str = "items"

    id: Optional[int] = Field(default=None, primary_key=True)
