"""Chapter 06: the endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab import Lab

_UNKNOWN = (
    "A client can only react to what it is told: 404 means 'there is none', "
    "500 means 'we have a bug', 200 with null means nothing at all."
)
_BEYOND = (2**63, 10**20, -(2**63) - 1)
_TOO_LONG = {"name": "x" * 201}, {"name": "lamp", "description": "x" * 501}


@rule(
    task="6.4",
    title="POST /items/ answers 201 with the stored item",
    why="201 says that something new is there; the answer is the client's only way to learn its id "
    "and what the database made of it.",
    hint="status_code=201 in the decorator; return what crud.create_item gives back.",
)
def test_create_answers_201(lab: Lab) -> None:
    """The answer is 201 and the row that is stored, committed before the answer was sent."""
    lab.create_tables()
    lab.database_describes("INSERT")
    answer = lab.request("POST", "/items/", json={"name": "lamp", "description": "warm light"})
    lab.expect_status(answer, 201)
    lab.expect_equal(lab.items()[-1:], [answer.json], "what is stored, beside the answer:")
    happened = [what for what in lab.seen.timeline() if what.startswith(("COMMIT", "ANSWER"))]
    lab.expect(
        happened[:1] == ["COMMIT"], saw="the answer was sent before the COMMIT", wanted="first the COMMIT, then 201"
    )


@rule(
    task="6.6",
    title="GET /items/{id} answers with the item",
    why="This is what all links to an item lead to.",
    hint="Look the item up with crud.get_item, and return it as an ItemRead.",
)
def test_read_answers_the_item(lab: Lab) -> None:
    """200 and exactly id, name and description of the right row."""
    lab.create_tables()
    lab.add_item(name="chair", description=None)
    item_id = lab.add_item(name="lamp", description="warm light")
    lab.add_item(name="table", description="")
    for row in lab.items():
        answer = lab.request("GET", f"/items/{row['id']}")
        lab.expect_status(answer, 200)
        lab.expect_equal(answer.json, row)
    lab.expect(item_id > 0, saw="no id", wanted="an id")


@rule(
    task="6.3",
    title="GET of an unknown id answers 404",
    why=_UNKNOWN,
    hint="get_item gives None: raise HTTPException(status_code=404, detail='Item not found')",
    needs=["read_answers_the_item"],
)
def test_get_unknown_is_404(lab: Lab) -> None:
    """404 for an id that is not there, 200 for the one that is."""
    lab.create_tables()
    item_id = lab.add_item()
    for unknown in (item_id + 1, 4711):
        lab.expect_status(lab.request("GET", f"/items/{unknown}"), 404)
    lab.expect_found("GET", f"/items/{item_id}")


@rule(
    task="6.7",
    title="PATCH of an unknown id answers 404",
    why=_UNKNOWN,
    hint="Look the item up first, as for GET.",
)
def test_patch_unknown_is_404(lab: Lab) -> None:
    """404 for an id that is not there, something else for the one that is; nothing is stored."""
    lab.create_tables()
    item_id = lab.add_item()
    lab.expect_status(lab.request("PATCH", f"/items/{item_id + 1}", json={"name": "torch"}), 404)
    lab.expect_status(lab.request("PATCH", f"/items/{item_id + 1}", json={}), 404)
    lab.expect_equal([row["name"] for row in lab.items()], ["lamp"], "rows in the database:")
    lab.expect_found("PATCH", f"/items/{item_id}", json={"name": "torch"})


@rule(
    task="6.8",
    title="DELETE of an unknown id answers 404",
    why=_UNKNOWN + " A DELETE statement that matches no row is no error for the database; you have to look.",
    hint="Look the item up first, as for GET; a bulk delete tells with rowcount how many rows it met.",
)
def test_delete_unknown_is_404(lab: Lab) -> None:
    """404 for an id that is not there and, the second time, for one that was deleted; other rows stay."""
    lab.create_tables()
    stays, goes = lab.add_item(name="chair"), lab.add_item()
    lab.expect_status(lab.request("DELETE", f"/items/{goes + 1}"), 404)
    lab.expect_equal([row["id"] for row in lab.items()], [stays, goes], "ids in the database:")
    lab.expect_found("DELETE", f"/items/{goes}")


@rule(
    task="6.2",
    title="a huge id is no crash",
    why="An int in Python has no limit, a column has: 32 bits in PostgreSQL, 64 in SQLite. "
    "Beyond that the driver or the database raises, and the client sees 500.",
    hint="Annotated[int, Path(ge=1, le=2**31 - 1)] lets FastAPI answer 422 by itself.",
)
def test_huge_id_is_no_crash(lab: Lab) -> None:
    """GET, PATCH and DELETE of an id beyond 64 bits, or below zero, answer 404 or 422."""
    lab.create_tables()
    item_id = lab.add_item()
    for method, options in (("GET", {}), ("PATCH", {"json": {"description": "x"}}), ("DELETE", {})):
        for unknown in (*_BEYOND, 2**31, 2**32 + item_id, 2**63 - 1, 0, -1):
            answer = lab.only_request(method, f"/items/{unknown}", **options)
            lab.expect_status(answer, 404, 422)
    lab.expect_equal([row["id"] for row in lab.items()], [item_id], "ids in the database:")
    lab.expect_found("GET", f"/items/{item_id}")


@rule(
    task="6.8",
    title="DELETE /items/{id} answers 204 and deletes",
    why="204 means 'done, and there is nothing more to say': the body has to be empty.",
    hint="status_code=204 in the decorator, and return nothing.",
)
def test_delete_answers_204(lab: Lab) -> None:
    """204, an empty body, and this row, and no other, is gone."""
    lab.create_tables()
    stays, goes, stays_too = lab.add_item(name="chair"), lab.add_item(), lab.add_item(name="table")
    answer = lab.request("DELETE", f"/items/{goes}")
    lab.expect_status(answer, 204)
    lab.expect_equal(answer.body, "", "body:")
    lab.expect_equal([row["id"] for row in lab.items()], [stays, stays_too], "ids in the database:")


@rule(
    task="6.5",
    title="GET /items/ answers with a page of items",
    why="Clients show lists page by page; that works only if the order is the same each time.",
    hint="Hand offset and limit on to crud.list_items, and return a list of ItemRead.",
)
def test_list_answers_items(lab: Lab) -> None:
    """An empty list, all items ordered by id, and the page that was asked for."""
    lab.create_tables()
    answer = lab.request("GET", "/items/")
    lab.expect_status(answer, 200)
    lab.expect_equal(answer.json, [])
    for item_id, name in ((3, "b"), (1, "d"), (5, "a"), (2, "e"), (4, "c")):
        lab.add_item(id=item_id, name=name, description=None)
    rows = lab.items()
    for query, wanted in (
        ("", rows),
        ("?limit=2", rows[:2]),
        ("?offset=3", rows[3:]),
        ("?offset=1&limit=3", rows[1:4]),
    ):
        answer = lab.only_request("GET", f"/items/{query}")
        lab.expect_status(answer, 200)
        lab.expect_equal(answer.json, wanted)
    lab.add_items(100)
    lab.expect_equal(len(lab.only_request("GET", "/items/").json or []), 100, "items without a limit:")


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
    lab.add_item()
    for query in ("limit=1", "limit=100", "offset=0", "offset=0&limit=100"):
        lab.expect_status(lab.only_request("GET", f"/items/?{query}"), 200)
    for query in ("limit=0", "limit=101", "limit=-1", "limit=1000000", "offset=-1", "limit=many", f"limit={10**20}"):
        lab.expect_status(lab.only_request("GET", f"/items/?{query}"), 422)
    for offset in (2**63 - 1, 2**63, 10**30):
        answer = lab.only_request("GET", f"/items/?offset={offset}")
        lab.expect(
            answer.status == 422 or (answer.status == 200 and answer.json == []),
            saw=str(answer),
            wanted="422 or an empty list",
        )


@rule(
    task="6.7",
    title="PATCH keeps what was not sent",
    why="A client that changes the description has said nothing about the name.",
    hint="Hand the ItemUpdate itself on to crud.update_item: it knows what was sent.",
)
def test_patch_keeps_omitted_fields(lab: Lab) -> None:
    """One field, the other, and none: the answer and the row have what was sent, and the rest as before."""
    lab.create_tables()
    before = {"name": "lamp", "description": "warm light"}
    for sent in ({"description": "cold light"}, {"name": "torch"}, {}):
        lab.expect_patched(before, sent, {**before, **sent})


@rule(
    task="6.7",
    title="PATCH with null clears the description",
    why="'is not None' cannot tell 'not sent' from 'sent as null': a description could never be removed again.",
    hint="Ask what was sent (exclude_unset, model_fields_set), not whether the value is None or empty.",
)
def test_patch_null_clears(lab: Lab) -> None:
    """null becomes NULL, and an empty text stays an empty text."""
    lab.create_tables()
    before = {"name": "lamp", "description": "warm light"}
    for value in (None, ""):
        sent = {"name": "lamp", "description": value}
        lab.expect_patched(before, sent, sent)


@rule(
    task="6.7",
    title="PATCH with null as a name answers 422",
    why="The column does not take NULL: without a rule of your own the client gets a 500 from the database.",
    hint="ItemUpdate decides it: a name may be left out, but not be null.",
)
def test_patch_null_name_is_422(lab: Lab) -> None:
    """422 (or 400), and the row is as it was."""
    lab.create_tables()
    item_id = lab.add_item()
    for body in ({"name": None}, {"name": None, "description": "cold light"}):
        lab.expect_status(lab.request("PATCH", f"/items/{item_id}", json=body), 422, 400)
        row = {"id": item_id, "name": "lamp", "description": "warm light"}
        lab.expect_equal(lab.items(), [row], "rows in the database:")
    lab.expect_found("PATCH", f"/items/{item_id}", json={"name": "torch"})


@rule(
    task="6.4",
    title="a bad body answers 422",
    why="What the client got wrong it has to hear from you, before the database refuses it (500) or stores it.",
    hint="Take ItemCreate and ItemUpdate as the types of the bodies; FastAPI does the rest.",
)
def test_bad_body_is_422(lab: Lab) -> None:
    """POST and PATCH with a missing, blank or too long text, a NUL character or no JSON object store nothing."""
    lab.create_tables()
    item_id = lab.add_item()
    row = {"id": item_id, "name": "lamp", "description": "warm light"}
    blank = {"name": ""}, {"name": " "}, {"name": " \t\n "}
    nul = {"name": "la\x00mp"}, {"name": "lamp", "description": "\x00"}
    for method, path, bodies in (
        ("POST", "/items/", ({}, {"description": "no name"}, {"name": None}, *blank, *_TOO_LONG, *nul)),
        ("PATCH", f"/items/{item_id}", (*blank, *_TOO_LONG, *nul)),
    ):
        for body in bodies:
            lab.expect_status(lab.only_request(method, path, json=body), 422)
            lab.expect_equal(lab.items(), [row], "rows in the database:")
        for content in ("[]", "{", '"lamp"'):
            options = {"content": content, "headers": {"content-type": "application/json"}}
            lab.expect_status(lab.only_request(method, path, **options), 422)
    for body in ({"name": "x" * 200}, {"name": "lamp", "description": "x" * 500}):
        lab.expect_status(lab.only_request("POST", "/items/", json=body), 201, 200)
        lab.expect_status(lab.only_request("PATCH", f"/items/{item_id}", json=body), 200)


@rule(
    task="6.4",
    title="answers show id, name and description, and nothing else",
    why="A column that is added next year must not leak out by itself.",
    hint="Return an ItemRead (or name it as the response_model): only its fields get out.",
)
def test_answers_hide_internal_fields(lab: Lab) -> None:
    """With one more column in the table, every answer still has exactly three fields."""
    lab.add_secret_column()
    lab.create_tables()
    item_id = lab.add_item()
    shown = {
        "POST": lab.request("POST", "/items/", json={"name": "lamp"}).json,
        "GET": lab.request("GET", f"/items/{item_id}").json,
        "list": (lab.request("GET", "/items/").json or [None])[0],
        "PATCH": lab.request("PATCH", f"/items/{item_id}", json={"name": "torch"}).json,
    }
    for request, item in shown.items():
        fields = sorted(item) if isinstance(item, dict) else item
        lab.expect_equal(fields, ["description", "id", "name"], f"fields in the answer to {request}:")


@rule(
    task="6.3",
    title="the session is closed after every answer",
    why="A session that stays open keeps a connection from everyone else; after a few requests the app stands still.",
    hint="Use the session that Depends(get_db) gives you; whoever opens another one has to close it.",
)
def test_sessions_close_after_every_answer(lab: Lab) -> None:
    """After 200, 201, 204, 404, 422 and a crash: no connection out, no transaction, no object attached."""
    lab.create_tables()
    item_id = lab.add_item()
    path = f"/items/{item_id}"
    requests = [
        ("POST", "/items/", {"name": "chair"}),
        ("POST", "/items/", {"name": ""}),
        ("GET", path, None),
        ("GET", "/items/", None),
        ("GET", "/items/4711", None),
        ("PATCH", path, {"name": "torch"}),
        ("PATCH", "/items/4711", {"name": "torch"}),
        ("DELETE", "/items/4711", None),
        ("DELETE", path, None),
    ]
    for method, where, body in requests:
        lab.only_request(method, where, **({} if body is None else {"json": body}))
        lab.expect_all_closed()
    lab.expect(lab.seen.count("BEGIN") > 0, saw="no session was used", wanted="sessions that are used and closed")
    lab.database.run("DROP TABLE items")
    for method, where, body in (requests[0], requests[2], requests[5], requests[8]):
        lab.only_request(method, where, **({} if body is None else {"json": body}))
        lab.expect_all_closed()
