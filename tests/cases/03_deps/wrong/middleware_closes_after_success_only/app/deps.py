"""Dependencies: what FastAPI prepares for an endpoint, and cleans up after it."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.db import SessionLocal


async def session_middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Give each request a session of its own."""
    request.state.db = SessionLocal()
    try:
        response = await call_next(request)
    except Exception:
        request.state.db.close()
        raise
    if response.status_code < 400:
        request.state.db.close()
    return response


def get_db(request: Request) -> Session:
    """The session of this request."""
    return request.state.db
