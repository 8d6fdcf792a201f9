"""In the child: the checks of chapter 10: work that is done after the answer, in a session of its own."""

from __future__ import annotations

from secrets import randbelow
from typing import TYPE_CHECKING

from grader.outcomes import Waits
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.events import Events
    from grader.lab.topics.rest import Rest
    from grader.lab.topics.tasks import Tasks

_OWN = (
    "A session belongs to one unit of work. The request's session may be closed before the task begins, or serve "
    "both at once. If that works today, it depends on details of FastAPI that have changed before."
)


# How many characters a kind must not have; and one more each time, so that it is no matter of single lengths.
_SIZES = (0, 51, 256, 52 + randbelow(90), 143 + randbelow(113), 257 + randbelow(9_744))
# A kind is any text: it is written as it was sent.
_KINDS = "viewed", "sold", "SOLD & LEFT CAF\N{LATIN CAPITAL LETTER E WITH ACUTE}"
_LONGEST = "sold_out at Ada's caf\N{LATIN SMALL LETTER E WITH ACUTE}: four chairs and ten tables"
# Events of these kinds cannot be written.
_FAILURES = "refused", "broken", "lost"


@rule(
    task="10.3",
    title="POST /items/{id}/events answers 202",
    why="202 means: understood, and it will be done. Any other status tells the client something else.",
    hint="Follow this request to the endpoint, and through it to the answer. Which line decides the status?",
)
def test_answers_202(tables: Tables, items: Items, tasks: Tasks) -> None:
    """The client gets 202 for an item that is there."""
    tables.create()
    tasks.expect_status(tasks.post(items.add()), 202)


@rule(
    task="10.4",
    title="the event is written",
    why="The client was promised that it will be done, once for each request. It has no reason to ask again.",
    hint="Follow one request through the endpoint to record_event, and to the COMMIT. What arrives at each "
    "step, and how often?",
    needs=["answers_202"],
)
def test_event_is_written(tables: Tables, items: Items, events: Events, tasks: Tasks) -> None:
    """Once the task has run, the event is in the database: one more for each request, of this item and kind.

    What nobody waits for does not count, however quick it is.
    """
    tables.create()
    items.add(name="chair")
    item_id = items.add()
    events.add(item_id, "sold")
    posted = {kind: tasks.post(item_id, kind) for kind in (*_KINDS, _LONGEST)}
    if posted[_LONGEST].status == 422:  # that it is refused is the matter of bad_body_is_422
        del posted[_LONGEST]
    tasks.expect_written([*posted.values()], *((item_id, kind) for kind in ("sold", *posted)))


@rule(
    task="10.3",
    title="an unknown item is 404, and no event is written",
    why="Only the answer can tell the client whether there is such an item: after it is sent, it is too late.",
    hint="Follow an id that is in no row through the endpoint. Which line decides what the client is told, "
    "and what is done after it?",
    needs=["answers_202"],
)
def test_unknown_item_is_404(tables: Tables, items: Items, tasks: Tasks, expect: Expect) -> None:
    """404 for an id that is not there, something else for the one that is; no event of an unknown item.

    One that no row can have may be refused (422).
    """
    tables.create()
    for item_id in (2, 4, 6):
        items.add(id=item_id)
    for unknown in (3, 7, 4711, 2**63):
        posted = tasks.post(unknown)
        tasks.expect_status(posted, 404, *([422] if unknown == 2**63 else []))
        saw = "404, but an event was sent to the database all the same"
        expect(not (posted.writes() or posted.stray), saw=saw, wanted="no event")
    for item_id in (6, 2):
        expect(tasks.post(item_id).status != 404, saw="404 also for an item that is there", wanted="202 for it")


@rule(
    task="10.2",
    title="a good body is accepted, a bad one answers 422",
    why="The answer is the last chance to tell the client what is wrong. The column takes an empty kind, and "
    "PostgreSQL refuses a kind that is too long only in the task, when the client is gone.",
    hint="Which line says what a kind may be? Compare it with the body of this request.",
)
def test_bad_body_is_422(tables: Tables, items: Items, events: Events, tasks: Tasks, expect: Expect) -> None:
    """422 without a kind, with null, an empty one or one of 51 characters, or not a JSON object; no event is written.

    One of 1 and one of 50 characters are right.
    """
    tables.create()
    item_id = items.add()
    for content in (
        "{}",
        '{"kind": null}',
        "null",
        "[]",
        '"viewed"',
        "{",
        *(f'{{"kind": "{"é" * size}"}}' for size in _SIZES),
    ):
        tasks.expect_refused(item_id, content)
    expect.equal(events.rows(), [], "events in the database:")
    for kind in ("v", "é" * 50):
        tasks.expect_accepted(item_id, kind)


@rule(
    task="10.4",
    title="the task uses a session of its own",
    why=_OWN,
    hint="Follow the session that sent this statement back to the line that opened it. When does that line run?",
    needs=["event_is_written"],
)
def test_task_uses_its_own_session(tables: Tables, items: Items, tasks: Tasks) -> None:
    """The session that writes the event was not there before the task, and serves this task alone."""
    tables.create()
    item_id = items.add()
    first, second = tasks.post(item_id), tasks.post(item_id)
    for posted in (first, second):
        tasks.expect_own_session(posted)
    tasks.expect_different_sessions(first.writes(), second.writes())
    tasks.expect_different_sessions(tasks.record(item_id), tasks.record(item_id))


@rule(
    task="10.4",
    title="the answer does not wait for the event",
    why="The client should not wait for what it does not need, or see an error when only the event fails.",
    hint="The timeline shows when the answer was sent. Which of your lines starts the work, and when does it run?",
    needs=["event_is_written", "task_uses_its_own_session"],
)
def test_answer_does_not_wait(tables: Tables, items: Items, tasks: Tasks, expect: Expect) -> None:
    """First the answer is sent, then the event is written."""
    tables.create()
    item_id = items.add()
    with tasks.looked_at() as events:
        posted = tasks.post(item_id)
    if posted.status >= 400 and not posted.writes():
        raise Waits(str(posted), "answers_202")
    expect(bool(posted.writes()), saw="no event was written", wanted="an event")
    expect(
        not posted.writes_before() and max(events) == events[0],
        saw="the event was written before the answer was sent",
        wanted="first 202, then the event",
    )


@rule(
    task="10.4",
    title="the task closes its session, also when it fails",
    why="Nobody else can: get_db closes the session of the request, not yours. "
    "A session that stays open keeps a connection from everyone else.",
    hint="Go through record_event as it ran here. Which line opened the session, and which one should have closed it?",
    needs=["event_is_written", "task_uses_its_own_session"],
)
def test_task_session_is_closed(
    tables: Tables, items: Items, events: Events, tasks: Tasks, story: Story, expect: Expect
) -> None:
    """After a success, and whatever the database refuses: no connection out, no transaction, no object attached."""
    tables.create()
    item_id = items.add()
    events.make_writes_fail()
    tasks.record(item_id)
    expect.all_closed("a success")
    tries = 1
    for kind in ("viewed", *_FAILURES):
        story.begin()
        once = tries == 1
        if once:
            tries = len(tasks.post(item_id, kind).writes())
            expect.all_closed("the request and its task")
        if not once or tries == 1:  # whoever waits before another try has no time for each twice
            tasks.record_in_vain(item_id, kind)
            expect.all_closed("a failure" if kind != "viewed" else "a success")
    story.begin()
    tasks.record_in_vain(item_id + 1)
    expect.all_closed("a call for an item that is not there")


@rule(
    task="10.4",
    title="a task that fails leaves no row and no open session",
    why="Half of an event is worse than none, and what was left undone must not turn up in the next task.",
    hint="The timeline shows what was sent, and what became permanent. Which line of the task did that, and "
    "which runs after the error?",
    needs=["event_is_written", "task_uses_its_own_session", "task_session_is_closed"],
)
def test_failed_task_leaves_nothing_behind(
    tables: Tables, items: Items, events: Events, tasks: Tasks, expect: Expect
) -> None:
    """Whatever the database refuses, the commit too: no row, no open session; the next task writes its event.

    It may raise, log or say nothing. What SQLite keeps open after a refused COMMIT does not count.
    """
    tables.create()
    item_id = items.add()
    rows = items.rows()
    events.make_writes_fail()
    for kind in _FAILURES:
        tasks.record_in_vain(item_id, kind)
        expect.equal(events.rows(), [], "events in the database:")
        expect.equal(items.rows(), rows, "items in the database:")
        expect.all_closed("a failure")
    tasks.record(item_id, "viewed")
    expect.equal(events.rows(), [(item_id, "viewed")], "events after the next task:")


@rule(
    task="10.1",
    title="the rest of the app still works",
    why="Clients go on using what was there before. A step that breaks it is a step back.",
    hint="Take the last step above and follow it through your app. Which line decides what happens there?",
)
def test_the_rest_still_works(rest: Rest) -> None:
    """The app starts on an empty database; /items/ works, also DELETE of an item with events; other paths are 404."""
    rest.expect_start("items", "item_events")
    rest.expect_items_to_work()
    rest.expect_nothing_in_the_way("POST", "/items/1/events")
    rest.expect_delete_to_take_events()
