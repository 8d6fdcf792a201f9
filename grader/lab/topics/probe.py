"""In the child: what endpoints of the grader's own got from the learner's ``get_db``, and what became of it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import suppress
from secrets import choice
from time import monotonic, sleep
from typing import Any

from sqlalchemy.exc import OperationalError, PendingRollbackError
from sqlalchemy.orm import Session, scoped_session

from grader.lab.answer import Answer
from grader.lab.client import Client
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.observer import Seen, are_one, living, made_now, was_made_before
from grader.lab.sessions import begin_by_hand
from grader.lab.story import Story
from grader.lab.synchronous import asynchronous_instead, is_asynchronous
from grader.lab.topics.engines import Engines
from grader.lab.topics.overlap import Overlap
from grader.outcomes import Waits, Wrong

_OWN_SESSION = "each_request_has_its_own_session"
_WORK_IN_WORDS = {
    "read": "read",
    "write": "write without commit",
    "flush": "add a row and flush it, without commit",
    "change": "change a row without commit",
    "delete": "delete a row without commit",
    "commit": "write, call commit()",
    "conflict": "insert a row whose id is taken, catch the IntegrityError",
    "impossible": "send SQL that the database refuses",
}
_ENDINGS_IN_WORDS = {
    "answer": "and answer 200",
    "http-error": "and raise HTTPException(404)",
    "refusal": "and raise HTTPException(409)",
    "reasoned": "and raise HTTPException with another status, and a dictionary as its detail",
    "own-error": "and raise an exception that the app answers with 418",
    "crash": "and crash with an exception of its own",
}
_UNCAUGHT = {
    "conflict": "insert a row whose id is taken: an IntegrityError",
    "impossible": "send SQL that the database refuses",
}
_TIME_TO_CLOSE = 0.3
# An app may treat paths unlike: these are below the one that all chapters are about.
PATH = "/items/grader"
# With which status and detail an endpoint raises HTTPException.
_STATUS = choice((400, 403, 410, 412, 423, 428, 429))  # another one each time, so that it is no matter of single ones
DETAILS: dict[str, tuple[int, Any]] = {
    "http-error": (404, "no such thing"),
    "refusal": (409, "changed my mind"),
    "reasoned": (_STATUS, {"reason": "sold out", "left": 0}),
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
        self._there: list[Session] = []
        self._made_later = 0
        self._was_there = False
        self._objects: list[Any] = []
        self._calls = 0
        self._answer: Answer | None = None
        self.overlap = Overlap()

    # -- for the endpoints ----------------------------------------------------------------------

    def keep(self, got: Any) -> Session | None:
        """Remember what an endpoint got; the session that it is for this endpoint."""
        self._got.append(got)
        self._calls += 1
        session = got() if isinstance(got, scoped_session) else got
        if not isinstance(session, Session):
            return None
        self._sessions.append(session)
        self._was_there = self._was_there or any(are_one(session, each) for each in self._there)
        self._was_there = self._was_there or was_made_before(session, self._made_later)
        begin_by_hand(session)
        return session

    def hold(self, *objects: Any) -> None:
        """Hold what an endpoint worked with: a session lets go of what nobody holds."""
        self._objects += objects

    # -- for the checks -------------------------------------------------------------------------

    def send(self, work: str, ending: str, kind: str = "def") -> Answer:
        """Send a request, and tell what its endpoint does.

        Args:
            work: what it does with its session: a key of `_WORK_IN_WORDS`.
            ending: how it ends: ``answer``, ``http-error``, ``refusal``, ``own-error``, ``crash``, or ``error`` where
                it lets through what its work raises.
            kind: ``def`` or ``async``.
        """
        before = self._calls
        self._close_sessions()
        self._story.begin()
        answer = self._request(work, ending, kind)
        does = _UNCAUGHT[work] if ending == "error" else f"{_WORK_IN_WORDS[work]} {_ENDINGS_IN_WORDS[ending]}"
        self._story.lines[:] = [f"let an {'async ' if kind == 'async' else ''}endpoint {does}"]
        if before and self._calls == before:
            raise Waits(f"only the first request got a session, then came {answer}", _OWN_SESSION)
        return answer

    def send_each(self, ending: str, ending_of_a_failed_flush: str = "") -> Iterator[Answer]:
        """Send requests to endpoints that read, that write, and whose flush fails, with ``def`` and ``async def``."""
        for work, kind in (("read", "def"), ("read", "async"), ("write", "def"), ("commit", "async")):
            yield self.send(work, ending, kind)
        yield self.send("conflict", ending_of_a_failed_flush or ending)

    def _request(self, work: str, ending: str, kind: str) -> Answer:
        return self._client.request("GET" if work in ("read", "stay") else "POST", f"{PATH}/{kind}/{work}/{ending}")

    def get_twice(self, kind: str) -> None:
        """Send two requests, one after the other."""
        self.tidy_up()
        self._there, self._made_later = living(), made_now()
        self.expect_session(self._request("read", "answer", kind))
        self._there, self._made_later = living(), made_now()
        self._answer = self._request("read", "answer", kind)
        self._there, self._made_later = [], 0

    def send_two_at_once(self, kind: str) -> Answer:
        """Let a second request begin before the first one ends, and end after it; what it is answered."""
        self.tidy_up()
        self._story.begin()
        answer: Answer = self.overlap.run(lambda turn: self._request("stay", turn, kind))
        self._answer = answer
        which = "async endpoint" if kind == "async" else "endpoint"
        self._story.lines[:] = [
            f"let a second request for an {which} begin before the first one ended, and end after it"
        ]
        return answer

    def expect_session(self, answer: Answer) -> None:
        """End the check as failed unless the endpoint got a session on the right database."""
        wanted = "the endpoint gets a Session"
        if not self._got:
            raise Wrong(f"the endpoint was not called: {answer}", wanted, "", answer.error)
        if is_asynchronous(self._got[-1]):
            raise asynchronous_instead()
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
        self._expect(not are_one(first, second), saw="both got the same session", wanted=wanted)
        again = any(are_one(one, session) for one in self._earlier for session in self._sessions)
        self._expect(not again, saw="one of them got the session of an earlier request", wanted=wanted)
        saw = "one of them got a session that was made before the request began"
        self._expect(not self._was_there, saw=saw, wanted=wanted)

    def expect_closed(self, answer: Answer) -> None:
        """End the check as failed unless everything that the last request used is closed."""
        self.expect_session(answer)
        if _commit_failed(answer.error):  # that of get_db, which did not come to close(): another rule forbids it
            return
        left = self._left_open_for_good()
        wanted = "a closed session: its connection is back in the pool, no transaction is open, it holds no objects"
        self._expect(not left, saw="; ".join(left[:3]), wanted=wanted)

    def _left_open_for_good(self) -> list[str]:
        """What is still open when whoever closes in a thread of its own has had time to; in words."""
        latest = monotonic() + _TIME_TO_CLOSE
        while True:
            may_close = self._client.has_more_to_do()
            left = self._seen.left_open(self._sessions)
            if not (left and may_close) or monotonic() > latest:
                return left
            sleep(0.01)

    def expect_status(self, answer: Answer, wanted: int) -> None:
        """End the check as failed unless the answer is this one, as the endpoint or the app's handler made it."""
        self._expect_not_swallowed(answer, str(wanted))
        self._expect.status(answer, wanted)

    def expect_http_error(self, answer: Answer, ending: str) -> None:
        """End the check as failed unless status and detail are those of the HTTPException, in whatever form."""
        status, detail = DETAILS[ending]
        self.expect_status(answer, status)
        self._expect(_tells(answer, detail), saw=str(answer), wanted=f'{status} {{"detail": "{detail}"}}')

    def expect_reasons(self, answer: Answer, ending: str) -> None:
        """The same where the detail is no text: what the app makes of that counts, where get_db has no part in it."""
        status, detail = DETAILS[ending]
        self._expect_not_swallowed(answer, str(status))
        holds = answer.status == status and _tells(answer, detail)
        if not holds:
            with self._story.untold():
                without = self._client.request("GET", f"{PATH}/without/{ending}")
            holds = answer.status == without.status and not _tells(without, detail)
        self._expect(holds, saw=str(answer), wanted=f'{status} {{"detail": {{"reason": "sold out", "left": 0}}}}')

    def _expect_not_swallowed(self, answer: Answer, wanted: str) -> None:
        # FastAPI's own words for an exception that a dependency did not raise again.
        swallowed = type(answer.error).__name__ == "FastAPIError" and "Response not awaited" in str(answer.error)
        saw = "500: the exception never came out of get_db, so FastAPI had nothing to answer with"
        self._expect(not swallowed, saw=saw, wanted=wanted)

    def expect_own_error(self, answer: Answer) -> None:
        """End the check as failed unless the answer is 500, and the exception, where it is seen, the endpoint's own."""
        self._expect_not_swallowed(answer, "500, from the endpoint's own exception")
        own = answer.error is None or isinstance(answer.error, Crash | OperationalError)
        self._expect(answer.status >= 500 and own, saw=str(answer), wanted="500, from the endpoint's own exception")

    def expect_error(self, answer: Answer) -> None:
        """End the check as failed unless the answer is an error, whatever was made of it."""
        wanted = "an answer that reports the error: 409, or 500"
        self._expect_not_swallowed(answer, "409 or 500, from the IntegrityError itself")
        self._expect(answer.status >= 400, saw=str(answer), wanted=wanted)

    def saved(self) -> list[str]:
        """What the endpoints have saved, read through the grader's own connection."""
        rows = self._database.rows("SELECT note FROM grader_probe WHERE note <> 'there before'")
        return [row["note"] for row in rows]

    def expect_nothing_saved(self) -> None:
        """End the check as failed unless the table is as it was before."""
        notes = [row["note"] for row in self._database.rows("SELECT note FROM grader_probe")]
        done = "wrote" if len(notes) > 1 else "deleted" if not notes else "changed"
        saw = f"what the endpoint {done} was saved"
        self._expect(notes == ["there before"], saw=saw, wanted="nothing saved without a commit")

    def tidy_up(self) -> None:
        """Close what was left open, and begin to count anew."""
        self._close_sessions()
        self._got.clear()
        self._earlier += self._sessions
        self._sessions.clear()
        self._objects.clear()

    def _close_sessions(self) -> None:
        for session in self._sessions:
            with suppress(Exception):
                session.close()


def _commit_failed(error: BaseException | None) -> bool:
    """Whether somebody called commit() on a session whose flush had failed."""
    frames = traceback.walk_tb(error.__traceback__) if isinstance(error, PendingRollbackError) else ()
    return any(frame.f_code.co_name == "commit" for frame, _ in frames)


def _tells(answer: Answer, detail: Any) -> bool:
    """Whether an answer shows a detail, in whatever form."""
    told = _values(answer.json) if answer.json is not None else [answer.body.strip()]
    return all(each in told for each in _values(detail))


def _values(body: Any) -> list[Any]:
    """Everything that a body of JSON tells, however deep."""
    if isinstance(body, dict | list):
        inner = body.values() if isinstance(body, dict) else body
        return [value for each in inner for value in _values(each)]
    return [body]
