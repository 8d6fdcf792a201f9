"""In the child: what endpoints of the grader's own got from the learner's ``get_db``, and what became of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, scoped_session

from grader.lab.answer import Answer
from grader.lab.client import Client
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.observer import Seen
from grader.lab.story import Story
from grader.lab.topics.engines import Engines
from grader.outcomes import Waits

_OWN_SESSION = "each_request_has_its_own_session"
_TOLD = {
    "/ok": "let an endpoint read and answer 200",
    "/async": "let an async endpoint answer 200",
    "/http-error": "let an endpoint read and raise HTTPException(404)",
    "/own-error": "let an endpoint raise an exception that the app answers with 418",
    "/crash": "let an endpoint read and crash with an exception of its own",
    "/database-error": "let an endpoint send SQL that the database refuses",
    "/conflict": "let an endpoint insert a row whose id is taken: an IntegrityError",
    "/write-and-commit": "let an endpoint write, call commit() and answer 200",
    "/write": "let an endpoint write without commit and answer 200",
    "/write-then-http-error": "let an endpoint write without commit and raise HTTPException(409)",
    "/write-then-crash": "let an endpoint write without commit and crash",
}


class Crash(Exception):
    """What the endpoints raise that crash."""


class Probe:
    """What the endpoints got from ``get_db``: held, so that garbage collection tidies nothing up."""

    def __init__(
        self, story: Story, seen: Seen, expect: Expect, database: Database, client: Client, engines: Engines
    ) -> None:
        self._story = story
        self._seen = seen
        self._expect = expect
        self._database = database
        self._client = client
        self._engines = engines
        self._got: list[Any] = []
        self._sessions: list[Session] = []
        self._earlier: list[Session] = []
        self._objects: list[Any] = []
        self._calls = 0
        self._answer: Answer | None = None
        self.first_is_here, self.second_is_here, self.first_is_gone = (threading.Event() for _ in range(3))
        self.undisturbed = True

    # -- for the endpoints ----------------------------------------------------------------------

    def keep(self, got: Any) -> Session | None:
        """Remember what an endpoint got; the session that it is for this endpoint."""
        self._got.append(got)
        self._calls += 1
        session = got() if isinstance(got, scoped_session) else got
        if not isinstance(session, Session):
            return None
        self._sessions.append(session)
        return session

    def read(self, got: Any, model: type[Any]) -> Session | None:
        """Load an object through what an endpoint got, and hold the object as well."""
        session = self.keep(got)
        if session is not None:
            self._objects.append(session.scalars(select(model)).first())
        return session

    # -- for the checks -------------------------------------------------------------------------

    def get(self, path: str) -> Answer:
        """Send a GET request, and tell what its endpoint does."""
        return self._send("GET", path)

    def post(self, path: str) -> Answer:
        """The same with POST, as what writes is sent."""
        return self._send("POST", path)

    def _send(self, method: str, path: str) -> Answer:
        before = self._calls
        self._story.begin()
        answer = self._client.request(method, path)
        self._story.lines[:] = [_TOLD[path]]
        if before and self._calls == before:
            raise Waits(f"only the first request got a session, then came {answer}", _OWN_SESSION)
        return answer

    def get_twice(self, path: str) -> None:
        """Send two GET requests, one after the other."""
        self.tidy_up()
        self.expect_session(self._client.request("GET", path))
        self._answer = self._client.request("GET", path)

    def expect_session(self, answer: Answer) -> None:
        """End the check as failed unless the endpoint got a session on the right database."""
        wanted = "the endpoint gets a Session"
        self._expect(bool(self._got), saw=f"the endpoint was not called: {answer}", wanted=wanted)
        got = "None" if self._got[-1] is None else f"a {type(self._got[-1]).__name__}"
        self._expect(bool(self._sessions), saw=f"the endpoint got {got}", wanted=wanted)
        bound_to = self._engines.of(self._sessions[-1])
        elsewhere = bound_to.startswith(("no ", "another "))
        self._expect(not elsewhere, saw=f"a session bound to {bound_to}", wanted="a session bound to db.engine")

    def expect_two_sessions(self, wanted: str) -> None:
        """End the check as failed unless the last two requests had a session each."""
        saw = f"the second one got no session: {self._answer}"
        self._expect(len(self._sessions) == 2, saw=saw, wanted=wanted)
        first, second = self._sessions
        self._expect(first is not second, saw="both got the same session", wanted=wanted)
        again = any(one is session for one in self._earlier for session in self._sessions)
        self._expect(not again, saw="one of them got the session of an earlier request", wanted=wanted)

    def expect_closed(self, answer: Answer) -> None:
        """End the check as failed unless everything that the last request used is closed."""
        self.expect_session(answer)
        left = self._seen.left_open(self._sessions)
        wanted = "a closed session: connection returned, no transaction, no object attached"
        self._expect(not left, saw="; ".join(left[:3]), wanted=wanted)

    def expect_status(self, answer: Answer, wanted: int) -> None:
        """End the check as failed unless the answer is this one, as the endpoint or the app's handler made it."""
        self._expect_not_swallowed(answer, str(wanted))
        self._expect.status(answer, wanted)

    def _expect_not_swallowed(self, answer: Answer, wanted: str) -> None:
        # FastAPI's own words for an exception that a dependency did not raise again.
        swallowed = type(answer.error).__name__ == "FastAPIError" and "Response not awaited" in str(answer.error)
        saw = "500: get_db swallowed the exception, so FastAPI had nothing to answer with"
        self._expect(not swallowed, saw=saw, wanted=wanted)

    def expect_own_error(self, answer: Answer) -> None:
        """End the check as failed unless the answer is 500, and the exception, where it is seen, the endpoint's own."""
        self._expect_not_swallowed(answer, "500, from the endpoint's own exception")
        own = answer.error is None or isinstance(answer.error, Crash | OperationalError)
        self._expect(answer.status >= 500 and own, saw=str(answer), wanted="500, from the endpoint's own exception")

    def expect_error(self, answer: Answer) -> None:
        """End the check as failed unless the answer is an error, whatever was made of it."""
        wanted = "an answer that tells of the error: 409, or 500"
        self._expect_not_swallowed(answer, wanted)
        self._expect(answer.status >= 400, saw=str(answer), wanted=wanted)

    def overlap(self) -> None:
        """Let a second request begin before the first one ends, and end after it."""
        self.tidy_up()
        with ThreadPoolExecutor(2) as others:
            first = others.submit(self._client.request, "GET", "/first")
            self.first_is_here.wait(2)
            second = others.submit(self._client.request, "GET", "/second")
            first.result()
            self.first_is_gone.set()
            self._answer = second.result()
        self._story.lines[:] = ["let a second request begin before the first one ended, and end after it"]

    def saved(self) -> list[str]:
        """What the endpoints have saved, read through the grader's own connection."""
        rows = self._database.rows("SELECT note FROM grader_probe WHERE note <> 'there before'")
        return [row["note"] for row in rows]

    def tidy_up(self) -> None:
        """Close what was left open, and begin to count anew."""
        for session in self._sessions:
            with suppress(Exception):
                session.close()
        self._got.clear()
        self._earlier += self._sessions
        self._sessions.clear()
        self._objects.clear()
