"""The application: what happens when it starts, and what it answers to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlmodel import SQLModel

from app.db import engine
from app.models import Item as Item  # imported so that SQLModel knows the table
from app.routes import items


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Run up to the ``yield`` before the first request, and the rest after the last one."""
    SQLModel.metadata.create_all(engine)
    yield


app = FastAPI(title="Items", lifespan=lifespan)


@app.exception_handler(NotImplementedError)
def not_implemented(request: Request, error: NotImplementedError) -> JSONResponse:
    """Answer 501 where a task of the workbook is still to do, and say which."""
    return JSONResponse({"detail": str(error)}, status_code=501)


app.include_router(items.router)
