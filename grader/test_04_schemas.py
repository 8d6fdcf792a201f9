"""In the child: the checks of chapter 04: what a client may send, and what it gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.expect import Expect
    from grader.lab.topics.objects import Objects
    from grader.lab.topics.schemas import Schemas

_LAMPS = ({"name": "lamp"}, {"name": "lamp", "description": "warm"})
_NAMES = ("lamp", "a", '"Desk" lamp no. 2 (black/white)', "Tischl\N{LATIN SMALL LETTER A WITH DIAERESIS}mpchen")
_BLANKS = ("", " ", " \t\n ", "\N{NO-BREAK SPACE}")


@rule(
    task="4.2",
    title="ItemCreate needs a name that is not blank",
    why="An item without a visible name can be stored but not found, chosen or talked about.",
    hint="A field without a default is required. min_length=1 alone takes ' ' for a name: strip first, then measure. "
    "A validator of your own raises ValueError, and returns the value.",
)
def test_create_needs_a_name(schemas: Schemas) -> None:
    """A missing, null or blank name is refused, with a description and without; a real one is kept as it is."""
    for name in _NAMES:
        schemas.accepts("ItemCreate", {"name": name, "description": "warm"}, name=name)
    for blank in (None, *_BLANKS):
        schemas.refuses("ItemCreate", {"name": blank, "description": "warm"})
        schemas.refuses("ItemCreate", {"name": blank})
    schemas.refuses("ItemCreate", {"description": "warm"})
    schemas.refuses("ItemCreate", {})


@rule(
    task="4.2",
    title="the description of an ItemCreate is optional",
    why="Most items need none; whoever has to send something sends nonsense.",
    hint="Two things make a field optional: a default (= None), and a type that takes None (... | None).",
)
def test_create_description_is_optional(schemas: Schemas) -> None:
    """Left out and null mean no description; a text is kept, and an empty text is a text too."""
    schemas.wait_for("create_needs_a_name", "ItemCreate", *_LAMPS)
    schemas.accepts("ItemCreate", {"name": "lamp"}, description=None)
    schemas.accepts("ItemCreate", {"name": "lamp", "description": None}, description=None)
    schemas.accepts("ItemCreate", {"name": "lamp", "description": ""})
    for text in ("warm", "w", "warm\nand \N{LATIN SMALL LETTER U WITH DIAERESIS}ber 20 W"):
        schemas.accepts("ItemCreate", {"name": "lamp", "description": text}, description=text)


@rule(
    task="4.1",
    title="the lengths match the table",
    why="SQLite stores 300 characters in a String(200), PostgreSQL answers with an error: "
    "the client has to hear it from the schema, as a 422.",
    hint="max_length=200 for the name and 500 for the description, in both schemas; characters count, not bytes.",
)
def test_lengths_match_the_table(schemas: Schemas) -> None:
    """The longest texts are accepted, one character more is refused, when creating and when updating."""
    both = {"name": "lamp", "description": "warm"}
    for schema in ("ItemCreate", *schemas.written("ItemUpdate")):
        for field, limit in (("name", 200), ("description", 500)):
            for rest in (both, {}):
                for letter in ("x", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
                    if schemas.is_accepted(schema, {**rest, field: letter * 20}):
                        schemas.accepts(schema, {**rest, field: letter * limit})
                        schemas.refuses(schema, {**rest, field: letter * (limit + 1)})


@rule(
    task="4.2",
    title="the client does not choose the id",
    why="The database gives out the ids. A client that may choose them can take or overwrite another's.",
    hint="Leave id out of ItemCreate, of ItemUpdate and of what they inherit from; "
    "Pydantic ignores what a schema does not name (but not with extra='allow').",
)
def test_create_ignores_a_client_id(schemas: Schemas) -> None:
    """An id that was sent is either refused or gone."""
    schemas.wait_for("create_needs_a_name", "ItemCreate", *_LAMPS)
    schemas.accepts("ItemCreate", {"name": "lamp", "description": "warm"})
    for schema in ("ItemCreate", *schemas.written("ItemUpdate")):
        schemas.expect_no_id(schema, {"name": "lamp", "description": "warm"})


@rule(
    task="4.4",
    title="ItemRead reads an object of the ORM",
    why="Endpoints have ORM objects with attributes, not dictionaries; by default Pydantic reads only the latter.",
    hint="from_attributes=True in the model_config, and three fields; the description may be None. "
    "(vars(item) is empty after a commit: SQLAlchemy loads a value when the attribute is read.)",
)
def test_read_accepts_an_orm_object(objects: Objects, schemas: Schemas) -> None:
    """ItemRead.model_validate takes a mapped object, also after a commit, and shows id, name and description."""
    row = {"id": 7, "name": "lamp", "description": "warm light"}
    for what, item in (
        ("an Item with a description", row),
        ("an Item whose description is None", {**row, "description": None}),
        ("an Item whose description is ''", {**row, "description": ""}),
        ("an Item with texts as long as they may be", {**row, "name": "x" * 200, "description": "y" * 500}),
    ):
        schemas.expect_shown(objects.plain(**item), what, **item)
    schemas.expect_shown(objects.committed(**row), "an Item that was just committed", **row)


@rule(
    task="4.4",
    title="ItemRead shows three fields and hides all others",
    why="A column that is added next year (a price you paid, a note about a customer) must not leak out by itself.",
    hint="Name the three fields that may be seen and no other, computed fields included; do not allow extra ones.",
    needs=["read_accepts_an_orm_object"],
)
def test_read_hides_internal_fields(objects: Objects, schemas: Schemas, expect: Expect) -> None:
    """Of an object with one more attribute and one more column, no more than the three fields are shown."""
    row = {"id": 7, "name": "lamp", "description": "warm light"}
    item = objects.with_secrets(**row)
    shown = schemas.shown(item, "an Item with one more column, internal_note, and one more attribute, shelf")
    more = sorted(set(shown) - set(row))
    expect(not more and "id" in shown, saw=f"it shows also {more}", wanted="only id, name and description")


@rule(
    task="4.3",
    title="every field of ItemUpdate may be left out",
    why="PATCH changes a part; whoever changes the description should not have to repeat the name.",
    hint="Give every field a default (it is not checked, so None will do everywhere). Sending nothing is fine, "
    "and so is null for the description: that is how it is cleared.",
)
def test_update_fields_are_optional(schemas: Schemas) -> None:
    """Nothing, one field, the other and both are accepted; the description may be null or empty."""
    schemas.accepts("ItemUpdate", {"name": "lamp", "description": "warm"}, name="lamp", description="warm")
    schemas.accepts("ItemUpdate", {"name": "lamp"}, name="lamp")
    schemas.accepts("ItemUpdate", {"description": "warm"}, description="warm")
    schemas.accepts("ItemUpdate", {})
    for description in (None, ""):
        schemas.accepts("ItemUpdate", {"name": "lamp", "description": description})
        schemas.accepts("ItemUpdate", {"description": description})


@rule(
    task="4.3",
    title="ItemUpdate knows what was sent",
    why="'Not sent' and 'sent as null' are different wishes; only the schema can still tell them apart.",
    hint="Pydantic remembers it in model_fields_set. A validator that fills in or sets a field makes it count as sent.",
    needs=["update_fields_are_optional"],
)
def test_update_knows_what_was_sent(schemas: Schemas) -> None:
    """What was sent, and only that, is in model_fields_set and in model_dump(exclude_unset=True)."""
    both: dict[str, str | None] = {"name": "lamp", "description": "warm"}
    schemas.expect_sent("ItemUpdate", both)
    for body in (
        {**both, "description": None},
        {**both, "description": ""},
        {"name": "lamp"},
        {"description": "warm"},
        {"description": ""},
        {"description": None},
        {},
    ):
        if schemas.is_accepted("ItemUpdate", body):
            schemas.expect_sent("ItemUpdate", body)


@rule(
    task="4.3",
    title="ItemUpdate refuses null as a name",
    why="The column does not take NULL: without this rule the client gets a 500 from the database.",
    hint="Optional is not the same as nullable: a default lets the field be left out, '| None' in its type lets "
    "null in. A default is not checked against the type.",
)
def test_update_rejects_null_name(schemas: Schemas) -> None:
    """A name may be left out, but not be null."""
    schemas.accepts("ItemUpdate", {"name": "lamp", "description": "warm"}, name="lamp")
    schemas.refuses("ItemUpdate", {"name": None, "description": "warm"})
    schemas.refuses("ItemUpdate", {"name": None})


@rule(
    task="4.3",
    title="ItemUpdate refuses a blank name",
    why="A name that is blank after a change hides an item just as well as one that was blank from the start.",
    hint="Give the name in ItemUpdate the same type as in ItemCreate: the rules for a name stay the same, only "
    "the default is new.",
    needs=["create_needs_a_name"],
)
def test_update_rejects_blank_name(schemas: Schemas) -> None:
    """An empty name, and white space alone, are refused, with a description and without; a real name is kept."""
    schemas.wait_for("update_fields_are_optional", "ItemUpdate", *_LAMPS)
    for name in _NAMES:
        schemas.accepts("ItemUpdate", {"name": name, "description": "warm"}, name=name)
    for blank in _BLANKS:
        schemas.refuses("ItemUpdate", {"name": blank, "description": "warm"})
        schemas.refuses("ItemUpdate", {"name": blank})
