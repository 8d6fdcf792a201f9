from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from . import db, models
from .routes.items import router


def create_app() -> FastAPI:
    @asynccontextmanager
    async def tables(app: FastAPI):
        await run_in_threadpool(db.Base.metadata.create_all, db.engine, tables=[models.Item.__table__])
        yield {"started": True}

    made = FastAPI(lifespan=tables, redirect_slashes=True)
    made.include_router(router)
    return made


app = create_app()
