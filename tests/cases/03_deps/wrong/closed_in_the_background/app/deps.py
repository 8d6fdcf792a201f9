"""Dependencies."""

from fastapi import BackgroundTasks
from sqlalchemy.orm import Session

from app.db import SessionLocal


def get_db(background: BackgroundTasks) -> Session:
    """Return a session that is closed after the answer."""
    db = SessionLocal()
    background.add_task(db.close)
    return db
