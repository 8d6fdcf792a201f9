"""The application."""

from fastapi import FastAPI

from app.db import Base, engine
from app.models import Item as Item

app = FastAPI()


@app.on_event("shutdown")
def create_tables() -> None:
    """Create the tables."""
    Base.metadata.create_all(engine)
