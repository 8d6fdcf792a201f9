"""In the child: an API of the grader's own whose endpoints use the learner's ``get_db``."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import insert, text

from grader.lab.client import Client
from grader.lab.code import Code
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.story import Story
from grader.lab.topics.engines import Engines
from grader.lab.topics.probe import Crash, Probe
from grader.lab.topics.probe_table import make_probe_table

# An OperationalError in either database.
_NO_TABLE = "SELECT * FROM no_such_table"
_NO_SPACE = "DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"


class Teapot(Exception):
    """An exception for which the API has a handler of its own."""


def start_probe(
    code: Code,
    focus: Focus,
    story: Story,
    seen: Seen,
    expect: Expect,
    database: Database,
    client: Client,
    engines: Engines,
) -> Probe:
    """Start the API; what it remembers."""
    get_db = code.need("deps.get_db")
    focus.on_name("deps.get_db")
    model = make_probe_table(database)
    database.run("INSERT INTO grader_probe (note) VALUES ('there before')")
    app, probe = FastAPI(), Probe(story, seen, expect, database, client, engines)

    @app.exception_handler(Teapot)
    def teapot(request: Request, error: Teapot) -> JSONResponse:
        return JSONResponse({"detail": "teapot"}, status_code=418)

    story.did("gave an endpoint the parameter db = Depends(get_db)")
    with code.running("a dependency that FastAPI accepts"):
        _add_endpoints(app, probe, model, Depends(get_db))
    client.start(app)
    return probe


def _add_endpoints(app: FastAPI, probe: Probe, model: type[Any], session: Any) -> None:
    def use(got: Any) -> None:
        db = probe.read(got, model)
        if db is not None:
            db.add(model(note="pending"))

    def write(got: Any) -> None:
        db = probe.keep(got)
        if db is not None:
            db.add(model(note="flushed"))
            db.flush()
            db.add(model(note="not even flushed"))

    @app.get("/ok")
    def ok(got: Any = session) -> str:
        use(got)
        return "ok"

    @app.get("/async")
    async def ok_on_the_event_loop(got: Any = session) -> str:
        probe.keep(got)
        return "ok"

    @app.get("/http-error")
    def http_error(got: Any = session) -> None:
        use(got)
        raise HTTPException(404, "no such thing")

    @app.get("/own-error")
    def own_error(got: Any = session) -> None:
        use(got)
        raise Teapot

    @app.get("/crash")
    def crash(got: Any = session) -> None:
        use(got)
        raise Crash("a bug in the endpoint")

    @app.get("/database-error")
    def database_error(got: Any = session) -> None:
        db = probe.read(got, model)
        if db is not None:
            db.execute(text(_NO_TABLE if db.get_bind().dialect.name == "sqlite" else _NO_SPACE))

    @app.get("/conflict")
    def conflict(got: Any = session) -> None:
        db = probe.keep(got)
        if db is not None:
            db.execute(insert(model).values(id=1))

    async def stay(got: Any, here: threading.Event, until: threading.Event) -> str:
        db, mine = probe.keep(got), model(note="pending")
        if db is not None:
            db.add(mine)
        here.set()
        latest = time.monotonic() + 2
        while not until.is_set() and time.monotonic() < latest:
            await asyncio.sleep(0.001)
        probe.undisturbed &= db is None or mine in db
        return "ok"

    @app.get("/first")
    async def first(got: Any = session) -> str:
        return await stay(got, probe.first_is_here, until=probe.second_is_here)

    @app.get("/second")
    async def second(got: Any = session) -> str:
        return await stay(got, probe.second_is_here, until=probe.first_is_gone)

    @app.post("/write-and-commit")
    def write_and_commit(got: Any = session) -> str:
        db = probe.keep(got)
        if db is not None:
            db.add(model(note="committed"))
            db.commit()
        return "ok"

    @app.post("/write")
    def write_ok(got: Any = session) -> str:
        write(got)
        return "ok"

    @app.post("/write-then-http-error")
    def write_http_error(got: Any = session) -> None:
        write(got)
        raise HTTPException(409, "changed my mind")

    @app.post("/write-then-crash")
    def write_crash(got: Any = session) -> None:
        write(got)
        raise Crash("a bug in the endpoint")
