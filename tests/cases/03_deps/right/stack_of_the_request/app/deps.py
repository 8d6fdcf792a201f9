"""Dependencies."""

from contextlib import AsyncExitStack

from fastapi import Request
from sqlalchemy.orm import Session

from app.db import SessionLocal


def get_db(request: Request) -> Session:
    """Open a session that is closed with the request."""
    stack: AsyncExitStack = request.scope["fastapi_inner_astack"]
    return stack.enter_context(SessionLocal())
