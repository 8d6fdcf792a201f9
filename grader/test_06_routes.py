"""Chapter 06: the endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.lab import Lab

_UNKNOWN = (
    "A client can only react to what it is told: 404 means 'there is none', "
    "500 means 'we have a bug', 200 with null means nothing at all."
)
_LAMP = {"name": "lamp", "description": "warm light"}
_EBOOKS: tuple[dict[str, str | None], ...] = (
    {"name": "eBook"},
    {"name": "eBook", "description": None},
    {"name": "eBook", "description": "warm light"},
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
    hint="status_code=201 in the decorator; hand the ItemCreate on as it is; commit before you answer; return what "
    "crud.create_item gives back.",
)
def test_create_answers_201(lab: Lab) -> None:
    """The answer is 201 and the stored row, which is what was sent, committed before the answer; names may repeat."""
    lab.create_tables()
    lab.database.find_oldest_first()  # who looks for the new item by its name finds an older one
    lab.database_describes("INSERT", when="NEW.description IS NOT NULL")
    for number, body in enumerate(_EBOOKS, start=1):
        answer = lab.request("POST", "/items/", json=body)
        lab.expect_status(answer, 201)
        lab.expect_equal(len(lab.items()), number, "rows in the database:")
        lab.expect_shows(lab.api.shown(answer.json), lab.items()[-1])
        lab.api.expect_stored(body)
    lab.api.expect_saved_first()


@rule(
    task="6.6",
    title="GET /items/{id} answers with the item",
    why="This is what all links to an item lead to.",
    hint="Look the item up with crud.get_item, and return it as an ItemRead. Any id up to 2**31 - 1 can exist.",
)
def test_read_answers_the_item(lab: Lab) -> None:
    """200 and the id, name and description of the right row."""
    lab.create_tables()
    for item_id, name, description in ((2, "chair", None), (5, "lamp", "warm light"), (123456789, "table", "")):
        lab.add_item(id=item_id, name=name, description=description)
    for row in lab.items():
        answer = lab.only_request("GET", f"/items/{row['id']}")
        lab.expect_status(answer, 200)
        lab.expect_equal(lab.api.shown(answer.json), row)


@rule(
    task="6.3",
    title="GET of an unknown id answers 404",
    why=_UNKNOWN,
    hint="get_item gives None: raise HTTPException(status_code=404, detail='Item not found'), and let no "
    "except of your own catch it.",
)
def test_get_unknown_is_404(lab: Lab) -> None:
    """404 for an id that is not there, 200 for the one that is."""
    lab.create_tables()
    lab.add_item(id=2, name="chair")
    lab.add_item(id=5)
    answer = lab.api.expect_to_work("GET", "/items/5", "read_answers_the_item")
    if "lamp" not in answer.body:
        raise lab.waits(str(answer), "read_answers_the_item")
    for unknown in (3, 6):
        lab.expect_status(lab.only_request("GET", f"/items/{unknown}"), 404)


@rule(
    task="6.7",
    title="PATCH of an unknown id answers 404",
    why=_UNKNOWN,
    hint="Look the item up first, as for GET.",
)
def test_patch_unknown_is_404(lab: Lab) -> None:
    """404 for an id that is not there, something else for the one that is; nothing is stored."""
    lab.create_tables()
    lab.api.expect_patch_to_work()
    rows = lab.items()
    lab.expect_status(lab.only_request("PATCH", f"/items/{rows[-1]['id'] + 1}", json=_LAMP), 404)
    lab.expect_equal(lab.items(), rows, "rows in the database:")


@rule(
    task="6.8",
    title="DELETE of an unknown id answers 404",
    why=_UNKNOWN + " A DELETE statement that matches no row is no error for the database; you have to look.",
    hint="Look the item up first, as for GET; a bulk delete tells with rowcount how many rows it met.",
)
def test_delete_unknown_is_404(lab: Lab) -> None:
    """404 for an id that is not there, something else for the one that is."""
    lab.create_tables()
    item_id = lab.add_item()
    lab.api.expect_to_work("DELETE", f"/items/{item_id}", "delete_answers_204")
    lab.expect_status(lab.only_request("DELETE", f"/items/{item_id + 1}"), 404)


@rule(
    task="6.2",
    title="a huge id is no crash",
    why="An int in Python has no limit, a column has: 32 bits in PostgreSQL, 64 in SQLite. "
    "Beyond that the driver or the database raises, and the client sees 500.",
    hint="Annotated[int, Path(ge=1, le=2**31 - 1)] lets FastAPI answer 422 by itself.",
)
def test_huge_id_is_no_crash(lab: Lab) -> None:
    """GET, PATCH and DELETE of an id beyond 32 or 64 bits answer 404 or 422, and touch no other item."""
    lab.create_tables()
    item_id = lab.add_item(**_LAMP)
    lab.api.expect_to_work("GET", f"/items/{item_id}", "read_answers_the_item")
    lab.api.expect_no_crash("GET", item_id + 1, (2**63, -(2**63) - 1, 2**31, 2**32 + item_id))
    lab.api.expect_no_crash("PATCH", item_id + 1, (2**63, 2**31), json={"name": "torch", "description": "cold"})
    lab.api.expect_no_crash("DELETE", item_id + 1, (2**63, 2**31))
    lab.expect_equal(lab.api.row(item_id), {"id": item_id, **_LAMP}, "the item that is there:")


@rule(
    task="6.8",
    title="DELETE /items/{id} answers 204 and deletes",
    why="204 means 'done, and there is nothing more to say': the body has to be empty.",
    hint="status_code=204 in the decorator; delete and commit, then return nothing.",
)
def test_delete_answers_204(lab: Lab) -> None:
    """204, an empty body, and this row, and no other, is gone before the answer is sent."""
    lab.create_tables()
    stays, goes, stays_too = lab.add_item(), lab.add_item(), lab.add_item()
    answer = lab.request("DELETE", f"/items/{goes}")
    lab.expect_status(answer, 204)
    lab.expect_equal(answer.body, "", "body:")
    lab.expect_equal([row["id"] for row in lab.items()], [stays, stays_too], "ids in the database:")
    lab.api.expect_saved_first()


@rule(
    task="6.5",
    title="GET /items/ answers with a page of items",
    why="Clients show lists page by page; that works only if the order is the same each time.",
    hint="Hand offset and limit on to crud.list_items, and return a list of ItemRead. The default limit is 100.",
)
def test_list_answers_items(lab: Lab) -> None:
    """An empty list, all items ordered by id, and the page that was asked for."""
    lab.create_tables()
    answer = lab.request("GET", "/items/")
    lab.expect_status(answer, 200)
    lab.expect_equal(answer.json, [])
    for item_id, name in ((3, "b"), (1, "d"), (5, "a"), (2, "e"), (4, "c")):
        lab.add_item(id=item_id, name=name, description="small" if item_id > 2 else None)
    rows = lab.items()
    # Not the middle of the list: cut out of the wrong order, that would hold the same items.
    for query, wanted in (("", rows), ("?offset=1&limit=2", rows[1:3])):
        answer = lab.only_request("GET", f"/items/{query}")
        lab.expect_status(answer, 200)
        lab.expect_equal(lab.api.shown(answer.json), wanted)
    lab.add_items(100)
    lab.expect_equal(len(lab.only_request("GET", "/items/").json or []), 100, "items of 105 without a limit:")
    answer = lab.only_request("GET", "/items/?offset=103")
    lab.expect_status(answer, 200)
    lab.expect_equal(lab.api.shown(answer.json), lab.items()[103:], "the last of 105 items:")


@rule(
    task="6.2",
    title="offset and limit outside their bounds answer 422",
    why="SQLite takes limit=-1 for 'everything', PostgreSQL answers with an error, "
    "and limit=1000000 keeps the server busy for everyone.",
    hint="Query(ge=1, le=100) for the limit, Query(ge=0, le=2**63 - 1) for the offset.",
)
def test_bad_paging_is_422(lab: Lab) -> None:
    """limit from 1 to 100, offset from 0; an offset too large for the database is 422 or an empty list."""
    lab.create_tables()
    lab.add_item(**_LAMP)
    lab.api.expect_to_work("GET", "/items/", "list_answers_items")
    for query in ("offset=0&limit=1", "limit=100"):
        lab.expect_status(lab.only_request("GET", f"/items/?{query}"), 200)
    for query in ("limit=0", "limit=101", "limit=-1", "limit=many", "offset=-1"):
        lab.expect_status(lab.only_request("GET", f"/items/?{query}"), 422)
    answer = lab.only_request("GET", f"/items/?offset={2**63}")
    if answer.status != 200 or "lamp" in answer.body:
        lab.expect_status(answer, 422)


@rule(
    task="6.7",
    title="PATCH keeps what was not sent",
    why="A client that changes the description has said nothing about the name.",
    hint="Hand the ItemUpdate itself on to crud.update_item: it knows what was sent; answer with what it returns.",
)
def test_patch_keeps_omitted_fields(lab: Lab) -> None:
    """One field, the other, and none: the answer and the row have what was sent, and all the rest is as before."""
    lab.create_tables()
    bare = {"name": "lamp", "description": None}
    for before, sent in ((_LAMP, {"description": "cold light"}), (_LAMP, {"name": "torch"}), (bare, {})):
        others = lab.items()
        answer = lab.api.expect_patched(before, sent)
        lab.expect_status(answer, 200)
        lab.expect_equal(lab.items()[:-1], others, "the other rows are")
        lab.expect_equal(lab.api.shown(answer.json), lab.items()[-1], "the answer is")
        lab.api.expect_saved_first()


@rule(
    task="6.7",
    title="PATCH with null clears the description",
    why="'is not None' cannot tell 'not sent' from 'sent as null': a description could never be removed again.",
    hint="Ask what was sent (exclude_unset, model_fields_set), not whether the value is None or empty.",
)
def test_patch_null_clears(lab: Lab) -> None:
    """null becomes NULL, and an empty text stays an empty text."""
    lab.create_tables()
    lab.api.expect_patch_to_work()
    named = {} if lab.api.patches_description_alone() else {"name": "lamp"}
    for value in (None, ""):
        lab.api.expect_patched(_LAMP, {**named, "description": value})


@rule(
    task="6.7",
    title="PATCH with null as a name answers 422",
    why="The column does not take NULL: without a rule of your own the client gets a 500 from the database.",
    hint="ItemUpdate decides it: a name may be left out, but not be null.",
)
def test_patch_null_name_is_422(lab: Lab) -> None:
    """422 (or 400), and the row is as it was."""
    lab.create_tables()
    lab.api.expect_patch_to_work()
    rows = lab.items()
    for body in ({"name": None}, {"name": None, "description": "dim light"}):
        lab.expect_status(lab.only_request("PATCH", f"/items/{rows[-1]['id']}", json=body), 422, 400)
        lab.expect_equal(lab.items(), rows, "rows in the database:")


@rule(
    task="6.4",
    title="a bad body answers 422",
    why="What the client got wrong it has to hear from you, before the database refuses it (500) or stores it.",
    hint="Take ItemCreate and ItemUpdate as the types of the bodies; FastAPI does the rest.",
)
def test_bad_body_is_422(lab: Lab) -> None:
    """A missing, blank or too long text, NUL, no JSON object: 422. The longest texts are fine, an id is never taken."""
    lab.create_tables()
    path = f"/items/{lab.add_item(**_LAMP)}"
    longest = {"name": "é" * 200, "description": "é" * 500}
    create, change = ("POST", "/items/"), ("PATCH", path)
    for request, rule_name in ((create, "create_answers_201"), (change, "patch_keeps_omitted_fields")):
        lab.api.expect_accepted(*request, longest, rule_name)
        lab.api.expect_id_not_taken(*request, rule_name)
    rows = lab.items()
    for body in ({"description": "no name"}, {"name": None}, *_BAD_TEXTS, "{"):
        lab.api.expect_refused(*create, body)
    for body in _BAD_TEXTS:
        lab.api.expect_refused(*change, body)
    lab.expect_equal(lab.items(), rows, "rows in the database:")


@rule(
    task="6.4",
    title="answers show id, name and description, and nothing else",
    why="A column that is added next year must not leak out by itself.",
    hint="Return an ItemRead (or name it as the response_model): only its fields get out.",
)
def test_answers_hide_internal_fields(lab: Lab) -> None:
    """With one more column in the table, every answer still has no other than the three fields."""
    lab.add_secret_column()
    lab.create_tables()
    path = f"/items/{lab.add_item()}"
    lab.api.expect_to_work("GET", path, "read_answers_the_item")
    torch = {"json": {"name": "torch", "description": "cold light"}}
    for method, where, options in (
        ("GET", path, {}),
        ("GET", "/items/", {}),
        ("POST", "/items/", torch),
        ("PATCH", path, torch),
    ):
        more = lab.api.more_fields(lab.only_request(method, where, **options).json)
        lab.expect(not more, saw=f"the answer shows also {', '.join(more)}", wanted="id, name and description")


@rule(
    task="6.3",
    title="the session is closed after every answer",
    why="A session that stays open keeps a connection from everyone else; after a few requests the app stands still.",
    hint="Use the session that Depends(get_db) gives you; who opens another one has to close it, also after an error.",
)
def test_sessions_close_after_every_answer(lab: Lab) -> None:
    """After 200, 201, 204, 404, 422 and a crash: no connection out, no transaction, no object attached."""
    lab.create_tables()
    path, gone, unknown = f"/items/{lab.add_item()}", f"/items/{lab.add_item()}", "/items/4711"
    lab.api.expect_to_work("GET", path, "read_answers_the_item")
    lamp, blank = {"json": _LAMP}, {"json": {"name": ""}}
    create, change = ("POST", "/items/", lamp), ("PATCH", path, lamp)
    reads: tuple[tuple[str, str, dict[str, Any]], ...] = (("GET", path, {}), ("GET", "/items/", {}))
    lab.api.expect_closed_after(create, ("POST", "/items/", blank), *reads, change, ("DELETE", gone, {}))
    lab.api.expect_closed_after(("GET", unknown, {}), ("PATCH", unknown, lamp), ("DELETE", unknown, {}))
    for write in ("INSERT", "UPDATE", "DELETE"):
        lab.database.refuse(f"BEFORE {write}", "items")
    lab.api.expect_closed_after(create, change, ("DELETE", path, {}))
    lab.database.drop_table("items")
    lab.api.expect_closed_after(*reads)
