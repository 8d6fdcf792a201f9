"""Dependencies."""

from fastapi.requests import HTTPConnection
from sqlalchemy.orm import Session


async def get_db(connection: HTTPConnection) -> Session:
    """The session of this request."""
    db: Session = connection.scope["db"]
    return db
