"""In the child: the checks of chapter 09: items with their owners, loaded with as few queries as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.client import Client
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.observer import Seen
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.owner_answers import OwnerAnswers
    from grader.lab.topics.owner_lists import OwnerLists
    from grader.lab.topics.owner_pages import OwnerPages
    from grader.lab.topics.owners import Owners
    from grader.lab.topics.rest import Rest


# How many statements a page may take; two are enough.
_MOST = 10


@rule(
    task="9.6",
    title="GET /items-with-owner/ shows each item with its owner",
    why="The client wants the item and whose it is, in one answer: the right owner, and of the owner the "
    "id and the name alone.",
    hint="Follow one item and its owner from the query to the answer. Where does the first difference begin?",
)
def test_owner_is_in_the_answer(
    tables: Tables, items: Items, owners: Owners, owner_answers: OwnerAnswers, story: Story
) -> None:
    """200, and exactly id, name, description and the owner's id and name for every item, as they are by then."""
    tables.create()
    owners.add("Edsger")
    ada, grace = owners.add("Ada"), owners.add("Grace")
    for name, owner_id in (("lamp", ada), ("chair", grace), ("table", ada)):
        items.add(name=name, owner_id=owner_id)
    owner_answers.expect_all()
    if owners.rename(ada, "Ada Lovelace"):
        story.begin("one GET, then gave the owner 'Ada' the name 'Ada Lovelace'")
        owner_answers.expect_all()


@rule(
    task="9.6",
    title="an item without an owner stays in the list, with null",
    why="An item without an owner is an item like any other. Clients have to find it in the list, as it is.",
    hint="Follow an item that has no owner from the query to the answer. Which line drops it, or changes it?",
    needs=["owner_is_in_the_answer"],
)
def test_item_without_owner_has_null(tables: Tables, items: Items, owners: Owners, owner_answers: OwnerAnswers) -> None:
    """Items with and without an owner are in the answer; those without have owner null."""
    tables.create()
    items.add(name="lamp", owner_id=None)
    items.add(name="chair", owner_id=owners.add("Ada"))
    items.add(name="table", owner_id=None)
    owner_answers.expect_all()


@rule(
    task="9.6",
    title="more items do not take more queries",
    why="One query for the list, and one more for each item or owner: ten items are quick on your desk; a hundred "
    "over a network are not.",
    hint="The timeline shows every statement. Which ones come again and again, and which line sends them?",
    needs=["owner_is_in_the_answer"],
)
def test_query_count_is_constant(
    tables: Tables, owners: Owners, owner_lists: OwnerLists, story: Story, expect: Expect
) -> None:
    """10 items with 10 owners take as many statements as 2 items with 2, in the answer and in crud; 100 take few."""
    tables.create()
    owners.add_items(1, 2)
    few = owner_lists.statements(2)
    owners.add_items(3, 4, 5, 6, 7, 8, 9, 10)
    story.lines.clear()
    many = owner_lists.statements(10)
    for (what, two, where), (_, ten, _) in zip(few, many, strict=True):
        expect(
            0 < ten <= two,
            saw=f"{what}: {two} statements for 2 items with 2 owners, {ten} for 10 with 10",
            wanted="for 10 items no more statements than for 2",
            where=where,
        )
    owners.add_items(*range(11, 101))
    story.lines.clear()
    for (what, sent, where), (_, two, _) in zip(owner_lists.statements(0), few, strict=True):
        expect(
            sent <= _MOST,
            saw=f"{what}: {sent} statements for 100 items with 100 owners, {two} for 2 with 2",
            wanted="a few statements for a page, however many items it has",
            where=where,
        )


@rule(
    task="9.5",
    title="all that the answer shows is loaded before the session closes",
    why="What is read after the session closes must be loaded before that: later, nothing can be loaded.",
    hint="Follow an item from the query to the moment when it is read. What is known of it by then, and what is not?",
)
def test_loaded_before_the_session_closes(
    tables: Tables, owners: Owners, owner_answers: OwnerAnswers, owner_lists: OwnerLists, story: Story
) -> None:
    """What list_items_with_owner gave is accepted by ItemWithOwner after its session was closed."""
    tables.create()
    owners.add_items(1, 2)
    _expect_accepted_when_closed(owner_lists, story)
    owner_answers.expect_loaded()
    owners.add_items(3, 4, 5, 6, 7, owners=2)  # those of one owner do not follow each other
    story.begin("stored 7 items, of which neighbours have different owners")
    _expect_accepted_when_closed(owner_lists, story)


def _expect_accepted_when_closed(owner_lists: OwnerLists, story: Story) -> None:
    items = owner_lists.listed_and_closed()
    story.did("closed the session and called ItemWithOwner.model_validate(item) for each")
    owner_lists.expect_accepted(items)


@rule(
    task="9.6",
    title="the list comes in pages, in the order of the ids",
    why="A page has exactly the items that were asked for, in the same order each time. Owners change "
    "nothing about that.",
    hint="Follow offset and limit from the caller to the query. Which rows does it choose, and in which order?",
    needs=["loaded_before_the_session_closes"],
)
def test_list_pages(tables: Tables, items: Items, owner_pages: OwnerPages) -> None:
    """Pages hold the right items in the right order, each with its own owner; 100 by default."""
    tables.create()
    owner_pages.store_few()
    owner_pages.store_many()
    items.found_by_an_index()
    for offset, limit in ((0, 2), (2, 3), (5, 98), (103, 2)):
        owner_pages.expect_listed(offset=offset, limit=limit)
    owner_pages.expect_listed()
    owner_pages.expect_answered()
    owner_pages.expect_listed_among_others((2, 3), (5, 98))


@rule(
    task="9.6",
    title="the answers below /items/ are as they were",
    why="A client of /items/ counts on three fields. What is new belongs in a schema of its own.",
    hint="Which line says what this answer shows?",
    needs=["owner_is_in_the_answer", "item_without_owner_has_null"],
)
def test_other_answers_show_no_owner(
    tables: Tables, items: Items, owners: Owners, client: Client, owner_answers: OwnerAnswers, expect: Expect
) -> None:
    """What POST, GET and PATCH below /items/ answer is id, name and description; only the new list has the owner."""
    tables.create()
    item_id = items.add(owner_id=owners.add("Ada"))
    owner_answers.get()
    for method, path, body in (
        ("POST", "/items/", {"name": "chair"}),
        ("GET", f"/items/{item_id}", None),
        ("GET", "/items/", None),
        ("PATCH", f"/items/{item_id}", {"name": "torch"}),
    ):
        answer = client.only_request(method, path, **({} if body is None else {"json": body}))
        found = answer.json
        item = found[0] if isinstance(found, list) and found else found
        fields = sorted(item) if isinstance(item, dict) else item
        if answer.status < 300:  # whether there is an answer is the business of the_rest_still_works
            expect.equal(fields, ["description", "id", "name"], "fields:")


@rule(
    task="9.6",
    title="the session is closed after the answer",
    why="A session that stays open keeps a connection from everyone else.",
    hint="Which line opened the session that worked here, and which one should have closed it?",
    needs=["owner_is_in_the_answer"],
)
def test_session_is_closed_after_the_answer(
    tables: Tables, owners: Owners, owner_answers: OwnerAnswers, seen: Seen, expect: Expect
) -> None:
    """After an answer: no connection out, no transaction, no object attached."""
    tables.create()
    owners.add_items(1, 2)
    owner_answers.get()
    expect(seen.count("BEGIN") > 0, saw="no session was used", wanted="a session that is used and closed")
    expect.all_closed()


@rule(
    task="9.1",
    title="the rest of the app still works",
    why="Clients go on using what was there before. A step that breaks it is a step back.",
    hint="Take the last step above and follow it through your app. Which line decides what happens there?",
)
def test_the_rest_still_works(rest: Rest) -> None:
    """The app starts on an empty database; /items/ works, also DELETE of an item with an owner; other paths are 404."""
    rest.expect_start("items", "owners")
    rest.expect_items_to_work()
    rest.expect_delete_to_leave_owners()
    rest.expect_nothing_in_the_way("GET", "/items-with-owner/")
