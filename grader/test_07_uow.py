"""Chapter 07: several writes that succeed or fail as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.lab import Lab

_ONE, _BATCH = "/items-uow", "/items-uow/batch"
_FAILURES = "item refused", "event refused", "event broken", "commit refused"


@rule(
    task="7.2",
    title="add_item and add_event add, and do not commit",
    why="What has been committed cannot be taken back. Only the caller knows what else belongs to it.",
    hint="db.add(...), and flush() where the id is needed: that sends the INSERT. commit() belongs into the endpoint. "
    "Both return what they added; add_event writes an event of the item that it is given.",
)
def test_add_item_does_not_commit(lab: Lab) -> None:
    """Nothing is saved until the caller commits; then both are. A rollback of the caller discards both."""
    lab.create_tables()
    lab.units.take_name("chair")
    before = lab.units.saved()
    for ending, saved in (("rollback", []), ("commit", ["lamp"])):
        session = lab.session()
        item = lab.call("crud_uow.add_item", session, lab.schemas.make("ItemCreate", name="lamp"))
        lab.units.expect_not_committed("add_item", before)
        lab.units.flush(session)
        event = lab.call("crud_uow.add_event", session, item, "viewed")
        lab.units.expect_not_committed("add_event", before)
        lab.expect_equal(lab.read(event, "kind"), {"kind": "viewed"}, "the event:")
        lab.units.end(session, ending)
        wanted = {"items": ["chair", *saved], "events": [f"viewed: {name}" for name in saved]}
        lab.expect_equal(lab.units.saved(), wanted, "saved:")


@rule(
    task="7.4",
    title="POST /items-uow answers 201 with the item",
    why="201 says that something new is there; the answer is the client's only way to learn its id.",
    hint="status_code=201 in the decorator of both routes; return what was saved as ItemRead. An item has no id before "
    "a flush(). Names may repeat: each request makes a new item.",
    needs=["add_item_does_not_commit"],
)
def test_create_answers_201(lab: Lab) -> None:
    """201 and a new item for an item of any name, 201 and a list for a list, also for an empty one."""
    lab.create_tables()
    taken = lab.units.take_name("lamp")
    told = lab.units.post(_ONE, "lamp")
    lab.expect_status(told.answer, 201)
    lab.units.expect_item(told.answer.json, "lamp", other_than=taken)
    batch = lab.units.post_batch("chair", "lamp")
    if batch is not None:
        lab.expect_status(batch.answer, 201)
        lab.units.expect_items(batch.answer.json, "chair", "lamp")
        told = lab.units.post(_BATCH)
        lab.expect_status(told.answer, 201)
        lab.expect_equal(told.answer.json, [])


@rule(
    task="7.4",
    title="the item and its event are saved in one transaction",
    why="An item without its event, or an event without its item, is a record that is wrong for good.",
    hint="add_item, add_event, and then one commit() for both.",
    needs=["add_item_does_not_commit"],
)
def test_item_and_event_are_saved_together(lab: Lab) -> None:
    """The item and an event of kind created that belongs to it are there, made lasting by the same COMMIT."""
    lab.create_tables()
    lab.add_items(3)
    lab.database.run("DELETE FROM items WHERE name <> 'item 2'")
    told = lab.units.post(_ONE, "lamp")
    saved = lab.units.saved()
    if told.status >= 400 and saved == {"items": ["item 2"], "events": []}:
        raise lab.waits(str(told), "create_answers_201")
    lab.did(f"was told {told}")
    lab.expect_equal(saved, {"items": ["item 2", "lamp"], "events": ["created: lamp"]}, "saved:")
    lab.expect(
        any({"items", "item_events"} <= tables for tables in lab.seen.saved_together()),
        saw="the item and its event were saved by different COMMITs",
        wanted="one transaction for both",
    )


@rule(
    task="7.4",
    title="there is one COMMIT for everything",
    why="Between two COMMITs everything can stop: a crash, a lost connection. What was saved first then stays alone.",
    hint="The timeline shows which COMMIT comes too early. crud.create_item commits, crud_uow.add_item does not.",
    needs=["add_item_does_not_commit"],
)
def test_commits_once(lab: Lab) -> None:
    """One COMMIT reaches the database in a request."""
    lab.create_tables()
    told = lab.units.post(_ONE, "lamp")
    if told.status >= 400:
        raise lab.waits(str(told), "create_answers_201")
    commits, saving = lab.timeline().count("COMMIT"), lab.seen.commits_of_writes()
    saw = f"{commits} COMMITs" if commits == saving else f"{commits} COMMITs, {saving} of them of something written"
    lab.expect(commits == saving == 1, saw=saw, wanted="1 COMMIT")


@rule(
    task="7.4",
    title="the answer shows the item as the database has it",
    why="A default or a trigger may have changed the row; a client that is shown something else goes on with it.",
    hint="refresh(item) loads the row once more; an answer that is made from what was sent cannot know.",
    needs=["create_answers_201", "item_and_event_are_saved_together"],
)
def test_created_item_is_refreshed(lab: Lab) -> None:
    """The answer is the stored row, also when a trigger changed it."""
    lab.create_tables()
    lab.database_describes("INSERT")
    told = lab.units.post(_ONE, "lamp")
    stored = lab.items()
    if told.status >= 400 or not stored:
        raise lab.waits(str(told), "create_answers_201, item_and_event_are_saved_together")
    lab.expect_shows(told.answer.json, stored[0])
    batch = lab.units.post_batch("chair", "table")
    if batch is not None:
        lab.units.expect_stored(batch.answer.json, lab.items()[1:])


@rule(
    task="7.4",
    title="without its event the item is not saved either",
    why="This is what a transaction is for: all of it, or nothing.",
    hint="Both belong into one transaction; when the event cannot be written, the item has to go too.",
    needs=["add_item_does_not_commit"],
)
def test_failed_event_discards_the_item(lab: Lab) -> None:
    """When the database refuses the event, the item or the COMMIT, neither item nor event is saved."""
    lab.create_tables()
    lab.units.make_writes_fail()
    before = lab.units.post_good(_ONE)
    for name in _FAILURES:
        lab.units.fail(_ONE, name)
        lab.units.expect_unchanged(before)


@rule(
    task="7.5",
    title="a batch is saved as a whole or not at all",
    why="A client that was told of an error sends the whole list again; it must not get half of it twice.",
    hint="One commit, after the last item; and no error may be skipped.",
    needs=["add_item_does_not_commit"],
)
def test_batch_is_all_or_nothing(lab: Lab) -> None:
    """All items with their events, or nothing: whichever item, event or COMMIT the database refuses."""
    lab.create_tables()
    lab.units.make_writes_fail()
    told = lab.units.post(_BATCH, "chair", "lamp", "chair")
    lab.expect(told.status < 400, saw=str(told), wanted="201")
    lab.units.expect_saved("chair", "lamp", "chair")
    before = lab.units.saved()
    for name in (*_FAILURES, ""):
        for names in ((name, "table"), ("table", "sofa", name)):
            lab.units.post(_BATCH, *names)
            lab.units.expect_unchanged(before)
    lab.units.post(_BATCH, "table", "sofa")
    commits = lab.seen.commits_of_writes()
    lab.expect(commits == 1, saw=f"{commits} COMMITs of something written", wanted="1 for the whole batch")


@rule(
    task="7.4",
    title="after an error the session is rolled back",
    why="A session in which something failed refuses all further work (PendingRollbackError), and one that is left in "
    "a transaction keeps locks from everyone else.",
    hint="except Exception: db.rollback(), then a bare raise. The commit can fail too: it belongs into the try.",
)
def test_session_is_rolled_back_on_error(lab: Lab) -> None:
    """Whatever the database refuses, the endpoint hands its session back outside any transaction."""
    lab.create_tables()
    lab.units.make_writes_fail()
    with lab.units.handovers() as handover:
        for path, _ in lab.units.good_paths():
            handover.learn()
            lab.expect_all_closed()
            for name in _FAILURES:
                told = lab.units.fail(path, name)
                handover.expect_done(told)


@rule(
    task="7.4",
    title="an error reaches the client",
    why="A client that is told 201 believes that its item is saved, and throws its own copy away.",
    hint="After the rollback raise the error again; and commit before the answer is sent, not after it.",
    needs=["item_and_event_are_saved_together"],
)
def test_error_reaches_the_client(lab: Lab) -> None:
    """Whatever the database refuses, also the COMMIT, the client is told a status of 400 or more."""
    lab.create_tables()
    lab.units.make_writes_fail()
    for path, before in lab.units.good_paths():
        for name in _FAILURES if path == _ONE else ("event refused", "commit refused"):
            told = lab.units.fail(path, name)
            if path == _BATCH and lab.units.saved() != before:
                break  # a batch that skips what fails is the business of batch_is_all_or_nothing
            lab.expect(told.status >= 400, saw=f"the client was told {told}", wanted="a status of 400 or more")
