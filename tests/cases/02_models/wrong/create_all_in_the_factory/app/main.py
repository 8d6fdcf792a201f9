"""The application."""

from fastapi import FastAPI

from app.db import Base, engine
from app.models import Item as Item



def create_app() -> FastAPI:
    """Make the app."""
    Base.metadata.create_all(engine)
    return FastAPI()


app = create_app()
