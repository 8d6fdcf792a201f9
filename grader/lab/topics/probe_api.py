"""In the child: endpoints of the grader's own on the learner's app, which use the learner's ``get_db``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from grader.lab.client import Client
from grader.lab.code import Code
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.story import Story
from grader.lab.topics.engines import Engines
from grader.lab.topics.probe import DETAILS, PATH, Crash, Probe
from grader.lab.topics.probe_table import make_probe_table

# An OperationalError in either database.
_NO_TABLE = "SELECT * FROM no_such_table"
_NO_SPACE = "DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"


class Teapot(Exception):
    """An exception for which the app has a handler."""


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
    """Add the endpoints to the learner's app, if they are not yet there, and start it; what they remember."""
    get_db = code.need("deps.get_db")
    app = client.app()
    focus.on_name("deps.get_db")
    probe = Probe(story, seen, expect, database, client, engines)
    story.did("gave an endpoint the parameter db = Depends(get_db)")
    with code.running("a dependency that FastAPI accepts"):
        endpoints = vars(app).get("grader_endpoints") or _add_endpoints(app, Depends(get_db))
    endpoints.use(probe, database)
    client.start()
    story.begin_timeline()
    return probe


class _Endpoints:
    """What the endpoints do; they stay on the app for one check after the other.

    Attributes:
        probe: what remembers what they got.
        model: what they read and write.
    """

    probe: Probe
    model: type[Any]

    def use(self, probe: Probe, database: Database) -> None:
        """Work for a new check, on a new table that holds one row."""
        self.probe, self.model = probe, make_probe_table(database)
        database.run("INSERT INTO grader_probe (note) VALUES ('there before')")

    def answer(self, work: str, ending: str, got: Any) -> Response:
        """Work with what the endpoint got, and end as told."""
        db = self.probe.keep(got)
        if db is not None:
            with _caught_unless(ending == "error"):
                self.probe.hold(*_WORK[work](db, self.model))
        if ending in DETAILS:
            raise HTTPException(*DETAILS[ending])
        if ending == "own-error":
            raise Teapot
        if ending == "crash":
            raise Crash("a bug in the endpoint")
        return PlainTextResponse("ok")

    def put_something(self, got: Any) -> Callable[[], bool]:
        """Give what the endpoint got something to hold; whether it still does."""
        db, mine = self.probe.keep(got), self.model(note="pending")
        if db is not None:
            db.add(mine)
        return lambda: db is None or mine in db


def _add_endpoints(app: FastAPI, session: Any) -> _Endpoints:
    """Add the endpoints, before those of the learner's."""
    mine = _Endpoints()

    @app.exception_handler(Teapot)
    def teapot(request: Request, error: Teapot) -> JSONResponse:
        return JSONResponse({"detail": "teapot"}, status_code=418)

    def work(work: str, ending: str, got: Any = session) -> Response:
        return mine.answer(work, ending, got)

    async def work_on_the_event_loop(work: str, ending: str, got: Any = session) -> Response:
        return mine.answer(work, ending, got)

    def stay(turn: str, got: Any = session) -> Response:
        return mine.probe.overlap.stay(turn, mine.put_something(got))

    async def stay_on_the_event_loop(turn: str, got: Any = session) -> Response:
        return await mine.probe.overlap.stay_on_the_event_loop(turn, mine.put_something(got))

    def without(ending: str) -> Response:
        raise HTTPException(*DETAILS[ending])

    for path, endpoint in (
        ("/without/{ending}", without),
        ("/def/stay/{turn}", stay),
        ("/async/stay/{turn}", stay_on_the_event_loop),
        ("/def/{work}/{ending}", work),
        ("/async/{work}/{ending}", work_on_the_event_loop),
    ):
        app.add_api_route(f"{PATH}{path}", endpoint, methods=["GET", "POST"], include_in_schema=False)
    routes = app.router.routes
    routes[:] = [*routes[-5:], *routes[:-5]]
    vars(app)["grader_endpoints"] = mine
    return mine


def _read(db: Session, model: type[Any]) -> list[Any]:
    return [db.scalars(select(model)).first()]


def _write(db: Session, model: type[Any]) -> list[Any]:
    first, second = model(note="flushed"), model(note="not even flushed")
    db.add(first)
    db.flush()
    first.note = "changed again"
    db.add(second)
    return [first, second]


def _only_flush(db: Session, model: type[Any]) -> list[Any]:
    row = model(note="flushed")
    db.add(row)
    db.flush()
    return [row]


def _change(db: Session, model: type[Any]) -> list[Any]:
    row: Any = db.get(model, 1)
    row.note = "changed"
    return [row]


def _delete(db: Session, model: type[Any]) -> list[Any]:
    row = db.get(model, 1)
    db.delete(row)
    return [row]


def _commit(db: Session, model: type[Any]) -> list[Any]:
    row = model(note="committed")
    db.add(row)
    db.commit()
    return [row]


def _fail_to_flush(db: Session, model: type[Any]) -> list[Any]:
    db.add(model(id=1))
    db.flush()
    return []


def _ask_the_impossible(db: Session, _model: type[Any]) -> list[Any]:
    db.execute(text(_NO_TABLE if db.get_bind().dialect.name == "sqlite" else _NO_SPACE))
    return []


_WORK: dict[str, Callable[[Session, type[Any]], list[Any]]] = {
    "read": _read,
    "write": _write,
    "flush": _only_flush,
    "change": _change,
    "delete": _delete,
    "commit": _commit,
    "conflict": _fail_to_flush,
    "impossible": _ask_the_impossible,
}


@contextmanager
def _caught_unless(passes: bool) -> Iterator[None]:
    """Catch what a failed flush raises in the block, as an endpoint does that answers it in its own way."""
    try:
        yield
    except IntegrityError:
        if passes:
            raise
