"""The application."""

from fastapi import FastAPI

from app.db import Base, engine
from app.models import Item as Item

Base.metadata.create_all(bind=engine)

app = FastAPI()
