from pydantic import BaseModel, ConfigDict, Field, field_validator


class ItemBase(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=500)

    @field_validator("name")
    @classmethod
    def not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("name must not be blank")
        return value


class ItemCreate(ItemBase):
    pass


class ItemUpdate(ItemBase):
    name: str = Field(default=None, min_length=1, max_length=200)


class ItemRead(ItemBase):
    id: int

    model_config = ConfigDict(from_attributes=True)
