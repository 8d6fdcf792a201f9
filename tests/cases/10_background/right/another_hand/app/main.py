from contextlib import asynccontextmanager

from fastapi import FastAPI

from .db import Base, engine
from .routes import events, items


@asynccontextmanager
async def lifespan(app):
    Base.metadata.create_all(bind=engine)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(items.router)
app.include_router(events.router)
