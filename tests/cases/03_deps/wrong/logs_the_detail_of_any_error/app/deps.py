"""Dependencies: what FastAPI prepares for an endpoint, and cleans up after it."""

import logging
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from app.db import SessionLocal

logger = logging.getLogger(__name__)


class RequestSession:
    """A session for one request; what went wrong in it is written to the log."""

    def __init__(self) -> None:
        """Open the session."""
        self.db = SessionLocal()

    def __enter__(self) -> Session:
        """Hand the session out."""
        return self.db

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Log the error, if there was one, and close the session."""
        if error is not None:
            logger.warning("request failed: %s", error.detail)
        self.db.close()


def get_db() -> Iterator[Session]:
    """Yield a session for one request, and close it whatever happens."""
    # 3.1 open a session, yield it, and close it in any case
    with RequestSession() as db:
        yield db
