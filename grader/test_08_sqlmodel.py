"""Chapter 08: the feature of chapters 02 to 06 with SQLModel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import test_05_crud as crud
from grader import test_06_routes as routes
from grader.rules import again, rule

if TYPE_CHECKING:
    from grader.lab.lab import Lab

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
def test_item_is_a_sqlmodel_table(lab: Lab) -> None:
    """Item is a table model, and its table, as the database has it, has the columns of chapter 02."""
    lab.did("created the table of the model Item and looked at it")
    lab.sqlmodels.expect_table_model()
    lab.sqlmodels.expect_columns()
    lab.sqlmodels.expect_made_at_start()


@rule(
    task="8.4",
    title="what a client sends is validated",
    why="A table model does not validate: Item(name=['lamp']) and even Item() are taken as they are, and it is the "
    "database that complains, with a 500, or does not.",
    hint="The types of the bodies are ItemCreate and ItemUpdate, which have no table=True, and whose fields say what "
    "they take: lengths, and that a name is not blank.",
)
def test_input_is_validated(lab: Lab) -> None:
    """POST and PATCH answer 422 to a missing, wrong, blank or too long text, and store nothing."""
    lab.create_tables()
    path = f"/items/{lab.add_item(**_LAMP)}"
    lab.api.expect_accepted("POST", "/items/", _LAMP, "create_answers_201")
    lab.api.expect_accepted("PATCH", path, _LAMP, "patch_keeps_omitted_fields")
    rows = lab.items()
    for body in ({}, {"description": "no name"}, {"name": None}, *_WRONG_TEXTS):
        lab.api.expect_refused("POST", "/items/", body)
    for body in _WRONG_TEXTS:
        lab.api.expect_refused("PATCH", path, body)
    lab.expect_equal(lab.items(), rows, "rows in the database:")


@rule(
    task="8.14",
    title="a client cannot choose the id",
    why="An endpoint that takes the table model as its body takes the id too: the client can pick any, or hit one "
    "that is there already.",
    hint="Take ItemCreate as the type of the body: it has no id.",
)
def test_create_ignores_a_client_id(lab: Lab) -> None:
    """An id in the body of POST is ignored, or refused with 422; an item that has it already stays as it is."""
    lab.create_tables()
    taken = lab.add_item(name="chair", description=None)
    lab.api.expect_accepted("POST", "/items/", _LAMP, "create_answers_201")
    for chosen in (4711, taken):
        answer = lab.only_request("POST", "/items/", json={"id": chosen, "name": "table"})
        lab.expect_status(answer, 201, 200, 422)
        lab.expect(lab.api.row(4711) is None, saw="the item has the id 4711", wanted="an id of the database's choice")
    lab.expect_equal(lab.api.row(taken), {"id": taken, "name": "chair", "description": None}, "the other item:")


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
