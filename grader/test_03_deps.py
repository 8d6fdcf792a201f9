"""In the child: the checks of chapter 03: one session for each request, closed whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.expect import Expect
    from grader.lab.story import Story
    from grader.lab.topics.probe import Probe

_LEAK = (
    "A session that stays open keeps what it holds: its objects, and often a connection. If each request leaves a "
    "connection behind, the app hangs after a few of them: the pool is small."
)
_CLOSE = (
    "Go through get_db for this answer. Which line closes the session that the endpoint had, is it reached, "
    "and what happens after it?"
)


@rule(
    task="3.1",
    title="get_db yields a session and ends without a crash",
    why="Endpoints work with whatever get_db gives them, so it has to be a session that is ready to use. If get_db "
    "has a yield, the lines below it run after the answer, and they must not fail.",
    hint="FastAPI runs get_db for each request and hands the endpoint what it yields. Go through that: what "
    "does your endpoint get?",
)
def test_yields_a_session(probe: Probe, expect: Expect) -> None:
    """What an endpoint gets through Depends(get_db) is a session that can query."""
    answer = probe.send("read", "answer")
    probe.expect_session(answer)
    expect.nothing_left_in(answer.error)
    expect.status(answer, 200)


@rule(
    task="3.1",
    title="the session is closed after a success",
    why=_LEAK,
    hint=_CLOSE,
    needs=["yields_a_session"],
)
def test_closes_after_success(probe: Probe) -> None:
    """After 200: no connection out, no transaction, no object attached."""
    for answer in probe.send_each("answer"):
        probe.expect_closed(answer)
    for kind in ("def", "async"):
        probe.expect_closed(probe.send_two_at_once(kind))


@rule(
    task="3.1",
    title="the session is closed after an HTTP error",
    why=_LEAK + " A client that asks for things that do not exist must not be able to stop the app.",
    hint=_CLOSE,
    needs=["yields_a_session"],
)
def test_closes_after_http_error(probe: Probe) -> None:
    """After an HTTPException in the endpoint: no connection out, no transaction, no object attached."""
    for answer in probe.send_each("http-error"):
        probe.expect_closed(answer)


@rule(
    task="3.1",
    title="the session is closed after a crash",
    why=_LEAK + " One bug in one endpoint must not take the whole app down with it.",
    hint=_CLOSE,
    needs=["yields_a_session"],
)
def test_closes_after_crash(probe: Probe) -> None:
    """After an unexpected exception in the endpoint: no connection out, no transaction, no object attached."""
    for answer in probe.send_each("crash", ending_of_a_failed_flush="error"):
        probe.expect_closed(answer)
    probe.expect_closed(probe.send("impossible", "error"))


@rule(
    task="3.1",
    title="an error in the endpoint reaches the client",
    why="Code that swallows or replaces exceptions turns a clear 404 into a puzzling 500, or hides a bug.",
    hint="Follow the exception from the endpoint to the client. Which line of yours stops it, or turns it "
    "into another one?",
    needs=["yields_a_session"],
)
def test_error_reaches_the_client(probe: Probe) -> None:
    """The dependency lets exceptions through as they are."""
    answer = probe.send("read", "http-error")
    probe.expect_session(answer)
    probe.expect_http_error(answer, "http-error")
    probe.expect_http_error(probe.send("write", "refusal", "async"), "refusal")
    probe.expect_reasons(probe.send("read", "reasoned"), "reasoned")
    probe.expect_status(probe.send("read", "own-error"), 418)
    probe.expect_own_error(probe.send("read", "crash"))
    probe.expect_own_error(probe.send("impossible", "error"))
    probe.expect_error(probe.send("conflict", "error"))


@rule(
    task="3.1",
    title="each request has a session of its own",
    why="Two requests that share a session see and commit each other's half-finished work.",
    hint="Follow the session of one request. Where does your code keep it, and who else can reach it there?",
    needs=["yields_a_session"],
)
def test_each_request_has_its_own_session(probe: Probe, story: Story, expect: Expect) -> None:
    """Requests, one after the other and at the same time, never see the same session object."""
    for requests, kind in (("requests", "def"), ("requests for async endpoints", "async")):
        probe.get_twice(kind)
        story.begin(f"sent two {requests}, one after the other")
        probe.expect_two_sessions("a new session for each request")
    probe.send_two_at_once("async")
    probe.expect_two_sessions("a session for each")
    saw = "one request closed the session of the other one, which still needed it"
    expect(probe.overlap.undisturbed, saw=saw, wanted="a session that no other request touches")


@rule(
    task="3.1",
    title="what was not committed is discarded",
    why="Only the code that did the work knows whether it is complete. So its own commit decides what is "
    "saved, and nothing else does.",
    hint="Compare what the endpoint did with what the database holds. Who else decides how the transaction ends?",
    needs=["yields_a_session"],
)
def test_uncommitted_work_is_discarded(probe: Probe, expect: Expect) -> None:
    """Without commit an endpoint leaves the database as it was, whatever it does and answers; with it, all is saved."""
    for work, ending in (
        *(("write", ending) for ending in ("answer", "refusal", "crash")),
        *((work, "answer") for work in ("flush", "change", "delete")),
    ):
        probe.expect_session(probe.send(work, ending))
        probe.expect_nothing_saved()
        probe.tidy_up()
    answer = probe.send("commit", "answer")
    saw = f"nothing was saved ({answer})"
    expect(probe.saved() == ["committed"], saw=saw, wanted="what the endpoint committed is saved")
