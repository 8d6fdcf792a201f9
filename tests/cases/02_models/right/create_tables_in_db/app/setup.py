"""Sets the database up."""

from app import db, models


def create_tables() -> None:
    """Create what is missing."""
    models.Base.metadata.create_all(db.engine, tables=[models.Item.__table__])
