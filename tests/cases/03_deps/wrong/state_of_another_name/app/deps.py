"""Dependencies: what FastAPI prepares for an endpoint, and cleans up after it."""

from fastapi import Request
from sqlalchemy.orm import Session


def get_db(request: Request) -> Session:
    """Return the session of this request."""
    # 3.1 open a session, yield it, and close it in any case (the middleware in app/main.py opens and closes it)
    return request.state.db
