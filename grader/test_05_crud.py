"""In the child: the checks of chapter 05: create, read, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.outcomes import Waits, waiting_for
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.code import Code
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.sessions import Sessions
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.crud import Crud
    from grader.lab.topics.pages import Pages

_REFRESH = (
    "commit() expires every attribute, and the database may have changed the row (a default, a trigger). "
    "Whoever gets the item after its session was closed can neither load it nor know."
)


@rule(
    task="5.1",
    title="create_item saves the item",
    why="Others see only what was committed; the rest is gone as soon as the session is closed.",
    hint="add(), then commit(), in this order. Each call stores one new row with everything that was sent; "
    "names may repeat.",
)
def test_create_persists(
    tables: Tables, items: Items, crud: Crud, sessions: Sessions, story: Story, expect: Expect
) -> None:
    """After create_item the row is in the database as it was sent, seen from another connection; names may repeat."""
    tables.create()
    items.add(id=2, name="lamp", description="old")
    story.did("stored (2, 'lamp', 'old')")
    stored: list[tuple[str, str | None]] = [("lamp", "old")]
    for sent in ({"name": "Lamp", "description": "warm light"}, {"name": "chair"}, {"name": "lamp"}):
        session = sessions.new()
        crud.create(session, **sent)
        stored.append((sent["name"], sent.get("description")))
        rows = [(row["name"], row["description"]) for row in items.rows()]
        expect.equal(rows, stored, "rows in the database, seen by others:")
        session.close()


@rule(
    task="5.1",
    title="create_item returns a fully loaded item",
    why=_REFRESH,
    hint="After commit(), refresh(item) loads the row once more; and return the item.",
    needs=["create_persists"],
)
def test_create_refreshes(tables: Tables, items: Items, crud: Crud, sessions: Sessions) -> None:
    """The returned item is readable after its session was closed, and is what the database holds of the new row."""
    tables.create()
    items.add(id=5, name="lamp", description="warm light")
    items.described_by_the_database("INSERT")
    session = sessions.new()
    item = crud.create(session, name="lamp", description="warm light")
    crud.expect_current(item, session, other_than=5)


@rule(
    task="5.2",
    title="get_item returns the item",
    why="Everything else starts with finding the right row.",
    hint="db.get(Item, item_id) looks a row up by its primary key; db.scalars(...) gives items, db.execute(...) rows.",
)
def test_get_returns_the_item(
    tables: Tables, items: Items, sessions: Sessions, code: Code, story: Story, expect: Expect
) -> None:
    """The item with this id, as the database has it."""
    tables.create()
    for item_id, name, description in ((2, "chair", None), (5, "lamp", "warm light"), (9, "table", "")):
        items.add(id=item_id, name=name, description=description)
    for row in items.rows():
        story.begin("stored items with the ids 2, 5, 9")
        item = code.call("crud.get_item", sessions.new(), row["id"])
        expect.equal(code.read(item, "id", "name", "description"), row)


@rule(
    task="5.2",
    title="get_item returns None for an unknown id",
    why="'There is none' is an answer, not an accident; the caller decides what it means.",
    hint="db.get gives None by itself; one() raises, one_or_none() does not.",
)
def test_get_unknown_is_none(
    tables: Tables, items: Items, crud: Crud, sessions: Sessions, code: Code, story: Story, expect: Expect
) -> None:
    """No item, no exception, also where the ids before and after are taken."""
    tables.create()
    for item_id in (2, 5):
        items.add(id=item_id, name=f"item {item_id}")
    for known in (5, 2):
        crud.expect_found(known, "get_returns_the_item")
    for unknown in (3, 6):
        story.begin("stored items with the ids 2 and 5")
        expect.equal(code.call("crud.get_item", sessions.new(), unknown), None)


@rule(
    task="5.3",
    title="list_items is ordered by id",
    why="Without ORDER BY the database gives rows in the order that suits it, and pages overlap or miss rows.",
    hint="select(Item).order_by(Item.id), before offset and limit: sorting the page afterwards is too late. "
    "db.scalars(...) gives items, db.execute(...) rows.",
)
def test_list_is_ordered(tables: Tables, items: Items, crud: Crud, story: Story, expect: Expect) -> None:
    """The ids come in order, however the rows were written and whatever the database prefers; and so do pages."""
    tables.create()
    for item_id, name in ((3, "b"), (1, "d"), (10, "a"), (2, "e"), (4, "c")):
        items.add(id=item_id, name=name)
    for limit in (5, 3):
        story.begin("stored items with the ids 3, 1, 10, 2, 4")
        found = crud.ids(crud.page(0, limit))[:limit]
        wanted = [1, 2, 3, 4, 10][: len(found)]
        if limit == 5 and found == sorted(found) != wanted:
            raise Waits(f"of all ids came {found}", "list_pages")
        expect.equal(found, wanted, "ids:")


@rule(
    task="5.3",
    title="list_items gives one page",
    why="A table grows; an answer must not. The client asks for as many as it can show.",
    hint="offset() skips rows, limit() ends the page; both belong into the query. The parameters have "
    "these names, in this order; the default limit is 100.",
)
def test_list_pages(tables: Tables, pages: Pages) -> None:
    """Pages have the size that was asked for, follow each other without overlap, and are 100 long by default."""
    tables.create()
    pages.expect_one_of_one()
    pages.store_all()
    pages.expect_each_item_once()
    pages.expect_size(100)
    pages.expect_size(2, offset=101)
    pages.expect_size(0, offset=103)
    pages.expect_size_by_position(2, 100, 2)


@rule(
    task="5.3",
    title="reading does not commit",
    why="A commit in a read saves whatever the caller had begun and not yet finished; a rollback() or close() "
    "throws it away.",
    hint="get_item and list_items need no commit(), no begin(), no rollback() and no close(): the session is the "
    "caller's. 'with db:' closes it too.",
)
def test_reads_do_not_commit(
    tables: Tables, items: Items, crud: Crud, sessions: Sessions, code: Code, story: Story
) -> None:
    """What the caller has written but not committed is still there after a read, and can still be rolled back."""
    tables.create()
    item_id = items.add()
    for path, arguments, rule_name in (
        ("crud.get_item", [item_id], "get_returns_the_item"),
        ("crud.list_items", [], "list_is_ordered"),
    ):
        with waiting_for(rule_name), sessions.new() as session:
            crud.consume(code.call(path, session, *arguments))
        session = sessions.new()
        crud.write_unfinished(session)
        story.begin("the caller wrote a row and did not commit")
        crud.consume(code.call(path, session, *arguments))
        crud.expect_unfinished(session)


@rule(
    task="5.4",
    title="update_item saves the change",
    why="Others see only what was committed; the rest is gone as soon as the session is closed.",
    hint="Set every field that was sent, then commit(); refresh() before the commit takes the change back. "
    "An UPDATE statement needs a WHERE with the id.",
)
def test_update_persists(tables: Tables, items: Items, crud: Crud, expect: Expect) -> None:
    """After update_item the change is in the database, seen from another connection, in this row only."""
    tables.create()
    for item_id in (2, 9):
        items.add(id=item_id, name="lamp", description="old")
    crud.update({"id": 5, "name": "lamp", "description": "warm"}, name="torch", description="cold light")
    rows = [(row["id"], row["name"], row["description"]) for row in items.rows()]
    wanted = [(2, "lamp", "old"), (5, "torch", "cold light"), (9, "lamp", "old")]
    expect.equal(rows, wanted, "rows in the database, seen by others:")


@rule(
    task="5.4",
    title="update_item returns a fully loaded item",
    why=_REFRESH,
    hint="After commit(), refresh(item) loads the row once more; and return the item.",
    needs=["update_persists"],
)
def test_update_refreshes(tables: Tables, items: Items, crud: Crud) -> None:
    """The returned item is readable after its session was closed, and is what the database holds."""
    tables.create()
    items.described_by_the_database("UPDATE")
    before = {"name": "lamp", "description": "warm"}
    crud.expect_current(*crud.update(before, name="torch", description="cold light"))
    nothing_sent = crud.try_update(before)
    if nothing_sent:
        crud.expect_current(*nothing_sent)


@rule(
    task="5.4",
    title="update_item keeps what was not sent",
    why="A client that changes the description has said nothing about the name.",
    hint="data.model_dump(exclude_unset=True) holds what was sent and nothing else; it may be empty, and then nothing "
    "changes.",
    needs=["update_persists"],
)
def test_update_keeps_omitted_fields(tables: Tables, items: Items, crud: Crud, expect: Expect) -> None:
    """One field, the other, and none: what was left out stays."""
    tables.create()
    before = {"name": "lamp", "description": "warm light"}
    for sent in ({"description": "cold light"}, {"name": "torch"}, {}):
        crud.update(before, **sent)
        row = items.rows()[-1]
        expect.equal({name: row[name] for name in before}, {**before, **sent}, "row:")


@rule(
    task="5.4",
    title="update_item clears what was sent as null",
    why="'is not None' cannot tell 'not sent' from 'sent as null': a description could never be removed again.",
    hint="Ask what was sent (exclude_unset, model_fields_set), not whether the value is None.",
    needs=["update_persists"],
)
def test_update_null_clears(tables: Tables, items: Items, crud: Crud, expect: Expect) -> None:
    """description=None makes the column NULL."""
    tables.create()
    crud.update_description(None)
    expect.equal(items.rows()[-1]["description"], None, "description in the database:")


@rule(
    task="5.4",
    title="an empty text is a value",
    why="'if data.description:' is false for an empty text too, and so the client's wish is lost.",
    hint="Ask what was sent, not whether the value is true.",
    needs=["update_persists"],
)
def test_update_empty_string_is_a_value(tables: Tables, items: Items, crud: Crud, expect: Expect) -> None:
    """description="" is stored as it is."""
    tables.create()
    crud.update_description("")
    expect.equal(items.rows()[-1]["description"], "", "description in the database:")


@rule(
    task="5.5",
    title="delete_item deletes the item",
    why="Without a commit the row is back as soon as the session is closed.",
    hint="delete(item) only tells the session; what makes it last is commit(). "
    "A DELETE statement needs a WHERE with the id: names may repeat.",
)
def test_delete_persists(
    tables: Tables, items: Items, sessions: Sessions, code: Code, story: Story, expect: Expect
) -> None:
    """After delete_item this row, and no other, is gone, seen from another connection."""
    tables.create()
    for item_id, name in ((2, "lamp"), (5, "lamp"), (7, "lamp"), (9, "table")):
        items.add(id=item_id, name=name)
    session = sessions.new()
    story.did("stored (2, 'lamp'), (5, 'lamp'), (7, 'lamp'), (9, 'table')")
    code.call("crud.delete_item", session, sessions.load_item(session, 5))
    rows = [(row["id"], row["name"]) for row in items.rows()]
    expect.equal(rows, [(2, "lamp"), (7, "lamp"), (9, "table")], "rows in the database, seen by others:")
