"""What can go wrong, and what the client gets to know of it."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse


class ItemNotFound(Exception):
    """There is no item with this id."""

    status_code = 404
    detail = "Item not found"


def item_not_found(request: Request, error: ItemNotFound) -> JSONResponse:
    """Tell the client that there is no such item."""
    return JSONResponse({"detail": error.detail})


def register_error_handlers(app: FastAPI) -> None:
    """Let the application answer where its code raises one of these errors."""
    app.add_exception_handler(ItemNotFound, item_not_found)
