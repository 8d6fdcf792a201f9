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
    from grader.lab.topics.table_model import TableModel

_LAMP = {"name": "lamp", "description": "warm light"}
_WRONG_TEXTS: tuple[object, ...] = (
    {"name": ["lamp"]},
    {"name": "lamp", "description": {"text": "warm light"}},
    {"name": ""},
    {"name": "   "},
    {"name": "x" * 201},
    {"name": "lamp", "description": "x" * 501},
)


@rule(
    task="8.3",
    title="Item is a SQLModel table",
    why="The table is the same as in chapter 02; only the class is written in another way.",
    hint="class Item(ItemBase, table=True) with __tablename__ = 'items'. The length of a column comes from "
    "Field(max_length=200); SQLModel does not look for it inside of StringConstraints. Names may repeat: index=True, "
    "and not unique=True.",
)
def test_item_is_a_sqlmodel_table(table_model: TableModel, story: Story) -> None:
    """Item is a table model, and its table, as the database has it, has the columns of chapter 02."""
    story.did("created the table of the model Item and looked at it")
    table_model.expect_declared()
    table_model.expect_columns()
    table_model.expect_made_at_start()


@rule(
    task="8.4",
    title="what a client sends is validated",
    why="A table model does not validate: Item(name=['lamp']) and even Item() are taken as they are, and it is the "
    "database that complains, with a 500, or does not.",
    hint="The types of the bodies are ItemCreate and ItemUpdate, which have no table=True, and whose fields say what "
    "they take: lengths, and that a name is not blank.",
)
def test_input_is_validated(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """POST and PATCH answer 422 to a missing, wrong, blank or too long text, and store nothing."""
    tables.create()
    path = f"/items/{items.add(**_LAMP)}"
    plain = client.request("POST", "/items/", json=_LAMP)
    if plain.unrouted:
        raise Waits(str(plain), "create_answers_201")
    expect(plain.status != 422, saw=str(plain), wanted="accepted")
    changes = api.works("PATCH", path, json=_LAMP)
    rows = items.rows()
    for body in ({}, {"description": "no name"}, {"name": None}, *_WRONG_TEXTS):
        api.expect_refused("POST", "/items/", body)
    for body in _WRONG_TEXTS if changes else ():
        api.expect_refused("PATCH", path, body)
    expect.equal(items.rows(), rows, "rows in the database:")


@rule(
    task="8.14",
    title="a client cannot choose the id",
    why="An endpoint that takes the table model as its body takes the id too: the client can pick any, or hit one "
    "that is there already.",
    hint="Take ItemCreate as the type of the body: it has no id.",
)
def test_create_ignores_a_client_id(tables: Tables, items: Items, client: Client, api: Api, expect: Expect) -> None:
    """An id in the body of POST is ignored, or refused with 422; an item that has it already stays as it is."""
    tables.create()
    taken = items.add(name="chair", description=None)
    api.expect_accepted("POST", "/items/", _LAMP, "create_answers_201")
    for chosen in (4711, taken):
        answer = client.only_request("POST", "/items/", json={"id": chosen, "name": "table"})
        expect.status(answer, 201, 200, 422)
        expect(items.row(4711) is None, saw="the item has the id 4711", wanted="an id of the database's choice")
    expect.equal(items.row(taken), {"id": taken, "name": "chair", "description": None}, "the other item:")


# The rules of chapters 05 and 06 are the same here; only the numbers of their tasks differ.
_TASKS = {"5.1": "8.7", "5.4": "8.10"}
_TASKS |= {"6.2": "8.12", "6.3": "8.13", "6.4": "8.14", "6.5": "8.15", "6.6": "8.16", "6.7": "8.17", "6.8": "8.18"}

test_create_persists = again(crud.test_create_persists, "08_sqlmodel", _TASKS)
test_create_refreshes = again(crud.test_create_refreshes, "08_sqlmodel", _TASKS)
test_update_null_clears = again(crud.test_update_null_clears, "08_sqlmodel", _TASKS)
test_update_keeps_omitted_fields = again(crud.test_update_keeps_omitted_fields, "08_sqlmodel", _TASKS)

test_create_answers_201 = again(routes.test_create_answers_201, "08_sqlmodel", _TASKS)
test_read_answers_the_item = again(routes.test_read_answers_the_item, "08_sqlmodel", _TASKS)
test_get_unknown_is_404 = again(routes.test_get_unknown_is_404, "08_sqlmodel", _TASKS)
test_patch_unknown_is_404 = again(routes.test_patch_unknown_is_404, "08_sqlmodel", _TASKS)
test_delete_unknown_is_404 = again(routes.test_delete_unknown_is_404, "08_sqlmodel", _TASKS)
test_huge_id_is_no_crash = again(routes.test_huge_id_is_no_crash, "08_sqlmodel", _TASKS)
test_delete_answers_204 = again(routes.test_delete_answers_204, "08_sqlmodel", _TASKS)
test_list_answers_items = again(routes.test_list_answers_items, "08_sqlmodel", _TASKS)
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
    hint="Leave main.py as it was given: the lifespan creates the tables of SQLModel.metadata.",
    needs=["item_is_a_sqlmodel_table"],
)
def test_the_rest_still_works(rest: Rest) -> None:
    """The app starts on an empty database, and again on what was stored; 404 for a path that does not exist."""
    rest.expect_start("items")
    rest.expect_nothing_in_the_way("POST", "/items/")
