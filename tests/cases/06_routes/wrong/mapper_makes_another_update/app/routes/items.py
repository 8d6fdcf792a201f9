"""The routes below ``/items``."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, status
from sqlalchemy.orm import Session

from app import crud
from app.deps import get_db
from app.models import Item
from app.schemas import ItemCreate, ItemRead, ItemUpdate

MAX_ID = 2**31 - 1


class ItemMapper:
    """Maps between entities and DTOs."""

    @staticmethod
    def to_dto(entity: Item) -> ItemRead:
        return ItemRead.model_validate(entity)

    @staticmethod
    def merge(entity: Item, dto: ItemUpdate) -> ItemUpdate:
        name = dto.name if dto.name is not None else entity.name
        return ItemUpdate(name=name, description=dto.description)


class ItemService:
    def __init__(self, db: Annotated[Session, Depends(get_db)]) -> None:
        self.db = db

    def find(self, item_id: int) -> Item:
        item = crud.get_item(self.db, item_id)
        if item is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f"Item {item_id} not found")
        return item

    def create(self, dto: ItemCreate) -> ItemRead:
        return ItemMapper.to_dto(crud.create_item(self.db, dto))

    def read(self, item_id: int) -> ItemRead:
        return ItemMapper.to_dto(self.find(item_id))

    def read_all(self, offset: int, limit: int) -> list[ItemRead]:
        return [ItemMapper.to_dto(item) for item in crud.list_items(self.db, offset, limit)]

    def update(self, item_id: int, dto: ItemUpdate) -> ItemRead:
        item = self.find(item_id)
        return ItemMapper.to_dto(crud.update_item(self.db, item, ItemMapper.merge(item, dto)))

    def delete(self, item_id: int) -> None:
        crud.delete_item(self.db, self.find(item_id))


Service = Annotated[ItemService, Depends()]
Id = Annotated[int, Path(ge=1, le=MAX_ID)]

router = APIRouter(prefix="/items", tags=["items"])


@router.post("/", status_code=status.HTTP_201_CREATED)
def create(service: Service, dto: ItemCreate) -> ItemRead:
    return service.create(dto)


@router.get("/")
def read_all(
    service: Service,
    offset: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> list[ItemRead]:
    return service.read_all(offset, limit)


@router.get("/{item_id}")
def read(service: Service, item_id: Id) -> ItemRead:
    return service.read(item_id)


@router.patch("/{item_id}")
def update(service: Service, item_id: Id, dto: ItemUpdate) -> ItemRead:
    return service.update(item_id, dto)


@router.delete("/{item_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(service: Service, item_id: Id) -> None:
    service.delete(item_id)
