"""In the child: the checks of chapter 05: create, read, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.outcomes import Waits
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.code import Code
    from grader.lab.database import Database
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.sessions import Sessions
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.caller import Caller
    from grader.lab.topics.crud import Crud
    from grader.lab.topics.pages import Pages
    from grader.lab.topics.writes import Writes

_REFRESH = (
    "The caller may read the item after its session was closed, when nothing can be loaded any more. It then has to "
    "show what the database holds. That may differ from what was sent: a default or a trigger can change a row."
)
_WHEN = (
    "Which object do you return, and when were its values last loaded: before the last write was saved, or after it?"
)
_BARE: dict[str, Any] = {"name": "lamp", "description": None}
_LONG: dict[str, Any] = {"name": "Lamp" * 50, "description": "Warm\n" * 99 + "light"}
_QUOTED: dict[str, Any] = {"name": "Ada's lamp", "description": '50% off: "now" :x'}
_LAMP: dict[str, Any] = {"name": "lamp", "description": "warm light"}


@rule(
    task="5.1",
    title="create_item saves the item",
    why="What was sent has to be in the database afterwards, as one new row that everybody sees. What was not "
    "committed is gone as soon as the session is closed.",
    hint="Follow the values from what was sent to the row. The timeline shows what reached the database.",
)
def test_create_persists(tables: Tables, items: Items, writes: Writes) -> None:
    """After create_item the row is in the database as it was sent, seen from another connection; names may repeat.

    Where the database refuses the row, no item is returned as if it had been saved.
    """
    tables.create()
    writes.expect_created(**_LAMP)  # while there is none
    items.add(id=3, name="lamp", description="old")
    for sent in ({"name": "lamp"}, _LAMP, _BARE, {"name": "chair", "description": ""}, _QUOTED, _LONG):
        writes.expect_created(**sent)
    writes.expect_create_refused()


@rule(
    task="5.1",
    title="create_item returns a fully loaded item",
    why=_REFRESH,
    hint=_WHEN,
    needs=["create_persists"],
)
def test_create_refreshes(tables: Tables, items: Items, writes: Writes) -> None:
    """The returned item is readable after its session was closed, and is what the database holds of the new row."""
    tables.create()
    for item_id, name in ((50, "lamp"), (70, "a lamp"), (90, "table")):
        items.add(id=item_id, name=name)
    items.described_by_the_database("INSERT")
    for sent in (_LAMP, {"name": "lamp"}):
        writes.expect_created_current(**sent)


@rule(
    task="5.2",
    title="get_item returns the item",
    why="Everything else starts with finding the right row.",
    hint="What does your query ask for, and what does your function make of the answer?",
)
def test_get_returns_the_item(
    tables: Tables, items: Items, crud: Crud, sessions: Sessions, code: Code, story: Story, expect: Expect
) -> None:
    """The item with this id, as the database has it: the first, the last, one of many alike, beyond a page, a new one.

    The new one was asked for before it was there, in the same session. One was stored by create_item.
    """
    tables.create()
    for item_id, name, description in ((2, "chair", None), (5, "lamp", "warm light"), (9, "lamp", "")):
        items.add(id=item_id, name=name, description=description)
    items.add_alike(99)
    made, by = crud.made_here(**_LAMP)
    rows = items.rows()
    for number, row in enumerate((*rows[:3], rows[50], rows[-1])):
        earlier = [f"called get_item for {number} of them"] if number else []
        earlier += [f"the item {made}{by}"] if by and row["id"] == made else []
        story.begin(f"stored {len(rows)} items, the ids 2, 5, 9 and so on", *earlier)
        item = code.call("crud.get_item", sessions.new(), row["id"])
        expect.equal(code.read(item, "id", "name", "description"), row)
    crud.expect_found_later({"id": 7, "name": "lamp", "description": "warm light"})


@rule(
    task="5.2",
    title="get_item returns None for an unknown id",
    why="'There is none' is an answer, not an accident; the caller decides what it means.",
    hint="Go through the function with an id that no row has. What does each line give you?",
)
def test_get_unknown_is_none(
    tables: Tables, items: Items, crud: Crud, sessions: Sessions, code: Code, story: Story, expect: Expect
) -> None:
    """No item, no exception: in an empty table, before the first id, between two, and after the last."""
    tables.create()
    for item_id in (2, 5):
        items.add(id=item_id, name=f"item {item_id}")
    for known in (5, 2):
        crud.expect_found(known, "get_returns_the_item")
    for unknown in (1, 3, 6, 2):
        story.begin("stored items with the ids [2, 5]")
        if unknown == 2:
            items.remove_all()
            story.begin("stored items with the ids [2, 5] and called get_item for each", "deleted both with plain SQL")
        with sessions.open() as session:
            expect.equal(code.call("crud.get_item", session, unknown), None)


@rule(
    task="5.3",
    title="list_items is ordered by id",
    why="Without ORDER BY the database gives rows in the order that suits it, and pages overlap or miss rows.",
    hint="The database puts the rows in order, and then cuts the page. Which order does your query ask for, "
    "and what happens to the page after that?",
)
def test_list_is_ordered(
    tables: Tables, items: Items, crud: Crud, sessions: Sessions, database: Database, story: Story, expect: Expect
) -> None:
    """The ids come in order, however the rows were written and whatever the database prefers; and so do pages."""
    tables.create()
    for item_id, name, text in ((3, "b", "y"), (1, "d", None), (16, "a", "z"), (2, "e", "x"), (4, "c", None)):
        items.add(id=item_id, name=name, description=text)
    for limit in (5, 3):
        story.begin("stored items with the ids 3, 1, 16, 2, 4")
        found = crud.ids(crud.page(0, limit))[:limit]
        wanted = [1, 2, 3, 4, 16][: len(found)]
        if limit == 5 and found == sorted(found) != wanted:
            raise Waits(f"of all ids came {found}", "list_pages")
        expect.equal(found, wanted, "ids:")
    sessions.close()
    database.find_oldest_first()  # who turns round what nobody has ordered finds another order now
    for by_an_index in (False, True):
        if by_an_index:
            items.found_by_an_index()
        story.begin("stored items with the ids 3, 1, 16, 2, 4")
        found = crud.ids(crud.page(0, 5))
        expect.equal(found, sorted(found), "ids:")
        sessions.close()
    items.add_alike(100)
    found = crud.ids(crud.page(3, 100))
    expect.equal(found, sorted(found), "ids:")


@rule(
    task="5.3",
    title="list_items gives one page",
    why="A table grows; an answer must not. The client asks for as many as it can show.",
    hint="Compare the page that was asked for with the one that came. How many rows does your query skip, how "
    "many does it give, and what happens to them after that?",
)
def test_list_pages(tables: Tables, pages: Pages) -> None:
    """Pages have the size that was asked for, follow each other without overlap, and are 100 long by default."""
    tables.create()
    pages.expect_listed_later()
    pages.expect_one_of_one()
    pages.store_all()
    pages.expect_each_item_once((0, 2), (2, 2), (4, 99))
    pages.expect_each_item_once((0, 100), (100, 100))
    for offset, size in ((3, 100), (101, 2), (103, 0)):
        pages.expect_size(size, offset=offset)
    pages.expect_size(100)
    pages.expect_size_by_position(2, 100, 2)


@rule(
    task="5.3",
    title="reading does not commit",
    why="A commit in a read saves whatever the caller had begun and not yet finished; a rollback() or close() "
    "throws it away.",
    hint="The session is the caller's, and so is its transaction. Which line ends it, or changes what is in it?",
)
def test_reads_do_not_commit(tables: Tables, items: Items, caller: Caller) -> None:
    """What the caller has written but not committed is still there after a read, and can still be rolled back.

    That holds for reads that find something and for reads that find nothing.
    """
    tables.create()
    item_id = items.add()
    caller.expect_undisturbed("crud.get_item", item_id, rule="get_returns_the_item")
    caller.expect_undisturbed("crud.list_items", rule="list_is_ordered")
    caller.expect_undisturbed("crud.get_item", item_id + 4711)
    caller.expect_undisturbed("crud.list_items", offset=10)


@rule(
    task="5.4",
    title="update_item saves the change",
    why="The change has to be in the database afterwards, in this row alone, for everybody to see. What was "
    "not committed is gone as soon as the session is closed.",
    hint="Follow the new value from what was sent to the row. The timeline shows what reached the database, "
    "and in which order.",
)
def test_update_persists(tables: Tables, items: Items, writes: Writes) -> None:
    """After update_item the change, of both or of one field, is in the database, in this row only, seen by others.

    Where the database refuses it, no item is returned as if it had been saved.
    """
    tables.create()
    for item_id in (2, 9):
        items.add(id=item_id, name="lamp", description="old")
    writes.expect_saved({"id": 5, **_LAMP}, name="Torch", description="Cold light")
    writes.expect_saved({"id": 1, **_LAMP}, name="torch")
    writes.expect_saved({"id": 10, **_BARE}, description="cold light")
    writes.expect_saved_here(_LAMP, name="Torch", description="Cold light")
    items.add_alike(100)
    writes.expect_saved({"id": 4711, **_BARE}, name="torch")
    writes.expect_saved({"id": 4712, **_LAMP}, **_QUOTED)
    writes.expect_update_refused()


@rule(
    task="5.4",
    title="update_item returns a fully loaded item",
    why=_REFRESH,
    hint=_WHEN,
    needs=["update_persists"],
)
def test_update_refreshes(tables: Tables, items: Items, writes: Writes) -> None:
    """The returned item is readable after its session was closed, and is what the database holds."""
    tables.create()
    items.described_by_the_database("UPDATE")
    writes.expect_updated_current(_LAMP, name="torch", description="cold light")
    writes.expect_updated_current(_LAMP, description="cold light")
    writes.expect_updated_current(_LAMP)
    writes.expect_updated_current(_BARE, name="torch")


@rule(
    task="5.4",
    title="update_item keeps what was not sent",
    why="A client that changes one field has said nothing about the other.",
    hint="Compare the fields that were sent with those that your code writes. How does it tell them apart?",
    needs=["update_persists"],
)
def test_update_keeps_omitted_fields(tables: Tables, writes: Writes) -> None:
    """One field, the other, and none: what was left out stays, be it a text or NULL."""
    tables.create()
    for row, sent in (
        (_LAMP, {"description": "cold light"}),
        (_LAMP, {"name": "torch"}),
        (_LAMP, {}),
        (_BARE, {}),
        (_BARE, {"name": "torch"}),
    ):
        writes.expect_kept(row, **sent)


@rule(
    task="5.4",
    title="update_item clears what was sent as null",
    why="A client has to be able to remove a description. 'Not sent' and 'sent as null' are different wishes.",
    hint="Here null was sent on purpose. Follow it from what was sent to the row: where does it get lost?",
    needs=["update_persists"],
)
def test_update_null_clears(tables: Tables, writes: Writes) -> None:
    """description=None makes the column NULL, alone and with a name."""
    tables.create()
    writes.expect_described(None, alone=_LAMP, with_a_name=_LAMP)


@rule(
    task="5.4",
    title="an empty text is a value",
    why="An empty text was sent on purpose. It is not the same as null, and not the same as 'not sent'.",
    hint="Follow the empty text from what was sent to the row. Where does it get lost, or become something else?",
    needs=["update_persists"],
)
def test_update_empty_string_is_a_value(tables: Tables, writes: Writes) -> None:
    """description="" is stored as it is, alone and with a name, instead of a text or of NULL."""
    tables.create()
    writes.expect_described("", alone=_LAMP, with_a_name=_BARE)


@rule(
    task="5.5",
    title="delete_item deletes the item",
    why="What was deleted has to be gone for everybody, and nothing else with it. What was not committed is "
    "back as soon as the session is closed.",
    hint="The timeline shows what reached the database. Which rows does it delete, and does it last?",
)
def test_delete_persists(tables: Tables, items: Items, crud: Crud, writes: Writes) -> None:
    """After delete_item this row, and no other, is gone, seen from another connection: any row, also the only one."""
    tables.create()
    for item_id, row in ((2, _BARE), (5, _LAMP), (7, _LAMP)):
        items.add(id=item_id, **row)
    items.add_alike(100)
    for item_id in (5, 2, items.rows()[-1]["id"]):
        writes.expect_deleted(item_id)
    items.remove_all()
    writes.expect_deleted(*crud.made_here(**_LAMP))
