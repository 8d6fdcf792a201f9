"""Dependencies."""

from app.db import SessionLocal

get_db = SessionLocal
