"""Chapter 09: items with their owners, loaded with as few queries as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.lab import Lab


@rule(
    task="9.6",
    title="GET /items-with-owner/ shows each item with its owner",
    why="A client that has to ask again for each owner is slow; one that gets more than it should know is a leak.",
    hint="ItemWithOwner has the fields of ItemRead, and owner: OwnerRead | None; answer with a list of them.",
)
def test_owner_is_in_the_answer(lab: Lab) -> None:
    """200, and exactly id, name, description and the owner's id and name for every item."""
    lab.create_tables()
    lab.owners.add("Edsger")
    ada, grace = lab.owners.add("Ada"), lab.owners.add("Grace")
    for name, owner_id in (("lamp", ada), ("chair", grace), ("table", ada)):
        lab.add_item(name=name, owner_id=owner_id)
    lab.owners.expect_all()


@rule(
    task="9.5",
    title="an item without an owner stays in the list, with null",
    why="An inner join drops every item that has no owner: it is in the database, and nobody sees it any more.",
    hint="Item.owner may be None: owner: OwnerRead | None in the schema, and an outer join where you join.",
    needs=["owner_is_in_the_answer"],
)
def test_item_without_owner_has_null(lab: Lab) -> None:
    """Items with and without an owner are in the answer; those without have owner null."""
    lab.create_tables()
    lab.add_item(name="lamp", owner_id=None)
    lab.add_item(name="chair", owner_id=lab.owners.add("Ada"))
    lab.add_item(name="table", owner_id=None)
    lab.owners.expect_all()


@rule(
    task="9.5",
    title="more items do not take more queries",
    why="Reading item.owner for each item sends a SELECT for each owner: one query for the list, and N more. "
    "Ten items are quick on your desk; a hundred over a network are not.",
    hint="Load all owners at once: select(Item).options(selectinload(Item.owner)) or joinedload(Item.owner).",
    needs=["owner_is_in_the_answer"],
)
def test_query_count_is_constant(lab: Lab) -> None:
    """10 items with 10 owners take as many statements as 2 items with 2, in the answer and in crud."""
    lab.create_tables()
    lab.owners.add_items(1, 2)
    few = lab.owners.statements(2)
    lab.owners.add_items(3, 4, 5, 6, 7, 8, 9, 10)
    lab.story.clear()
    many = lab.owners.statements(10)
    for (what, two, where), (_, ten, _) in zip(few, many, strict=True):
        lab.expect(
            0 < ten <= two,
            saw=f"{what}: {two} statements for 2 items with 2 owners, {ten} for 10 with 10",
            wanted=f"{two} statements for 10 items too",
            where=where,
        )


@rule(
    task="9.5",
    title="the owners are loaded before the session closes",
    why="What is not loaded is loaded when it is read, and that needs the session that the item came from. "
    "Once this is closed, reading item.owner raises DetachedInstanceError.",
    hint="selectinload or joinedload in the query load the owner together with the item; "
    "ItemWithOwner and OwnerRead need from_attributes to read objects.",
)
def test_loaded_before_the_session_closes(lab: Lab) -> None:
    """What list_items_with_owner gave is accepted by ItemWithOwner after its session was closed."""
    lab.create_tables()
    lab.owners.add_items(1, 2)
    session = lab.session()
    items = lab.owners.listed_anyhow(session)
    with lab.learner_code("a session that can be closed"):
        session.close()
    before = lab.seen.statements()
    lab.did("closed the session and called ItemWithOwner.model_validate(item) for each")
    lab.owners.expect_accepted(items)
    sent = lab.seen.statements() - before
    lab.expect(not sent, saw=f"{sent} more statements were sent to read the items", wanted="everything is loaded")
    lab.owners.expect_answer_was_loaded()


@rule(
    task="9.5",
    title="the list comes in pages, in the order of the ids",
    why="Owners change nothing about it: without ORDER BY no order is promised, and an answer must not grow with the "
    "table. A limit counts rows; a join that repeats items makes pages shorter than they were meant.",
    hint="order_by(Item.id), offset() and limit() as in list_items, with its defaults; load the owners with options().",
    needs=["owner_is_in_the_answer", "loaded_before_the_session_closes"],
)
def test_list_pages(lab: Lab) -> None:
    """Pages hold the right items in the right order; 100 by default."""
    lab.create_tables()
    lab.owners.add_items(*(number * 7 % 103 + 1 for number in range(103)), owners=40)
    ordered = list(range(1, 104))
    for page in ({"offset": 0, "limit": 2}, {"offset": 2, "limit": 3}, {"offset": 5, "limit": 98}):
        wanted = ordered[page["offset"] :][: page["limit"]]
        lab.expect_equal(lab.owners.listed_ids(**page), wanted, f"ids for {page}:")
    lab.expect_equal(lab.owners.listed_ids(), ordered[:100], "ids without arguments:")
    every = lab.owners.ids()
    lab.expect(every in (ordered[:100], ordered), saw=f"ids {every}", wanted="ids in order, 100 of them")
    page_of_two = lab.owners.ids("?offset=2&limit=2")
    lab.expect(page_of_two in ([3, 4], every), saw=f"ids {page_of_two[:9]}", wanted="ids [3, 4]")


@rule(
    task="9.6",
    title="the answers below /items/ are as they were",
    why="A client of /items/ counts on three fields. What is new belongs into a schema of its own.",
    hint="Leave ItemRead as it is; ItemWithOwner builds on it.",
    needs=["owner_is_in_the_answer", "item_without_owner_has_null"],
)
def test_other_answers_show_no_owner(lab: Lab) -> None:
    """What POST, GET and PATCH below /items/ answer is id, name and description; only the new list has the owner."""
    lab.create_tables()
    item_id = lab.add_item(owner_id=lab.owners.add("Ada"))
    lab.owners.get()
    for method, path, body in (
        ("POST", "/items/", {"name": "chair"}),
        ("GET", f"/items/{item_id}", None),
        ("GET", "/items/", None),
        ("PATCH", f"/items/{item_id}", {"name": "torch"}),
    ):
        found = lab.only_request(method, path, **({} if body is None else {"json": body})).json
        item = found[0] if isinstance(found, list) and found else found
        fields = sorted(item) if isinstance(item, dict) else item
        lab.expect_equal(fields, ["description", "id", "name"], "fields:")


@rule(
    task="9.6",
    title="the session is closed after the answer",
    why="A session that stays open for the sake of late loading keeps a connection from everyone else.",
    hint="Use the session that Depends(get_db) gives you, and load in the query what the answer needs.",
    needs=["owner_is_in_the_answer"],
)
def test_session_is_closed_after_the_answer(lab: Lab) -> None:
    """After an answer: no connection out, no transaction, no object attached."""
    lab.create_tables()
    lab.owners.add_items(1, 2)
    lab.owners.get()
    lab.expect(lab.seen.count("BEGIN") > 0, saw="no session was used", wanted="a session that is used and closed")
    lab.expect_all_closed()
