"""In the child: the checks of chapter 02: the model Item, and the tables that are created at start-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.outcomes import ToDo
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.client import Client
    from grader.lab.code import Code
    from grader.lab.expect import Expect
    from grader.lab.focus import Focus
    from grader.lab.place import Place
    from grader.lab.story import Story
    from grader.lab.topics.item_tables import ItemTables
    from grader.lab.topics.start_up import StartUp
    from grader.lab.topics.untouched import Untouched

_LAMP = {"name": "lamp", "description": "warm light"}
_ROWS = {
    "a name and a description": _LAMP,
    "the name 'L' and an empty description": {"name": "L", "description": ""},
    "a name of 200 letters and a description of 500": {"name": "L" * 200, "description": "L" * 500},
}


@rule(
    task="2.1",
    title="the table items has its columns",
    why="The name, the type and the length of each column are a promise to the database and to everyone who reads it.",
    hint="The class Item, with all that it inherits, describes this table. Which of its lines says what we saw?",
    also=["2.2"],
)
def test_items_table_has_the_columns(item_tables: ItemTables, place: Place, story: Story, expect: Expect) -> None:
    """The table, as the database has it, has id, name and description with their types, and needs no more.

    As long as one of the two tasks is untouched, only the other task's column is checked.
    """
    columns = {"id": "a whole number, primary key", "name": "text up to 200", "description": "text up to 500"}
    story.did("created the table of the model Item and looked at it")
    table = item_tables.items()
    expect(table.name == "items", saw=f"the table is called {table.name}", wanted="the table is called items")
    to_do = [each for each in place.stubs if each.lacks and not any(map(table.has_column, each.lacks))]
    for stub in to_do:
        for name in stub.lacks:
            columns.pop(name, None)
    table.expect_columns(**columns)
    table.expect_attributes(*columns)
    for what, row in _ROWS.items():
        story.begin("created the table of the model Item", f"inserted a row with {what}")
        taken = table.takes(**{name: value for name, value in row.items() if name in columns})
        expect(
            taken,
            saw=f"the database refused it: {table.refusal}",
            wanted="the row is stored: it has all that a row needs",
        )
    for stub in to_do:
        raise ToDo(f"{stub.task} {stub.words}")


@rule(
    task="2.1",
    title="the database gives every item an id",
    why="Nobody chooses the id of an item; the database counts, and every part of the app relies on it.",
    hint="Look at the column as the database sees it: which type does it have there, and what makes the "
    "database count?",
)
def test_ids_come_from_the_database(item_tables: ItemTables, story: Story, expect: Expect) -> None:
    """A row that is inserted without an id gets one, in SQLite and in PostgreSQL."""
    table = item_tables.items_with("name", "id")
    story.did("inserted a row without an id, and asked how PostgreSQL would make its ids")
    expect(table.gives_ids(), saw=table.refusal, wanted="the database gives the row an id")


@rule(
    task="2.1",
    title="the database refuses an item without a name",
    why="A rule that only Python knows is broken by the first script that writes to the table directly.",
    hint="Whether a column takes NULL follows from how it is declared. What does the declaration of the name say?",
)
def test_name_is_required(item_tables: ItemTables, story: Story, expect: Expect) -> None:
    """NULL as a name breaks a constraint."""
    table = item_tables.items_with("name")
    story.did("inserted a row whose name is NULL")
    stored = table.stores(name=None, description="of oak")
    expect(not stored, saw="the row was stored", wanted="the database refuses it (NOT NULL)")


@rule(
    task="2.2",
    title="an item may have no description",
    why="What is optional for the client has to be optional for the table. Otherwise an item without it is an "
    "error, or is stored with something that nobody wrote.",
    hint="Whether a column takes NULL follows from how it is declared. What does the database say about the "
    "description?",
)
def test_description_is_optional(item_tables: ItemTables, story: Story, expect: Expect) -> None:
    """NULL as a description is stored, and the class and the column take None."""
    table = item_tables.items_with("description")
    story.begin("Item(name='lamp', description=None)")
    table.expect_made_without("description")
    story.begin()
    story.did("inserted a row whose description is NULL")
    stored = table.stores(name="lamp", description=None)
    expect(stored, saw=f"the database refused it: {table.refusal}", wanted="the row is stored")
    table.expect_none_is_sent("description")


@rule(
    task="2.1",
    title="the name is indexed",
    why="Without an index the database reads the whole table for every search by name.",
    hint="An index helps to find a name only if it begins with the column 'name'. Which indexes does your table have?",
)
def test_name_is_indexed(item_tables: ItemTables, story: Story, expect: Expect) -> None:
    """Some index of the table starts with the name."""
    table = item_tables.items_with("name")
    story.did("created the table of the model Item and looked at its indexes")
    indexes = table.indexes()
    indexed = any(columns[:1] == ["name"] for columns in indexes)
    found = [f"an index on {' and '.join(name or 'an expression' for name in columns)}" for columns in indexes[:-1]]
    expect(indexed, saw=", ".join(found) or "no index", wanted="an index on name")


@rule(
    task="2.1",
    title="two items may have the same name",
    why="The name is what people call an item, not what identifies it; two lamps are two rows.",
    hint="The database says which rule the second row breaks. Where does your model declare that rule?",
)
def test_names_may_repeat(item_tables: ItemTables, story: Story, expect: Expect) -> None:
    """A second row with the same name is stored."""
    table = item_tables.items_with("name", "id")
    story.did("inserted two rows that differ only in the id")
    table.stores(**_LAMP)
    stored = table.stores(**_LAMP)
    expect(stored, saw=f"the database refused the second one: {table.refusal}", wanted="both rows are stored")


@rule(
    task="2.3",
    title="the tables are created when the app starts",
    why="A fresh database has no tables; without them the first request fails.",
    hint="Go through the start of your app line by line, up to the first request. What is created, from which "
    "models, and in which database?",
)
def test_tables_are_created_at_startup(
    item_tables: ItemTables, start_up: StartUp, client: Client, focus: Focus, story: Story, expect: Expect
) -> None:
    """After start-up, before any request, the table exists, with the indexes of the model."""
    for database in item_tables.databases_to_start_on():
        story.begin(f"started the app on {database} whose only table is 'notes', in a folder with an empty file app.db")
        focus.on_name("main.lifespan")
        with start_up.without_latecomers():
            missing = item_tables.items_after_start().missing_indexes()
            saw = f"the table after the start has no index on {', '.join(missing)}"
            expect(not missing, saw=saw, wanted="the indexes that the model describes")
        client.close()


@rule(
    task="2.3",
    title="importing main touches no database",
    why="A test or a tool that imports the app must be able to choose the database first; "
    "if the module itself uses the database, it is too late.",
    hint="Python runs every line at the top of a module when it is imported, and the functions called there. "
    "Which of them needs the database?",
    needs=["tables_are_created_at_startup"],
)
def test_import_touches_no_database(
    untouched: Untouched, item_tables: ItemTables, client: Client, code: Code, story: Story
) -> None:
    """No connection is opened and no table appears before the app starts, whether its database is there or not."""
    folders = untouched.folders()
    story.did(f"imported app.main {next(folders)}")
    with untouched.by_importing("main"):
        client.app()
    story.did("started the app")
    client.start()
    item_tables.items_some_time_after_start()
    client.close()
    story.begin(f"imported app.main {next(folders)}")
    code.import_again()
    with untouched.by_importing("main"):
        client.app()


@rule(
    task="2.3",
    title="a restart keeps the data",
    why="A server restarts with every deployment; what it stored has to be there afterwards.",
    hint="Go through the stop and the second start line by line. What happens to a table that is there "
    "already, and to its rows?",
    needs=["tables_are_created_at_startup"],
)
def test_restart_keeps_data(item_tables: ItemTables, client: Client, code: Code, story: Story, expect: Expect) -> None:
    """The rows are the same after stopping and starting the app, on the database of the check and the default one.

    Rows that the app adds when they are missing may come back.
    """
    for database in item_tables.databases_to_restart_on():
        story.begin(f"started the app on {database}, emptied its table and inserted three rows")
        client.start()
        rows = item_tables.put_rows_alone(item_tables.items_some_time_after_start())
        for again in (True, False):
            story.did("stopped the app and started it again")
            client.stop()
            code.import_again()
            client.start()
            table = item_tables.items_some_time_after_start()
            changed = table.changed_since(rows)
            if not (again and table.has_all_and_more(rows)):
                break
            rows = table.rows()  # an example that was missing is there again: once, or at every start?
        expect(not changed, saw=changed, wanted="the table has the same rows as before")
        client.stop()
