"""What can go wrong, and what a client hears of it."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse


class ItemNotFound(Exception):
    """There is no item with this id."""

    def __init__(self, item_id: int) -> None:
        """Remember which id it was."""
        super().__init__(f"Item {item_id} not found")


def answer_404(request: Request, error: ItemNotFound) -> JSONResponse:
    """Tell the client that there is no such item."""
    return JSONResponse({"detail": str(error)}, status_code=404)


def add_error_handlers(app: FastAPI) -> None:
    """Let the application answer with 404 where an item is missing."""
    app.add_exception_handler(ItemNotFound, answer_404)
