"""For chapter 03: an API of the grader's own whose endpoints use the learner's ``get_db``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session, scoped_session

if TYPE_CHECKING:
    from grader.lab import Lab


class Crash(Exception):
    """What the endpoints raise that crash."""


class Teapot(Exception):
    """An exception for which the API has a handler of its own."""


class Probe:
    """The sessions that the endpoints got, held so that garbage collection closes none of them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._sessions: list[Any] = []

    def keep(self, session: Any) -> None:
        """Remember what an endpoint got."""
        self._sessions.append(session)

    def forget(self) -> None:
        """Start counting anew."""
        self._sessions.clear()

    def is_session(self) -> bool:
        """Whether all of them are sessions."""
        return bool(self._sessions) and all(isinstance(each, Session | scoped_session) for each in self._sessions)

    def got(self) -> str:
        """What the endpoint got, in words."""
        return repr(self._sessions[-1]) if self._sessions else "nothing"

    def distinct(self) -> int:
        """How many different sessions there were."""
        return len({id(each() if isinstance(each, scoped_session) else each) for each in self._sessions})

    def expect_closed(self) -> None:
        """End the check as failed unless everything that the last request used is closed."""
        self._lab.expect(self.is_session(), saw=f"the endpoint got {self.got()}", wanted="the endpoint got a Session")
        real = [each for each in self._sessions if isinstance(each, Session)]
        left = self._lab.seen.left_open(real)
        self._lab.expect(
            not left,
            saw="; ".join(left[:3]),
            wanted="session closed: connection returned, no transaction, no object attached",
        )

    def is_own_crash(self, error: BaseException) -> bool:
        """Whether this is the exception that the endpoint raised."""
        return isinstance(error, Crash | OperationalError | ProgrammingError)


def probe_api(lab: Lab) -> tuple[FastAPI, Probe]:
    """The API, and what it remembers."""
    get_db = lab.need("deps.get_db")
    lab.look_at(get_db)
    model = lab.engines.probe_table()
    lab.database.run("INSERT INTO grader_probe (note) VALUES ('there before')")
    probe = Probe(lab)
    app = FastAPI()
    session: Any = Depends(get_db)
    both = threading.Barrier(2)

    def use(db: Any) -> None:
        probe.keep(db)
        if isinstance(db, Session | scoped_session):
            db.execute(text("SELECT 1 FROM grader_probe"))
            db.scalars(select(model)).first()
            db.add(model(note="pending"))

    def write(db: Any) -> None:
        probe.keep(db)
        lab.database.run("DELETE FROM grader_probe")
        db.add(model(note="not committed"))
        db.flush()
        db.add(model(note="not even flushed"))

    @app.exception_handler(Teapot)
    def teapot(request: Request, error: Teapot) -> JSONResponse:
        return JSONResponse({"detail": "teapot"}, status_code=418)

    @app.get("/ok")
    def ok(db: Any = session) -> str:
        use(db)
        return "ok"

    @app.get("/http-error")
    def http_error(db: Any = session) -> None:
        use(db)
        raise HTTPException(404, "no such thing")

    @app.get("/own-error")
    def own_error(db: Any = session) -> None:
        use(db)
        raise Teapot

    @app.get("/crash")
    def crash(db: Any = session) -> None:
        use(db)
        raise Crash("a bug in the endpoint")

    @app.get("/database-error")
    def database_error(db: Any = session) -> None:
        use(db)
        db.execute(text("SELECT * FROM no_such_table"))

    @app.get("/meet")
    def meet(db: Any = session) -> None:
        probe.keep(db)
        both.wait(timeout=3)

    @app.get("/write")
    def write_ok(db: Any = session) -> str:
        write(db)
        return "ok"

    @app.get("/write-then-http-error")
    def write_http_error(db: Any = session) -> None:
        write(db)
        raise HTTPException(409, "changed my mind")

    @app.get("/write-then-crash")
    def write_crash(db: Any = session) -> None:
        write(db)
        raise Crash("a bug in the endpoint")

    return app, probe
