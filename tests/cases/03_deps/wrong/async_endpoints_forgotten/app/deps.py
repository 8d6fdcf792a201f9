"""Dependencies."""

import threading
from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.db import SessionLocal

local = threading.local()


class CurrentSession:
    """Whatever the session of this thread is."""


def session_of_this_thread() -> Session:
    """The session of this thread, made where there is none."""
    if getattr(local, "db", None) is None:
        local.db = SessionLocal()
    db: Session = local.db
    return db


def get_db() -> Iterator[Session]:
    """Yield a session for one request."""
    try:
        yield session_of_this_thread()
    finally:
        session_of_this_thread().close()
