"""In the child: the checks of chapter 06: the endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grader.outcomes import Waits
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.client import Client
    from grader.lab.database import Database
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.models import Models
    from grader.lab.place import Place
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.api import Api
    from grader.lab.topics.rest import Rest

_UNKNOWN = (
    "A client can only react to what it is told: 404 means 'there is none', "
    "500 means 'we have a bug', 200 with null means nothing at all."
)
_LAMP = {"name": "lamp", "description": "warm light"}
_EBOOKS: tuple[dict[str, str | None], ...] = (
    {"name": "eBook"},
    {"name": "eBook", "description": None},
    {"name": "eBook", "description": ""},
    {"name": "eBook", "description": "warm light"},
)
_BARE: dict[str, str | None] = {"name": "lamp", "description": None}
_TORCH = {"name": "torch", "description": "cold light"}
_CHANGES: tuple[tuple[Mapping[str, str | None], dict[str, str]], ...] = (
    (_LAMP, {"description": "cold light"}),
    (_LAMP, {"name": "torch"}),
    (_LAMP, _TORCH),
    (_LAMP, {}),
    (_BARE, {"description": "cold light"}),
    (_BARE, {"name": "torch"}),
    (_BARE, {}),
)
_BAD_TEXTS: tuple[object, ...] = (
    {"name": ""},
    {"name": " \t\n "},
    {"name": "x" * 201},
    {"name": "lamp", "description": "x" * 501},
    {"name": "la\x00mp"},
    {"name": "lamp", "description": "\x00"},
    "[]",
)


@rule(
    task="6.4",
    title="POST /items/ answers 201 with the stored item",
    why="201 says that something new is there; the answer is the client's only way to learn its id "
    "and what the database made of it.",
    hint="Follow one item from the body to its row, and from there to the answer. Where does it first "
    "differ from what is wanted?",
)
def test_create_answers_201(
    tables: Tables, items: Items, database: Database, client: Client, api: Api, expect: Expect
) -> None:
    """The answer is 201 and the stored row, which is what was sent, committed before the answer; names may repeat."""
    tables.create()
    api.look_at_answers()
    items.add(name="eBook")
    items.add_many(99)  # who looks for the new item on the first page does not find it
    database.find_oldest_first()  # who looks for it by its name finds an older one
    for body in _EBOOKS:
        if body.get("description"):
            items.described_by_the_database("INSERT")
        before = len(items.rows())
        answer = client.only_request("POST", "/items/", json=body)
        if api.is_left_to_the_schema(answer, body):
            continue
        expect.status(answer, 201)
        expect.equal(len(items.rows()) - before, 1, "new rows in the database:")
        expect.shows(api.shown(answer.json), items.rows()[-1])
        api.expect_stored(body)
        api.expect_saved_first()


@rule(
    task="6.6",
    title="GET /items/{id} answers with the item",
    why="Every link to an item leads here: its id has to show exactly this item.",
    hint="Follow the id from the path to the row, and the row to the answer. Where do they first differ "
    "from what is wanted?",
)
def test_read_answers_the_item(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """200 and the id, name and description of the right row: the first, the last, one in the middle, one of many."""
    tables.create()
    for item_id, description in ((2, None), (5, "warm light")):
        items.add(id=item_id, description=description)
    items.add_many(100)
    items.add(id=123456789, name="table", description="")
    api.made_here(**_LAMP)
    rows = items.rows()
    for row in (*rows[:2], rows[60], *rows[-2:]):
        answer = client.only_request("GET", f"/items/{row['id']}")
        expect.status(answer, 200)
        expect.equal(api.shown(answer.json), row, null="null")


@rule(
    task="6.6",
    title="GET of an unknown id answers 404",
    why=_UNKNOWN,
    hint="Follow an id that is in no row through the endpoint. Which line decides what the client is told?",
)
def test_get_unknown_is_404(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """404 for an id that does not exist or was deleted, 200 for one that exists."""
    tables.create()
    items.add(id=2, name="chair")
    items.add(id=5)
    answer = api.expect_to_work("GET", "/items/5", "read_answers_the_item")
    if "lamp" not in answer.body:
        raise Waits(str(answer), "read_answers_the_item")
    for unknown in (1, 3, 6):
        expect.status(client.only_request("GET", f"/items/{unknown}"), 404)
    if api.is_deleted_after_a_read(2):
        expect.status(client.request("GET", "/items/2"), 404)


@rule(
    task="6.7",
    title="PATCH of an unknown id answers 404",
    why=_UNKNOWN,
    hint="Follow an id that is in no row through the endpoint. Which line decides what the client is told?",
)
def test_patch_unknown_is_404(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """404 for an id that is not there, something else for the one that is; nothing is stored."""
    tables.create()
    api.expect_patch_to_work()
    unknown = items.rows()[-1]["id"] + 1
    items.add(id=unknown + 1)
    rows = items.rows()
    for item_id, sent in ((unknown, _TORCH), (unknown + 2, _TORCH), (unknown, {"description": None}), (unknown, {})):
        expect.status(client.only_request("PATCH", f"/items/{item_id}", json=sent), 404)
    expect.equal(items.rows(), rows, "rows in the database:")


@rule(
    task="6.8",
    title="DELETE of an unknown id answers 404",
    why=_UNKNOWN,
    hint="Follow an id that is in no row through the endpoint. Which line decides what the client is told?",
)
def test_delete_unknown_is_404(
    tables: Tables, items: Items, client: Client, story: Story, api: Api, expect: Expect
) -> None:
    """404 for an id that is not there, or no more; something else for the one that is."""
    tables.create()
    for item_id in (2, 4, 6):
        items.add(id=item_id)
    api.expect_to_work("DELETE", "/items/4", "delete_answers_204")
    gone = () if items.row(4) else (4,)  # whether it is gone is the business of delete_answers_204
    for unknown in (3, 7):
        expect.status(client.only_request("DELETE", f"/items/{unknown}"), 404)
    for unknown in gone:
        story.begin(f"deleted item {unknown}")
        expect.status(client.request("DELETE", f"/items/{unknown}"), 404)


@rule(
    task="6.2",
    title="an id that cannot exist causes no crash",
    why="An int in Python has no limit, a column has: 32 bits in PostgreSQL, 64 in SQLite. "
    "Beyond that the driver or the database raises, and the client sees 500. A path may also hold a text that is no "
    "number at all.",
    hint="Follow this id from the path to the database. Which line says which ids an endpoint takes?",
)
def test_huge_id_is_no_crash(tables: Tables, items: Items, api: Api) -> None:
    """GET, PATCH and DELETE of an id beyond 32 or 64 bits, or of a text, are 404 or 422, and touch no other item."""
    tables.create()
    item_id = items.add(**_LAMP)
    beyond = (2**63, -(2**63) - 1, 2**31, 2**32 + item_id, 10**30, "abc")
    silent = [api.expect_no_crash("GET", item_id + 1, (*beyond, 0, -1))]
    silent += [api.expect_no_crash("PATCH", item_id + 1, beyond, json=_TORCH)]
    silent += [api.expect_no_crash("DELETE", item_id + 1, beyond)]
    if silent[0] and all(silent):
        raise Waits(str(silent[0]), "read_answers_the_item", silent[0].error)


@rule(
    task="6.8",
    title="DELETE /items/{id} answers 204 and deletes",
    why="204 means 'done, and there is nothing more to say'. The client counts on it: exactly this item is "
    "gone, and the body is empty.",
    hint="Compare the status, the body and the rows that are gone with what is wanted. Which line decides "
    "the one that differs?",
)
def test_delete_answers_204(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """204, an empty body, and this row, and no other, is gone before the answer is sent; whichever row it is."""
    tables.create()
    api.look_at_answers()
    first, _ = items.add(), items.add(description=None)
    items.add_many(110)
    last = api.made_here(name="lamp")
    for goes in (first + 1, first, first + 50, last):
        before = items.ids()
        answer = client.only_request("DELETE", f"/items/{goes}")
        expect.status(answer, 204)
        expect.equal(answer.body, "", "body:")
        expect.equal(sorted(before - items.ids()), [goes], "ids that are no longer in the database:")
    api.expect_saved_first()


@rule(
    task="6.5",
    title="GET /items/ answers with a page of items",
    why="Clients show lists page by page. That works only if each page has exactly the items that were "
    "asked for, in the same order each time.",
    hint="Follow the request to the query, and the rows from there to the answer. Where does the difference begin?",
)
def test_list_answers_items(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """An empty list, all items ordered by id, and the page that was asked for."""
    tables.create()
    answer = client.request("GET", "/items/")
    expect.status(answer, 200)
    expect.equal(answer.json, [])
    for item_id, name in ((3, "b"), (1, "d"), (5, "a"), (2, "e"), (4, "a")):
        items.add(id=item_id, name=name, description="small" if item_id > 2 else None)
    rows = items.rows()
    # Not the middle of the list: cut out of the wrong order, that would hold the same items.
    pages = {"": rows, "?offset=1&limit=2": rows[1:3], "?limit=2": rows[:2], "?offset=0&limit=2": rows[:2]}
    for query, wanted in pages.items():
        api.expect_page(query, wanted)
    items.add_many(99)
    api.made_here(**_LAMP)
    items.found_by_an_index()
    rows = items.rows()
    expect.equal(len(client.only_request("GET", "/items/").json or []), 100, "items of 105 without a limit:")
    api.expect_page("?offset=103", rows[103:], "the last of 105 items:")
    api.expect_page("?offset=4", rows[4:104], "the fifth and 99 more of 105 items:")
    api.expect_page("?offset=200", [], "beyond the last of 105 items:")
    api.expect_page("?offset=100000", [], "far beyond the last of 105 items:")


@rule(
    task="6.2",
    title="offset and limit answer 422 outside their bounds, and 200 within",
    why="Clients may ask for 1 to 100 items, starting anywhere. More keeps the server busy for everyone, "
    "and databases disagree about other numbers: SQLite takes limit=-1 for 'everything', PostgreSQL for "
    "an error.",
    hint="Which line says which numbers this parameter may be? Compare the number in this request with it.",
)
def test_bad_paging_is_422(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """limit from 1 to 100, offset from 0; an offset too large for the database is 422 or an empty list."""
    tables.create()
    items.add(**_LAMP)
    plain = client.only_request("GET", "/items/?offset=0&limit=5")
    if plain.unrouted:
        raise Waits(str(plain), "list_answers_items")
    for query in ("limit=0", "limit=101", "limit=-1", "limit=many", "offset=-1", "offset=1&limit=101"):
        expect.status(client.only_request("GET", f"/items/?{query}"), 422)
    if plain.status == 200:  # that it is not is another rule's business
        for query in ("offset=0&limit=1", "limit=100"):
            expect.status(client.only_request("GET", f"/items/?{query}"), 200)
        answer = client.only_request("GET", f"/items/?offset={2**63}")
        if answer.status != 200 or "lamp" in answer.body:
            expect.status(answer, 422)


@rule(
    task="6.7",
    title="PATCH keeps what was not sent, and shows the item as it is then",
    why="A PATCH changes what was sent, and nothing else: a client that changes one field has said "
    "nothing about the other.",
    hint="Follow each field from the body to the row, and from there to the answer. Which one does not "
    "arrive as wanted?",
)
def test_patch_keeps_omitted_fields(tables: Tables, items: Items, api: Api, expect: Expect) -> None:
    """One field, the other, and none: the answer and the row have what was sent, and all the rest is as before.

    The answer is the row, whatever the database has made of it.
    """
    tables.create()
    api.look_at_answers()
    items.add_many(101)
    for item_id, (before, sent) in zip((50, *range(201, 207)), _CHANGES, strict=True):
        items.remove(item_id)
        others = items.rows()
        answer = api.expect_patched(before, sent, id=item_id)
        expect.status(answer, 200)
        expect.equal([row for row in items.rows() if row["id"] != item_id], others, "the other rows are")
        expect.equal(api.shown(answer.json), items.row(item_id), "the answer is")
        api.expect_saved_first()
    api.expect_patched_between_reads(_LAMP, _TORCH)
    api.expect_patch_shows_the_row(_LAMP, _TORCH)


@rule(
    task="6.7",
    title="PATCH with null clears the description",
    why="null and '' are values that a client can send on purpose. 'Not sent' is something else: it means "
    "'leave it as it is'.",
    hint="Follow the description from the body to the row. Which line decides whether it is stored?",
)
def test_patch_null_clears(tables: Tables, api: Api) -> None:
    """null becomes NULL, and an empty text stays an empty text."""
    tables.create()
    api.expect_patch_to_work()
    named = {} if api.patches_description_alone() else {"name": "lamp"}
    for value in (None, ""):
        api.expect_patched(_LAMP, {**named, "description": value})
        api.expect_patched(_LAMP, {"name": "torch", "description": value})
    api.expect_patched(_BARE, {**named, "description": ""})


@rule(
    task="6.7",
    title="PATCH with null as a name answers 422",
    why="Every item has a name. A client that sends null has to hear that this is wrong: 500 tells it "
    "about a bug of yours, and 200 that all is well.",
    hint="Follow the null from the body to the row. Which line could be the first to refuse it?",
)
def test_patch_null_name_is_422(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """422 (or 400), and the row is as it was."""
    tables.create()
    api.expect_patch_to_work()
    rows = items.rows()
    for body in ({"name": None}, {"name": None, "description": "dim light"}):
        expect.status(client.only_request("PATCH", f"/items/{rows[-1]['id']}", json=body), 422, 400)
        expect.equal(items.rows(), rows, "rows in the database:")


@rule(
    task="6.4",
    title="a good body is accepted, a bad one answers 422",
    why="A client has to hear from you what it got wrong, before the database refuses it (500) or stores it.",
    hint="Which line says what this body may be? Compare it with what was sent.",
)
def test_bad_body_is_422(tables: Tables, items: Items, api: Api, place: Place, expect: Expect) -> None:
    """A missing, blank or too long text, NUL, no JSON object: 422. The longest texts are fine, an id is never taken."""
    tables.create()
    path = f"/items/{items.add(**_LAMP)}"
    longest = {"name": "é" * 200, "description": "é" * 500}
    create, change = ("POST", "/items/"), ("PATCH", path)
    changes = api.works(*change, json=_LAMP)
    for request in (create, change) if changes else (create,):
        api.expect_accepted(*request, longest, "create_answers_201")
        api.expect_id_not_taken(*request, "create_answers_201")
    rows = items.rows()
    for body in ({"description": "no name"}, {"name": None}, *_BAD_TEXTS, "{"):
        api.expect_refused(*create, body)
    if place.chapter == "06_routes":  # in chapter 08 another rule sends these, too
        api.expect_no_body_refused(create, change if changes else None)
    for body in (*_BAD_TEXTS, {"description": "x" * 501}, {"description": "\x00"}) if changes else ():
        api.expect_refused(*change, body)
    expect.equal(items.rows(), rows, "rows in the database:")


@rule(
    task="6.4",
    title="answers show id, name and description, and nothing else",
    why="A column that is added next year must not leak out by itself.",
    hint="Follow the item into this answer. Which line decides which of its fields a client sees?",
)
def test_answers_hide_internal_fields(tables: Tables, items: Items, models: Models, api: Api) -> None:
    """With one more column in the table, every answer still has only the three fields."""
    models.add_secret_column()
    tables.create()
    path = f"/items/{items.add()}"
    torch = {"json": {"name": "torch", "description": "cold light"}}
    api.expect_no_more_fields(
        ("GET", path, {}),
        ("GET", "/items/", {}),
        ("POST", "/items/", torch),
        ("PATCH", path, torch),
    )


@rule(
    task="6.4",
    title="the session is closed after every answer",
    why="A session that stays open keeps a connection from everyone else; after a few requests the app hangs.",
    hint="Which line opened the session that is still open, and which one should have closed it after this request?",
)
def test_sessions_close_after_every_answer(
    tables: Tables, items: Items, database: Database, story: Story, api: Api
) -> None:
    """After 200, 201, 204, 404, 422 and a crash: no connection out, no transaction, no object attached."""
    tables.create()
    path, gone, unknown = f"/items/{items.add()}", f"/items/{items.add()}", "/items/4711"
    lamp, blank = {"json": _LAMP}, {"json": {"name": ""}}
    create, change = ("POST", "/items/", lamp), ("PATCH", path, lamp)
    reads: tuple[tuple[str, str, dict[str, Any]], ...] = (("GET", path, {}), ("GET", "/items/", {}))
    api.expect_closed_after(create, ("POST", "/items/", blank), *reads, change, ("DELETE", gone, {}))
    api.expect_closed_after(("GET", unknown, {}), ("PATCH", unknown, lamp), ("DELETE", unknown, {}))
    for write in ("INSERT", "UPDATE", "DELETE"):
        database.refuse(f"BEFORE {write}", "items")
    story.arranged("the database refuses each INSERT, UPDATE and DELETE")
    api.expect_closed_after(create, change, ("DELETE", path, {}))
    database.drop_table("items")
    story.arranged("the table items is gone")
    api.expect_closed_after(*reads)


@rule(
    task="6.1",
    title="the rest of the app still works",
    why="The tables are made when the app starts, and a path that does not exist is 404: what earlier chapters asked "
    "for still holds, and clients count on it.",
    hint="Take the last step above and follow it through your app. Which line decides what happens there?",
)
def test_the_rest_still_works(rest: Rest) -> None:
    """The app starts on an empty database, and again on what was stored; 404 for a path that does not exist."""
    rest.expect_start("items")
    rest.expect_nothing_in_the_way("POST", "/items/")
