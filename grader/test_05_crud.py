"""Chapter 05: create, read, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.lab import Lab

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
def test_create_persists(lab: Lab) -> None:
    """After create_item the row is in the database as it was sent, seen from another connection; names may repeat."""
    lab.create_tables()
    lab.add_item(id=2, name="lamp", description="old")
    lab.did("stored (2, 'lamp', 'old')")
    stored: list[tuple[str, str | None]] = [("lamp", "old")]
    for sent in ({"name": "Lamp", "description": "warm light"}, {"name": "chair"}, {"name": "lamp"}):
        session = lab.session()
        lab.call("crud.create_item", session, lab.schemas.make("ItemCreate", **sent))
        stored.append((sent["name"], sent.get("description")))
        rows = [(row["name"], row["description"]) for row in lab.items()]
        lab.expect_equal(rows, stored, "rows in the database, seen by others:")
        session.close()


@rule(
    task="5.1",
    title="create_item returns a fully loaded item",
    why=_REFRESH,
    hint="After commit(), refresh(item) loads the row once more; and return the item.",
    needs=["create_persists"],
)
def test_create_refreshes(lab: Lab) -> None:
    """The returned item is readable after its session was closed, and is what the database holds of the new row."""
    lab.create_tables()
    lab.add_item(id=5, name="lamp", description="warm light")
    lab.database_describes("INSERT")
    session = lab.session()
    item = lab.call("crud.create_item", session, lab.schemas.make("ItemCreate", name="lamp", description="warm light"))
    lab.expect_current(item, session, other_than=5)


@rule(
    task="5.2",
    title="get_item returns the item",
    why="Everything else starts with finding the right row.",
    hint="db.get(Item, item_id) looks a row up by its primary key; db.scalars(...) gives items, db.execute(...) rows.",
)
def test_get_returns_the_item(lab: Lab) -> None:
    """The item with this id, as the database has it."""
    lab.create_tables()
    for item_id, name, description in ((2, "chair", None), (5, "lamp", "warm light"), (9, "table", "")):
        lab.add_item(id=item_id, name=name, description=description)
    for row in lab.items():
        lab.tell_from_here("stored items with the ids 2, 5, 9")
        item = lab.call("crud.get_item", lab.session(), row["id"])
        lab.expect_equal(lab.read(item, "id", "name", "description"), row)


@rule(
    task="5.2",
    title="get_item returns None for an unknown id",
    why="'There is none' is an answer, not an accident; the caller decides what it means.",
    hint="db.get gives None by itself; one() raises, one_or_none() does not.",
)
def test_get_unknown_is_none(lab: Lab) -> None:
    """No item, no exception, also where the ids before and after are taken."""
    lab.create_tables()
    for item_id in (2, 5):
        lab.add_item(id=item_id, name=f"item {item_id}")
    for known in (5, 2):
        lab.expect_item("get_returns_the_item", lab.session(), known)
    for unknown in (3, 6):
        lab.tell_from_here("stored items with the ids 2 and 5")
        lab.expect_equal(lab.call("crud.get_item", lab.session(), unknown), None)


@rule(
    task="5.3",
    title="list_items is ordered by id",
    why="Without ORDER BY the database gives rows in the order that suits it, and pages overlap or miss rows.",
    hint="select(Item).order_by(Item.id), before offset and limit: sorting the page afterwards is too late. "
    "db.scalars(...) gives items, db.execute(...) rows.",
)
def test_list_is_ordered(lab: Lab) -> None:
    """The ids come in order, however the rows were written and whatever the database prefers; and so do pages."""
    lab.create_tables()
    for item_id, name in ((3, "b"), (1, "d"), (10, "a"), (2, "e"), (4, "c")):
        lab.add_item(id=item_id, name=name)
    for limit in (5, 3):
        lab.tell_from_here("stored items with the ids 3, 1, 10, 2, 4")
        found = lab.ids(lab.call_list_items(0, limit))[:limit]
        wanted = [1, 2, 3, 4, 10][: len(found)]
        if limit == 5 and found == sorted(found) != wanted:
            raise lab.waits(f"of all ids came {found}", "list_pages")
        lab.expect_equal(found, wanted, "ids:")


@rule(
    task="5.3",
    title="list_items gives one page",
    why="A table grows; an answer must not. The client asks for as many as it can show.",
    hint="offset() skips rows, limit() ends the page; both belong into the query. The parameters have "
    "these names, in this order; the default limit is 100.",
)
def test_list_pages(lab: Lab) -> None:
    """Pages have the size that was asked for, follow each other without overlap, and are 100 long by default."""
    lab.create_tables()
    lab.add_item(id=11)
    lab.tell_from_here("stored one item")
    with lab.session() as session:
        found = lab.ids(lab.call("crud.list_items", session), "list_is_ordered")
    lab.expect_equal(len(found), 1, "items on the page:")
    lab.add_items(102)
    missing = {row["id"] for row in lab.items()}
    for offset, limit, size in ((0, 2, 2), (2, 2, 2), (4, 99, 99)):
        lab.tell_from_here("stored 103 items, the ids 11 to 113")
        page = lab.call("crud.list_items", lab.session(), offset=offset, limit=limit)
        found = lab.ids(page, "list_is_ordered")
        lab.expect_equal(len(found), size, "items on the page:")
        again = sorted(set(found) - missing)
        saw = f"on this page and on an earlier one: the ids {again[:5]}"
        lab.expect(not again, saw=saw, wanted="items that were on no earlier page")
        missing -= set(found)
    lab.tell_from_here(
        "stored 103 items, the ids 11 to 113", "took the pages 0 to 1, 2 to 3 and 4 to 102 by offset and limit"
    )
    lab.expect(not missing, saw=f"not on any page: the ids {sorted(missing)[:5]}", wanted="each item on one page")
    for arguments, size in (({}, 100), ({"offset": 101}, 2), ({"offset": 103}, 0)):
        lab.tell_from_here("stored 103 items, the ids 11 to 113")
        found = lab.ids(lab.call("crud.list_items", lab.session(), **arguments), "list_is_ordered")
        lab.expect_equal(len(found), size, "items on the page:")
    lab.tell_from_here("stored 103 items, the ids 11 to 113")
    lab.expect_equal(len(lab.ids(lab.call_list_items(100, 2))), 2, "items on the page:")


@rule(
    task="5.3",
    title="reading does not commit",
    why="A commit in a read saves whatever the caller had begun and not yet finished; a rollback() or close() "
    "throws it away.",
    hint="get_item and list_items need no commit(), no begin(), no rollback() and no close(): the session is the "
    "caller's. 'with db:' closes it too.",
)
def test_reads_do_not_commit(lab: Lab) -> None:
    """What the caller has written but not committed is still there after a read, and can still be rolled back."""
    lab.create_tables()
    item_id = lab.add_item()
    for path, arguments, rule_name in (
        ("crud.get_item", [item_id], "get_returns_the_item"),
        ("crud.list_items", [], "list_is_ordered"),
    ):
        with lab.waiting_for(rule_name), lab.session() as session:
            lab.consume(lab.call(path, session, *arguments))
        session = lab.session()
        lab.write_unfinished(session)
        lab.tell_from_here("the caller wrote a row and did not commit")
        lab.consume(lab.call(path, session, *arguments))
        kept = lab.finds_unfinished(session)
        with lab.learner_code("a session that can be rolled back"):
            session.rollback()
        saved = len(lab.items()) - 1
        lab.expect(
            not saved and not lab.seen.count("COMMIT"),
            saw="the read sent a COMMIT" + (" and saved the caller's unfinished row" if saved else ""),
            wanted="no COMMIT",
        )
        lost = "the read ended the caller's transaction: the caller's unfinished row is gone"
        lab.expect(kept, saw=lost, wanted="a transaction that goes on")


@rule(
    task="5.4",
    title="update_item saves the change",
    why="Others see only what was committed; the rest is gone as soon as the session is closed.",
    hint="Set every field that was sent, then commit(); refresh() before the commit takes the change back. "
    "An UPDATE statement needs a WHERE with the id.",
)
def test_update_persists(lab: Lab) -> None:
    """After update_item the change is in the database, seen from another connection, in this row only."""
    lab.create_tables()
    for item_id in (2, 9):
        lab.add_item(id=item_id, name="lamp", description="old")
    lab.update({"id": 5, "name": "lamp", "description": "warm"}, name="torch", description="cold light")
    rows = [(row["id"], row["name"], row["description"]) for row in lab.items()]
    wanted = [(2, "lamp", "old"), (5, "torch", "cold light"), (9, "lamp", "old")]
    lab.expect_equal(rows, wanted, "rows in the database, seen by others:")


@rule(
    task="5.4",
    title="update_item returns a fully loaded item",
    why=_REFRESH,
    hint="After commit(), refresh(item) loads the row once more; and return the item.",
    needs=["update_persists"],
)
def test_update_refreshes(lab: Lab) -> None:
    """The returned item is readable after its session was closed, and is what the database holds."""
    lab.create_tables()
    lab.database_describes("UPDATE")
    before = {"name": "lamp", "description": "warm"}
    lab.expect_current(*lab.update(before, name="torch", description="cold light"))
    nothing_sent = lab.try_update(before)
    if nothing_sent:
        lab.expect_current(*nothing_sent)


@rule(
    task="5.4",
    title="update_item keeps what was not sent",
    why="A client that changes the description has said nothing about the name.",
    hint="data.model_dump(exclude_unset=True) holds what was sent and nothing else; it may be empty, and then nothing "
    "changes.",
    needs=["update_persists"],
)
def test_update_keeps_omitted_fields(lab: Lab) -> None:
    """One field, the other, and none: what was left out stays."""
    lab.create_tables()
    before = {"name": "lamp", "description": "warm light"}
    for sent in ({"description": "cold light"}, {"name": "torch"}, {}):
        lab.update(before, **sent)
        row = lab.items()[-1]
        lab.expect_equal({name: row[name] for name in before}, {**before, **sent}, "row:")


@rule(
    task="5.4",
    title="update_item clears what was sent as null",
    why="'is not None' cannot tell 'not sent' from 'sent as null': a description could never be removed again.",
    hint="Ask what was sent (exclude_unset, model_fields_set), not whether the value is None.",
    needs=["update_persists"],
)
def test_update_null_clears(lab: Lab) -> None:
    """description=None makes the column NULL."""
    lab.create_tables()
    lab.update_description(None)
    lab.expect_equal(lab.items()[-1]["description"], None, "description in the database:")


@rule(
    task="5.4",
    title="an empty text is a value",
    why="'if data.description:' is false for an empty text too, and so the client's wish is lost.",
    hint="Ask what was sent, not whether the value is true.",
    needs=["update_persists"],
)
def test_update_empty_string_is_a_value(lab: Lab) -> None:
    """description="" is stored as it is."""
    lab.create_tables()
    lab.update_description("")
    lab.expect_equal(lab.items()[-1]["description"], "", "description in the database:")


@rule(
    task="5.5",
    title="delete_item deletes the item",
    why="Without a commit the row is back as soon as the session is closed.",
    hint="delete(item) only tells the session; what makes it last is commit(). "
    "A DELETE statement needs a WHERE with the id: names may repeat.",
)
def test_delete_persists(lab: Lab) -> None:
    """After delete_item this row, and no other, is gone, seen from another connection."""
    lab.create_tables()
    for item_id, name in ((2, "lamp"), (5, "lamp"), (7, "lamp"), (9, "table")):
        lab.add_item(id=item_id, name=name)
    session = lab.session()
    lab.did("stored (2, 'lamp'), (5, 'lamp'), (7, 'lamp'), (9, 'table')")
    lab.call("crud.delete_item", session, lab.loaded_item(session, 5))
    rows = [(row["id"], row["name"]) for row in lab.items()]
    lab.expect_equal(rows, [(2, "lamp"), (7, "lamp"), (9, "table")], "rows in the database, seen by others:")
