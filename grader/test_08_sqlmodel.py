"""In the child: the checks of chapter 08: the feature of chapters 02 to 06 with SQLModel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import test_05_crud as crud
from grader import test_06_routes as routes
from grader.outcomes import Waits
from grader.rules import again, rule

if TYPE_CHECKING:
    from grader.lab.client import Client
    from grader.lab.expect import Expect
    from grader.lab.items import Items
    from grader.lab.story import Story
    from grader.lab.tables import Tables
    from grader.lab.topics.api import Api
    from grader.lab.topics.rest import Rest
    from grader.lab.topics.schemas import Schemas
    from grader.lab.topics.table_model import TableModel

_LAMP = {"name": "lamp", "description": "warm light"}
_SHORT = {"name": "a", "description": ""}
_WRONG_TEXTS: tuple[object, ...] = (
    {"name": ["lamp"]},
    {"name": "lamp", "description": {"text": "warm light"}},
    {"name": ""},
    {"name": "   "},
    {"name": "x" * 201},
    {"name": "lamp", "description": "x" * 501},
    "null",
)


@rule(
    task="8.3",
    title="Item is a SQLModel table",
    why="The table is the same as in chapter 02; only the class is written differently.",
    hint="Compare what was seen with what is wanted. Which line of the model decides it?",
)
def test_item_is_a_sqlmodel_table(table_model: TableModel, story: Story) -> None:
    """Item is a table model, and its table, as the database has it, has the columns of chapter 02."""
    story.did("looked at the model Item and its table")
    table_model.expect_declared()
    table_model.expect_columns()
    table_model.expect_made_at_start()


@rule(
    task="8.4",
    title="what a client sends is validated",
    why="What a client sends is checked here or nowhere: after this the database stores it, or complains with a 500.",
    hint="Which class says what this body may be? Compare what it says with what was sent.",
)
def test_input_is_validated(
    tables: Tables, items: Items, client: Client, schemas: Schemas, api: Api, expect: Expect
) -> None:
    """POST and PATCH answer 422 to a missing, wrong, blank or too long text, and store nothing; a right one is kept."""
    tables.create()
    schemas.expect_texts_kept("ItemCreate", "ItemUpdate")
    path = f"/items/{items.add(**_LAMP)}"
    plain = client.request("POST", "/items/", json=_LAMP)
    if plain.unrouted:
        raise Waits(str(plain), "create_answers_201")
    expect(plain.status != 422, saw=str(plain), wanted="accepted")
    if plain.status < 300:
        api.expect_accepted("POST", "/items/", _SHORT, "create_answers_201")
    changes = api.works("PATCH", path, json=_LAMP)
    if changes:
        api.expect_accepted("PATCH", path, _SHORT, "patch_keeps_omitted_fields")
    rows = items.rows()
    for body in ({}, {"description": "no name"}, {"name": None}, *_WRONG_TEXTS):
        api.expect_refused("POST", "/items/", body)
    for body in (*_WRONG_TEXTS, {"description": "x" * 501}) if changes else ():
        api.expect_refused("PATCH", path, body)
    expect.equal(items.rows(), rows, "rows in the database:")


@rule(
    task="8.14",
    title="a client cannot choose the id",
    why="The database gives out the ids. A client that could choose one could hit an item that is there already.",
    hint="Follow the body of this request from the endpoint to the row. Which line decides about the id?",
)
def test_create_ignores_a_client_id(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """An id in the body of POST is ignored, or refused with 422; an item that has it already stays as it is."""
    tables.create()
    taken = items.add(name="chair", description=None)
    for good in (_LAMP, {"name": "table"}):
        api.expect_accepted("POST", "/items/", good, "create_answers_201")
    for body in ({"id": 4711, "name": "table"}, {"id": 4711, **_LAMP}, {"id": taken, "name": "table"}):
        answer = client.only_request("POST", "/items/", json=body)
        expect.status(answer, 201, 200, 422)
        expect(items.row(4711) is None, saw="the item has the id 4711", wanted="an id of the database's choice")
    expect.equal(items.row(taken), {"id": taken, "name": "chair", "description": None}, "the other item:")


# The rules of chapters 05 and 06 are the same here; only the numbers of their tasks differ.
_TASKS = {"5.1": "8.7", "5.3": "8.9", "5.4": "8.10"}
_TASKS |= {"6.2": "8.12", "6.3": "8.13", "6.4": "8.14", "6.5": "8.15", "6.6": "8.16", "6.7": "8.17", "6.8": "8.18"}

test_create_persists = again(crud.test_create_persists, "08_sqlmodel", _TASKS)
test_create_refreshes = again(crud.test_create_refreshes, "08_sqlmodel", _TASKS)
test_list_pages = again(crud.test_list_pages, "08_sqlmodel", _TASKS)
test_update_null_clears = again(crud.test_update_null_clears, "08_sqlmodel", _TASKS)
test_update_keeps_omitted_fields = again(crud.test_update_keeps_omitted_fields, "08_sqlmodel", _TASKS)
test_update_refreshes = again(
    crud.test_update_refreshes,
    "08_sqlmodel",
    _TASKS,
    needs=["update_keeps_omitted_fields"],
    then=lambda writes, **_: writes.expect_update_refused(),  # here no rule is about saving alone
)

test_create_answers_201 = again(routes.test_create_answers_201, "08_sqlmodel", _TASKS)
test_read_answers_the_item = again(routes.test_read_answers_the_item, "08_sqlmodel", _TASKS)
test_get_unknown_is_404 = again(routes.test_get_unknown_is_404, "08_sqlmodel", _TASKS)
test_patch_unknown_is_404 = again(routes.test_patch_unknown_is_404, "08_sqlmodel", _TASKS)
test_delete_unknown_is_404 = again(routes.test_delete_unknown_is_404, "08_sqlmodel", _TASKS)
test_huge_id_is_no_crash = again(routes.test_huge_id_is_no_crash, "08_sqlmodel", _TASKS)
test_delete_answers_204 = again(routes.test_delete_answers_204, "08_sqlmodel", _TASKS)
test_list_answers_items = again(routes.test_list_answers_items, "08_sqlmodel", _TASKS, needs=["list_pages"])
test_bad_paging_is_422 = again(routes.test_bad_paging_is_422, "08_sqlmodel", _TASKS)
test_patch_keeps_omitted_fields = again(routes.test_patch_keeps_omitted_fields, "08_sqlmodel", _TASKS)
test_patch_null_clears = again(routes.test_patch_null_clears, "08_sqlmodel", _TASKS)
test_patch_null_name_is_422 = again(routes.test_patch_null_name_is_422, "08_sqlmodel", _TASKS)
test_bad_body_is_422 = again(routes.test_bad_body_is_422, "08_sqlmodel", _TASKS)
test_answers_hide_internal_fields = again(routes.test_answers_hide_internal_fields, "08_sqlmodel", _TASKS)
test_sessions_close_after_every_answer = again(routes.test_sessions_close_after_every_answer, "08_sqlmodel", _TASKS)


@rule(
    task="8.3",
    title="the rest of the app still works",
    why="The tables are made when the app starts, and a path that does not exist is 404: what earlier chapters asked "
    "for still holds, and clients count on it.",
    hint="Take the last step above and follow it through your app. Which line decides what happens there?",
    needs=["item_is_a_sqlmodel_table"],
)
def test_the_rest_still_works(rest: Rest) -> None:
    """The app starts on an empty database, and again on what was stored; 404 for a path that does not exist."""
    rest.expect_start("items")
    rest.expect_nothing_in_the_way("POST", "/items/")
