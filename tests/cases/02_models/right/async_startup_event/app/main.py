"""The application."""

from fastapi import FastAPI

from app.db import Base, engine
from app.models import Item as Item

app = FastAPI()


@app.on_event("startup")
async def create_tables() -> None:
    """Create the tables."""
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
