from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app import crud
from app.deps import get_db
from app.models import Item
from app.schemas import ItemCreate, ItemRead, ItemUpdate


class Missing(LookupError):
    pass


class Route(APIRoute):
    def get_route_handler(self) -> Callable[..., Any]:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except Missing:
                return JSONResponse({"detail": "Item not found"}, 404)

        return handler


class Find:
    def __call__(self, item_id: int, db: Session = Depends(get_db)) -> Item:
        item = crud.get_item(db, item_id) if item_id.bit_length() < 32 else None
        if item is None:
            raise Missing(item_id)
        return item


router = APIRouter(route_class=Route)
find = Find()


@router.api_route("/items/", methods=["POST"], response_model=ItemRead, status_code=201)
def create(body: dict[str, Any], db: Session = Depends(get_db)):
    try:
        return crud.create_item(db, ItemCreate.model_validate(body))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


@router.api_route("/items/", methods=["GET"], response_model=list[ItemRead])
def page(request: Request, db: Session = Depends(get_db)):
    asked = {"offset": "0", "limit": "100"} | dict(request.query_params)
    try:
        offset, limit = int(asked["offset"]), int(asked["limit"])
    except ValueError:
        return JSONResponse({"detail": "offset and limit are numbers"}, 422)
    if offset < 0 or not 1 <= limit <= 100:
        return JSONResponse({"detail": "offset or limit is out of bounds"}, 422)
    return [] if offset > 10**12 else list(crud.list_items(db, offset, limit))


@router.get("/items/{item_id}", response_model=ItemRead)
def read(item: Item = Depends(find)):
    return item


@router.patch("/items/{item_id}", response_model=ItemRead)
def change(data: ItemUpdate, item: Item = Depends(find), db: Session = Depends(get_db)):
    return crud.update_item(db, item, data)


@router.delete("/items/{item_id}", status_code=204)
def delete(item: Item = Depends(find), db: Session = Depends(get_db)) -> Response:
    crud.delete_item(db, item)
    return Response(status_code=204)
