"""The errors of the application."""

from http import HTTPStatus
from http.client import HTTPException


class NotFound(HTTPException):
    """What was asked for does not exist."""

    status_code = HTTPStatus.NOT_FOUND
    headers = None

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.detail = f"{what} not found"
