import json

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import crud
from app.db import SessionLocal
from app.schemas import ItemCreate, ItemRead, ItemUpdate

router = APIRouter()


class Refused(Exception):
    def __init__(self, status, detail):
        self.status, self.detail = status, detail


def shown(item):
    return ItemRead.model_validate(item).model_dump()


def number(value, low, high):
    if not value.lstrip("-").isdecimal() or len(value) > 30 or not low <= int(value) <= high:
        raise Refused(422, f"a number from {low} to {high}, please")
    return int(value)


def parsed(model, body):
    try:
        return model.model_validate(json.loads(body))
    except (ValueError, ValidationError) as error:
        raise Refused(422, str(error)) from None


def found(db, request):
    item = crud.get_item(db, number(request.path_params["item_id"], 1, 2**31 - 1))
    if item is None:
        raise Refused(404, "Item not found")
    return item


def create(db, request, body):
    return JSONResponse(shown(crud.create_item(db, parsed(ItemCreate, body))), 201)


def index(db, request, body):
    offset = number(request.query_params.get("offset", "0"), 0, 2**63 - 1)
    limit = number(request.query_params.get("limit", "100"), 1, 100)
    return JSONResponse([shown(item) for item in crud.list_items(db, offset, limit)])


def show(db, request, body):
    return JSONResponse(shown(found(db, request)))


def change(db, request, body):
    data = parsed(ItemUpdate, body)
    return JSONResponse(shown(crud.update_item(db, found(db, request), data)))


def destroy(db, request, body):
    crud.delete_item(db, found(db, request))
    return Response(status_code=204)


def endpoint(work):
    def run(request, body):
        with SessionLocal() as db:
            try:
                return work(db, request, body)
            except Refused as refusal:
                return JSONResponse({"detail": refusal.detail}, refusal.status)

    async def answer(request: Request) -> Response:
        return await run_in_threadpool(run, request, await request.body())

    return answer


router.add_route("/items/", endpoint(create), ["POST"])
router.add_route("/items/", endpoint(index), ["GET"])
router.add_route("/items/{item_id}", endpoint(show), ["GET"])
router.add_route("/items/{item_id}", endpoint(change), ["PATCH"])
router.add_route("/items/{item_id}", endpoint(destroy), ["DELETE"])
