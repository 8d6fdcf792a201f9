"""In the child: the checks of chapter 04: what a client may send, and what it gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.expect import Expect
    from grader.lab.topics.objects import Objects
    from grader.lab.topics.schemas import Schemas

_LAMPS = ({"name": "lamp"}, {"name": "lamp", "description": "warm"})
_NAMES = (
    *("lamp", "a", "LED", '"Desk" lamp no. 2 <black & white>', "Tischl\N{LATIN SMALL LETTER A WITH DIAERESIS}mpchen"),
    "O'Neil's lamp, 50% off \N{ELECTRIC LIGHT BULB}",
)
_TEXTS = (
    *("warm", "w", "WARM"),
    'Warm\nand "\N{LATIN SMALL LETTER U WITH DIAERESIS}ber"  20 W, <LED> & more',
)
_BLANKS = ("", " ", " \t\n ", "\N{NO-BREAK SPACE}")


@rule(
    task="4.2",
    title="ItemCreate takes every name but a blank one",
    why="People find an item by its name, so they have to be able to see it. They must also be able to give it any "
    "name that they can see and that is not too long.",
    hint="Take the value above through the rules for the name, in the order in which they run. Which one "
    "answers in another way than you expect?",
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
    why="Most items need no description, and many clients send none. One that is sent has to be kept as it is.",
    hint="What does your schema say about a description: may it be left out, may it be null, and what becomes "
    "of a text?",
)
def test_create_description_is_optional(schemas: Schemas) -> None:
    """Left out and null mean no description; a text is kept, and an empty text is a text too."""
    schemas.wait_for("create_needs_a_name", "ItemCreate", *_LAMPS)
    schemas.accepts("ItemCreate", {"name": "lamp"}, description=None)
    schemas.accepts("ItemCreate", {"name": "lamp", "description": None}, description=None)
    schemas.accepts("ItemCreate", {"name": "lamp", "description": ""})
    for text in _TEXTS:
        schemas.accepts("ItemCreate", {"name": "lamp", "description": text}, description=text)


@rule(
    task="4.1",
    title="the lengths match the table",
    why="The schema has to say the same as the table. If it takes more, PostgreSQL refuses the row and the "
    "client gets a 500. If it takes less, clients lose what the table has room for.",
    hint="Count the characters above. Which line decides about the length of this field in this schema?",
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
    schemas.wait_for("create_needs_a_name", "ItemCreate", *_LAMPS)
    schemas.wait_for("create_description_is_optional", "ItemCreate", both)


@rule(
    task="4.2",
    title="the client does not choose the id",
    why="The database gives out the ids. A client that may choose them can take or overwrite another's.",
    hint="A schema keeps the fields that it declares, and any others that it is told to keep. How does it come "
    "to hold an id?",
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
    why="An endpoint returns an object of the ORM. ItemRead has to show its three values, whatever they are.",
    hint="ItemRead takes its values out of an object's attributes. Follow the one above: where do they come "
    "from, and what happens to them on the way?",
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
    hint="What ItemRead shows is decided by ItemRead alone. How do more fields get in?",
    needs=["read_accepts_an_orm_object"],
)
def test_read_hides_internal_fields(objects: Objects, schemas: Schemas, expect: Expect) -> None:
    """Of an object with one more attribute and one more column, no more than the three fields are shown."""
    row = {"id": 7, "name": "lamp", "description": "warm light"}
    item = objects.with_secrets(**row)
    shown = schemas.shown(item, "an Item with one more column, internal_note, and one more attribute, shelf")
    more = sorted(set(shown) - set(row))
    expect(
        not more and "id" in shown,
        saw=f"it also shows {', '.join(map(repr, more))}",
        wanted="only id, name and description",
    )


@rule(
    task="4.3",
    title="every field of ItemUpdate may be left out",
    why="PATCH changes a part: a client sends what it wants to change, and nothing else. "
    "The schema has to keep what it sends.",
    hint="Take the fields above through ItemUpdate. Which line refuses them, or changes them?",
)
def test_update_fields_are_optional(schemas: Schemas) -> None:
    """Nothing, one field, the other and both are accepted; the description may be null or empty."""
    schemas.accepts("ItemUpdate", {"name": "lamp", "description": "warm"}, name="lamp", description="warm")
    schemas.accepts("ItemUpdate", {"name": "lamp"}, name="lamp")
    for text in filter(schemas.create_keeps, _TEXTS):
        schemas.accepts("ItemUpdate", {"description": text}, description=text)
    schemas.accepts("ItemUpdate", {})
    for description in (None, ""):
        schemas.accepts("ItemUpdate", {"name": "lamp", "description": description})
        schemas.accepts("ItemUpdate", {"description": description})


@rule(
    task="4.3",
    title="ItemUpdate knows what was sent",
    why="'Not sent' and 'sent as null' are different wishes; only the schema can still tell them apart.",
    hint="Compare what was sent with what the schema believes was sent. On which line do the two begin to differ?",
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
    why="The table has no room for an item without a name, so the database would refuse null. A text such as "
    "'lamp' is accepted.",
    hint="'Left out' and 'sent as null' are two things. What does ItemUpdate say about each of them, for the name?",
)
def test_update_rejects_null_name(schemas: Schemas) -> None:
    """A name may be left out, but not be null."""
    schemas.accepts("ItemUpdate", {"name": "lamp", "description": "warm"})
    schemas.refuses("ItemUpdate", {"name": None, "description": "warm"})
    schemas.refuses("ItemUpdate", {"name": None})


@rule(
    task="4.3",
    title="ItemUpdate takes every name but a blank one",
    why="A name has to be one that people can see, after a change as well as at the start. No other name is to be "
    "refused.",
    hint="Take the name above through the rules of ItemUpdate, in the order in which they run. Which one "
    "answers in another way than you expect?",
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
