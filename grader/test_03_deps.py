"""Chapter 03: one session for each request, closed whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab import Lab

_LEAK = (
    "A session that stays open keeps a connection from everyone else. The pool is small: "
    "after a few such requests the app stands still."
)
_FINALLY = "What has to happen in any case belongs into the finally of a try, or use with SessionLocal() as db."


@rule(
    task="3.1",
    title="get_db yields a session",
    why="Endpoints work with whatever the dependency yields; it has to be a session that is ready to use.",
    hint="get_db is a generator function: it yields SessionLocal(), with the parentheses.",
)
def test_yields_a_session(lab: Lab) -> None:
    """What an endpoint gets through Depends(get_db) is a session that can query."""
    probe = lab.probe_api()
    answer = lab.request("GET", "/ok")
    lab.expect(probe.is_session(), saw=f"the endpoint got {probe.got()}", wanted="the endpoint got a Session")
    lab.expect_status(answer, 200)


@rule(
    task="3.1",
    title="the session is closed after a success",
    why=_LEAK,
    hint=_FINALLY,
    needs=["yields_a_session"],
)
def test_closes_after_success(lab: Lab) -> None:
    """After 200: no connection out, no transaction, no object attached."""
    probe = lab.probe_api()
    lab.request("GET", "/ok")
    probe.expect_closed()


@rule(
    task="3.1",
    title="the session is closed after an HTTP error",
    why=_LEAK + " A client that asks for things that do not exist must not be able to stop it.",
    hint=_FINALLY,
    needs=["yields_a_session"],
)
def test_closes_after_http_error(lab: Lab) -> None:
    """After an HTTPException in the endpoint: no connection out, no transaction, no object attached."""
    probe = lab.probe_api()
    lab.request("GET", "/http-error")
    probe.expect_closed()


@rule(
    task="3.1",
    title="the session is closed after a crash",
    why=_LEAK + " One bug in one endpoint must not take the whole app with it.",
    hint=_FINALLY,
    needs=["yields_a_session"],
)
def test_closes_after_crash(lab: Lab) -> None:
    """After an unexpected exception in the endpoint: no connection out, no transaction, no object attached."""
    probe = lab.probe_api()
    for path in ("/crash", "/database-error"):
        lab.request("GET", path)
        probe.expect_closed()


@rule(
    task="3.1",
    title="an error in the endpoint reaches the client",
    why="A dependency that swallows exceptions turns a clear 404 into a puzzling 500, or hides a bug.",
    hint="If you catch an exception in get_db, end the except block with a bare raise.",
    needs=["yields_a_session"],
)
def test_error_reaches_the_client(lab: Lab) -> None:
    """The dependency lets exceptions through as they are."""
    probe = lab.probe_api()
    lab.expect_status(lab.request("GET", "/http-error"), 404)
    lab.expect_status(lab.request("GET", "/own-error"), 418)
    for path in ("/crash", "/database-error"):
        answer = lab.request("GET", path)
        lab.expect(
            answer.status == 500 and (answer.error is None or probe.is_own_crash(answer.error)),
            saw=str(answer),
            wanted="500, from the endpoint's own exception",
        )


@rule(
    task="3.1",
    title="each request has a session of its own",
    why="Two requests that share a session see and commit each other's half-finished work.",
    hint="Make the session inside get_db, not once at module level.",
    needs=["yields_a_session"],
)
def test_each_request_has_its_own_session(lab: Lab) -> None:
    """Requests, one after the other and at the same time, never see the same session object."""
    probe = lab.probe_api()
    for _ in range(3):
        lab.request("GET", "/ok")
    lab.expect(
        probe.distinct() == 3,
        saw=f"3 requests got {probe.distinct()} different sessions",
        wanted="3 different sessions",
    )
    probe.forget()
    lab.request_both("/meet", "/meet")
    lab.expect(
        probe.distinct() == 2, saw="2 requests at the same time shared one session", wanted="2 different sessions"
    )


@rule(
    task="3.1",
    title="what was not committed is discarded",
    why="Only the code that did the work knows whether it is complete. A dependency that commits for it "
    "saves half of what failed later, and does so after the answer has been sent.",
    hint="get_db opens and closes; it does not commit (SessionLocal.begin() does, at the end of its block).",
    needs=["yields_a_session"],
)
def test_uncommitted_work_is_discarded(lab: Lab) -> None:
    """An endpoint that writes without commit leaves nothing in the database, whatever it answers."""
    lab.probe_api()
    for path in ("/write", "/write-then-http-error", "/write-then-crash"):
        lab.request("GET", path)
        rows = lab.database.rows("SELECT note FROM grader_probe")
        lab.expect(not rows, saw=f"{len(rows)} row was saved without a commit in the endpoint", wanted="no row")
