"""Chapter 04: what a client may send, and what it gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab import Lab


@rule(
    task="4.2",
    title="ItemCreate needs a name that is not blank",
    why="An item without a visible name can be stored but not found, chosen or talked about.",
    hint="A field without a default is required; StringConstraints(strip_whitespace=True, min_length=1) refuses blanks.",
)
def test_create_needs_a_name(lab: Lab) -> None:
    """A missing, null or blank name is refused, a real one is kept."""
    lab.schemas.accepts("ItemCreate", {"name": "lamp"}, name="lamp")
    lab.schemas.accepts("ItemCreate", {"name": "a"}, name="a")
    for name in (None, "", " ", " \t\n "):
        lab.schemas.refuses("ItemCreate", {"name": name})
    lab.schemas.refuses("ItemCreate", {"description": "no name"})


@rule(
    task="4.2",
    title="the description of an ItemCreate is optional",
    why="Most items need none; whoever has to send something sends nonsense.",
    hint="A field is optional when it has a default: description: ... | None = None",
)
def test_create_description_is_optional(lab: Lab) -> None:
    """Left out and null mean no description; an empty text is a text."""
    lab.schemas.accepts("ItemCreate", {"name": "lamp"}, description=None)
    lab.schemas.accepts("ItemCreate", {"name": "lamp", "description": None}, description=None)
    lab.schemas.accepts("ItemCreate", {"name": "lamp", "description": ""}, description="")
    lab.schemas.accepts("ItemCreate", {"name": "lamp", "description": "warm"}, description="warm")


@rule(
    task="4.1",
    title="the lengths match the table",
    why="SQLite stores 300 characters in a String(200), PostgreSQL answers with an error: "
    "the client has to hear it from the schema, as a 422.",
    hint="max_length=200 for the name and 500 for the description, in both schemas.",
)
def test_lengths_match_the_table(lab: Lab) -> None:
    """The longest texts are accepted, one character more is refused, when creating and when updating."""
    for schema, rest in (("ItemCreate", {"name": "lamp"}), ("ItemUpdate", {})):
        for field, limit in (("name", 200), ("description", 500)):
            for letter in ("x", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
                lab.schemas.accepts(schema, {**rest, field: letter * limit}, **{field: letter * limit})
                lab.schemas.refuses(schema, {**rest, field: letter * (limit + 1)})


@rule(
    task="4.2",
    title="ItemCreate takes no id from the client",
    why="The database gives out the ids. A client that may choose them can take or overwrite another's.",
    hint="Leave id out of ItemCreate; Pydantic ignores what a schema does not name.",
)
def test_create_ignores_a_client_id(lab: Lab) -> None:
    """An id that was sent is either refused or gone."""
    lab.schemas.accepts("ItemCreate", {"name": "lamp"}, name="lamp")
    data = lab.schemas.kept("ItemCreate", {"id": 7, "name": "lamp"})
    lab.expect(data is None or "id" not in data, saw=f"the schema kept it: {data}", wanted="no id in the data")


@rule(
    task="4.4",
    title="ItemRead reads an object of the ORM",
    why="Endpoints have ORM objects with attributes, not dictionaries; by default Pydantic reads only the latter.",
    hint="model_config = ConfigDict(from_attributes=True)",
)
def test_read_accepts_an_orm_object(lab: Lab) -> None:
    """ItemRead.model_validate takes a mapped object and shows id, name and description."""
    for description in ("warm light", None):
        row = {"id": 7, "name": "lamp", "description": description}
        lab.schemas.expect_shown(lab.schemas.orm_object(**row), **row)


@rule(
    task="4.4",
    title="ItemRead hides internal fields",
    why="A column that is added next year (a price you paid, a note about a customer) must not leak out by itself.",
    hint="Name the three fields that may be seen; do not allow extra ones.",
    needs=["read_accepts_an_orm_object"],
)
def test_read_hides_internal_fields(lab: Lab) -> None:
    """Of an object with one more attribute and one more column, only the three fields are shown."""
    row = {"id": 7, "name": "lamp", "description": "warm light"}
    shown = lab.schemas.shown(lab.schemas.orm_object_with_secrets(**row))
    lab.expect_equal(sorted(shown), sorted(row), "fields:")


@rule(
    task="4.3",
    title="every field of ItemUpdate may be left out",
    why="PATCH changes a part; whoever changes the description should not have to repeat the name.",
    hint="Give every field a default.",
)
def test_update_fields_are_optional(lab: Lab) -> None:
    """Nothing, one field, the other and both are accepted."""
    lab.schemas.accepts("ItemUpdate", {"name": "lamp", "description": "warm"}, name="lamp", description="warm")
    lab.schemas.accepts("ItemUpdate", {"description": None}, description=None)
    lab.schemas.accepts("ItemUpdate", {"name": "lamp"}, name="lamp")
    lab.schemas.accepts("ItemUpdate", {"description": "warm"}, description="warm")
    lab.schemas.accepts("ItemUpdate", {})


@rule(
    task="4.3",
    title="ItemUpdate knows what was sent",
    why="'Not sent' and 'sent as null' are different wishes; only the schema can still tell them apart.",
    hint="Pydantic remembers it in model_fields_set; look for a validator that fills fields in.",
)
def test_update_knows_what_was_sent(lab: Lab) -> None:
    """What was sent, and only that, is in model_fields_set and in model_dump(exclude_unset=True)."""
    both = {"name": "lamp", "description": "warm"}
    for body in (both, {"description": None}, {"description": ""}, {"name": "lamp"}, {}):
        lab.schemas.expect_sent("ItemUpdate", body)


@rule(
    task="4.3",
    title="ItemUpdate refuses null as a name",
    why="The column does not take NULL: without this rule the client gets a 500 from the database.",
    hint="Optional is not the same as nullable: name: Name = ... has a default but does not take None.",
)
def test_update_rejects_null_name(lab: Lab) -> None:
    """A name may be left out, but not be null."""
    lab.schemas.accepts("ItemUpdate", {"name": "lamp"}, name="lamp")
    lab.schemas.refuses("ItemUpdate", {"name": None})
