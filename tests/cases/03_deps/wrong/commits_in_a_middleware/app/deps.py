"""Dependencies."""

from fastapi import Request
from sqlalchemy.orm import Session


def get_db(request: Request) -> Session:
    """The session of this request."""
    db: Session = request.state.db
    return db
