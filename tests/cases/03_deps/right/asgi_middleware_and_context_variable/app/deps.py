"""Dependencies."""

from contextvars import ContextVar

from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Receive, Scope, Send

from app.db import SessionLocal

session_of_this_request: ContextVar[Session] = ContextVar("session_of_this_request")


class SessionMiddleware:
    """Opens a session before each request, and closes it after it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        with SessionLocal() as db:
            session_of_this_request.set(db)
            return await self.app(scope, receive, send)


async def get_db() -> Session:
    """The session of this request."""
    return session_of_this_request.get()
