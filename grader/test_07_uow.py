"""In the child: the checks of chapter 07: several writes that succeed or fail as one."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from grader.outcomes import Waits
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.code import Code
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.observer import Seen
    from grader.lab.sessions import Sessions
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.accidents import Accidents
    from grader.lab.topics.endpoints import Endpoints
    from grader.lab.topics.handover import Handover
    from grader.lab.topics.records import Records
    from grader.lab.topics.rest import Rest
    from grader.lab.topics.schemas import Schemas
    from grader.lab.topics.units import Units

_ONE, _BATCH = "/items-uow", "/items-uow/batch"
_FAILURES = "item refused", "event refused", "event broken", "commit refused"


@rule(
    task="7.2",
    title="add_item and add_event add, and do not commit",
    why="Only the caller knows what else belongs to the transaction, and when it is complete. It goes on "
    "with what it gets back.",
    hint="Compare what was seen with what is wanted: what is added, what is returned, what is left to the "
    "caller. Which line decides the one that differs?",
)
def test_add_item_does_not_commit(
    tables: Tables, records: Records, schemas: Schemas, sessions: Sessions, code: Code, expect: Expect
) -> None:
    """Nothing is saved until the caller commits; then both are. A rollback of the caller discards both."""
    tables.create()
    records.take_name("chair")
    before = records.saved()
    for ending, saved in (("rollback", []), ("commit", ["lamp"])):
        session = sessions.new_begun()
        item = code.call("crud_uow.add_item", session, schemas.make("ItemCreate", name="lamp"))
        records.expect_not_committed("add_item", before)
        sessions.flush(session)
        event = code.call("crud_uow.add_event", session, item, "viewed")
        records.expect_not_committed("add_event", before)
        expect.equal(code.read(event, "kind"), {"kind": "viewed"}, "the event:")
        sessions.flush(session)
        returned = code.read(item, "id", "name"), code.read(event, "id", "kind")
        sessions.end(session, ending)
        wanted = {"items": ["chair", *saved], "events": [f"viewed: {name}" for name in saved]}
        expect.equal(records.saved(), wanted, "saved:")
    records.expect_stored(*returned)


@rule(
    task="7.4",
    title="POST answers 201 with the new item, or the new items of a batch",
    why="201 says that something new is there; the answer is the client's only way to learn its id.",
    hint="Follow one request from the body to the rows, and back to the answer. Where does it first differ "
    "from what is wanted?",
    needs=["add_item_does_not_commit"],
)
def test_create_answers_201(tables: Tables, records: Records, units: Units, expect: Expect) -> None:
    """201 and a new item for an item of any name, 422 for none; 201 and a list for a list, also for an empty one."""
    tables.create()
    taken = records.take_name("lamp")
    for name in ("lamp", "table", "bench"):
        told = units.post(_ONE, name)
        expect.status(told.answer, 201)
        units.expect_item(told.answer.json, name, other_than=taken)
    units.expect_null_refused()
    batch = units.post_batch("chair", "lamp")
    if batch is not None:
        expect.status(batch.answer, 201)
        units.expect_items(batch.answer.json, "chair", "lamp")
        told = units.post(_BATCH)
        expect.status(told.answer, 201)
        expect.equal(told.answer.json, [])


@rule(
    task="7.4",
    title="the item and its event are saved in one transaction",
    why="An item without its event, or an event without its item, is a record that is wrong for good.",
    hint="Follow the item and its event through the timeline. Which line sends each of them, and which "
    "COMMIT makes it permanent?",
    needs=["add_item_does_not_commit"],
)
def test_item_and_event_are_saved_together(
    tables: Tables, records: Records, units: Units, story: Story, expect: Expect
) -> None:
    """The item and an event of kind created that belongs to it are there, made lasting by the same COMMIT."""
    tables.create()
    records.let_ids_differ()
    with records.looked_at() as steps:
        told = units.post(_ONE, "lamp")
    saved = records.saved()
    if told.status >= 400 and saved == {"items": ["item 2"], "events": []}:
        raise Waits(str(told), "create_answers_201")
    story.did(f"the client was told {told}")
    expect.equal(saved, {"items": ["item 2", "lamp"], "events": ["created: lamp"]}, "saved:")
    records.expect_one_transaction(steps)


@rule(
    task="7.4",
    title="there is one COMMIT for everything",
    why="Between two COMMITs everything can stop: a crash, a lost connection. What was saved first then stays alone.",
    hint="The timeline shows every COMMIT, and what was written before it. Which line of yours sends each of them?",
    needs=["add_item_does_not_commit"],
)
def test_commits_once(tables: Tables, records: Records, units: Units, story: Story, seen: Seen, expect: Expect) -> None:
    """One COMMIT reaches the database in a request, and nothing is saved before it."""
    tables.create()
    with records.looked_at() as steps:
        told = units.post(_ONE, "lamp")
    if told.status >= 400:
        raise Waits(str(told), "create_answers_201")
    commits, saving = story.timeline().count("COMMIT"), seen.commits_of_writes()
    saw = f"{commits} COMMITs" if commits == saving else f"{commits} COMMITs, {saving} of them of something written"
    expect(commits == saving == 1, saw=saw, wanted="1 COMMIT")
    times = sum(step != before for before, step in pairwise(steps))
    expect(times <= 1, saw=f"1 COMMIT, but something was saved {times} times", wanted="all of it saved at once")


@rule(
    task="7.4",
    title="the answer shows the item as the database has it",
    why="A default or a trigger may have changed the row; a client that sees something else goes on with wrong data.",
    hint="When does the endpoint take the values that it shows, and what happens to the row after that?",
    needs=["create_answers_201", "item_and_event_are_saved_together"],
)
def test_created_item_is_refreshed(
    tables: Tables, items: Items, records: Records, units: Units, expect: Expect
) -> None:
    """The answer is the stored row, also when triggers changed it: one at the item's INSERT, one at the event's."""
    tables.create()
    items.described_by_the_database("INSERT")
    records.change_with_events()
    told = units.post(_ONE, "lamp")
    stored = items.rows()
    if told.status >= 400 or not stored:
        raise Waits(str(told), "create_answers_201, item_and_event_are_saved_together")
    expect.shows(told.answer.json, stored[0])
    batch = units.post_batch("chair", "table")
    if batch is not None and units.are_shown(batch.answer.json, "chair", "table"):
        units.expect_stored(batch.answer.json, items.rows()[1:])


@rule(
    task="7.4",
    title="without its event the item is not saved either",
    why="This is what a transaction is for: all of it, or nothing.",
    hint="The timeline shows what was sent, and what became permanent. Which line did that?",
    needs=["add_item_does_not_commit"],
)
def test_failed_event_discards_the_item(tables: Tables, records: Records, units: Units) -> None:
    """When anything fails, the event, the item, the COMMIT or the code itself, neither item nor event is saved."""
    tables.create()
    records.make_writes_fail()
    before = units.post_good(_ONE)
    for name in _FAILURES:
        units.fail(_ONE, name)
        records.expect_unchanged(before)
    units.expect_nothing_half_done(_ONE)


@rule(
    task="7.5",
    title="a batch is saved as a whole or not at all",
    why="A batch is one piece of work. A client that is told of success counts on every item; one that is "
    "told of an error sends the whole list again, and must not get half of it twice.",
    hint="Follow each item of the list through the endpoint. Where does it first differ from what is wanted?",
    needs=["add_item_does_not_commit"],
)
def test_batch_is_all_or_nothing(tables: Tables, records: Records, units: Units, seen: Seen, expect: Expect) -> None:
    """All items with their events, or nothing: whichever item, event or COMMIT the database refuses."""
    tables.create()
    records.make_writes_fail()
    told = units.post(_BATCH, "chair", "lamp", "chair")
    expect(told.status < 400, saw=str(told), wanted="201")
    records.expect_saved("chair", "lamp", "chair")
    before = records.saved()
    for name in (*_FAILURES, ""):
        for names in ((name, "table"), ("table", "sofa", name)):
            units.post(_BATCH, *names)
            records.expect_unchanged(before)
    units.expect_nothing_half_done(_BATCH)
    units.post(_BATCH, *["table"] * 129)  # more than whoever saves in portions takes at once
    commits = seen.commits_of_writes()
    expect(commits == 1, saw=f"{commits} COMMITs of something written", wanted="1 for the whole batch")


@rule(
    task="7.4",
    title="after an error the session is rolled back",
    why="A transaction that nobody ends keeps its locks, and others wait for them. If a flush() or a COMMIT failed, "
    "the session also refuses all further work (PendingRollbackError) until somebody calls rollback(), even if "
    "SQLAlchemy has sent a ROLLBACK already.",
    hint="Find the statement that failed in the timeline. What ends the transaction after it, and which "
    "line of yours does that?",
    needs=["add_item_does_not_commit"],
)
def test_session_is_rolled_back_on_error(
    tables: Tables, records: Records, units: Units, handover: Handover, expect: Expect
) -> None:
    """Whatever the database refuses, the endpoint hands its session back outside any transaction."""
    tables.create()
    records.make_writes_fail()
    with handover.watching(), records.losing_connections():
        for path, _ in units.good_paths():
            handover.learn()
            expect.all_closed()
            for name in (*_FAILURES, "commit lost"):
                told = units.fail(path, name)
                handover.expect_done(told)


@rule(
    task="7.4",
    title="an error reaches the client",
    why="A client that is told of a success believes that its item is saved, and throws its own copy away. A "
    "mistake in your own error handling hides what really went wrong.",
    hint="Follow the error from the line that raises it to the answer. What happens to it on the way?",
    needs=["item_and_event_are_saved_together"],
)
def test_error_reaches_the_client(
    tables: Tables, records: Records, units: Units, endpoints: Endpoints, accidents: Accidents, expect: Expect
) -> None:
    """Whatever the database refuses, even the COMMIT, your code makes sure that the client gets a 400 or more."""
    tables.create()
    records.make_writes_fail()
    with endpoints.watching():
        for path, before in units.good_paths():
            for name in _FAILURES:
                told = units.fail(path, name)
                if path == _BATCH and records.saved() != before:
                    break  # a batch that skips what fails is the business of batch_is_all_or_nothing
                expect(400 <= told.status < 600, saw=f"the client was told {told}", wanted="a status from 400 to 599")
                accidents.expect_none(told)


@rule(
    task="7.1",
    title="the rest of the app still works",
    why="Clients go on using what was there before. A step that breaks it is a step back.",
    hint="Take the last step above and follow it through your app. Which line decides what happens there?",
)
def test_the_rest_still_works(rest: Rest) -> None:
    """The app starts on an empty database; /items/ works, also DELETE of an item with events; other paths are 404."""
    rest.expect_start("items", "item_events")
    rest.expect_items_to_work()
    rest.expect_nothing_in_the_way("POST", "/items-uow")
    rest.expect_delete_to_take_events()
