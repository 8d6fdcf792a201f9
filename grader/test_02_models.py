"""Chapter 02: the model Item, and the tables that are created at start-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab import Lab


@rule(
    task="2.1",
    title="the table items has its columns",
    why="The name and the length of each column are a promise to the database and to everyone who reads it.",
    hint="mapped_column takes a type: String(200) for the name, String(500) for the description.",
)
def test_items_table_has_the_columns(lab: Lab) -> None:
    """The table, as the database has it, has id, name and description with their types."""
    lab.create_tables()
    lab.did("created the tables and looked at them")
    lab.table("items")
    columns = lab.engines.columns("items")
    wanted = {"id": "a whole number, primary key", "name": "text up to 200", "description": "text up to 500"}
    lab.expect_equal({name: columns.get(name, "missing") for name in wanted}, wanted)


@rule(
    task="2.1",
    title="the database refuses an item without a name",
    why="A rule that only Python knows is broken by the first script that writes to the table by itself.",
    hint="Mapped[str] means NOT NULL, Mapped[str | None] means that NULL is allowed.",
)
def test_name_is_required(lab: Lab) -> None:
    """NULL as a name breaks a constraint."""
    lab.create_tables()
    lab.engines.expect_column("items", "name")
    lab.did("inserted a row whose name is NULL")
    refused = lab.engines.refuses(lambda: lab.add_item(name=None))  # type: ignore[arg-type]
    lab.expect(refused, saw="the row was stored", wanted="the database refuses it (NOT NULL)")


@rule(
    task="2.2",
    title="an item may have no description",
    why="What is optional for the client has to be optional for the table, or every short item is an error.",
    hint="Mapped[str | None] makes the column nullable.",
)
def test_description_is_optional(lab: Lab) -> None:
    """NULL as a description is stored."""
    lab.create_tables()
    lab.engines.expect_column("items", "description")
    lab.did("inserted a row whose description is NULL")
    refused = lab.engines.refuses(lambda: lab.add_item(description=None))
    lab.expect(not refused, saw="the database refused it", wanted="the row is stored")


@rule(
    task="2.1",
    title="the name is indexed",
    why="Without an index the database reads the whole table for every search by name.",
    hint="mapped_column(..., index=True)",
)
def test_name_is_indexed(lab: Lab) -> None:
    """Some index of the table starts with the name."""
    lab.create_tables()
    lab.engines.expect_column("items", "name")
    lab.did("created the tables and looked at their indexes")
    indexes = lab.engines.indexes("items")
    lab.expect(
        any(columns[:1] == ["name"] for columns in indexes.values()),
        saw=f"indexes: {indexes or 'none'}",
        wanted="an index that starts with name",
    )


@rule(
    task="2.1",
    title="two items may have the same name",
    why="The name is what people call an item, not what identifies it; two lamps are two rows.",
    hint="index=True is enough; unique=True is more than was asked for.",
)
def test_names_may_repeat(lab: Lab) -> None:
    """A second row with the same name is stored."""
    lab.create_tables()
    lab.engines.expect_column("items", "name")
    lab.did("inserted two rows with the same name")
    lab.add_item(name="lamp")
    refused = lab.engines.refuses(lambda: lab.add_item(name="lamp"))
    lab.expect(not refused, saw="the database refused the second one", wanted="both rows are stored")


@rule(
    task="2.3",
    title="the tables are created when the app starts",
    why="A fresh database has no tables; without them the first request fails.",
    hint="The code before the yield of the lifespan runs at start-up: Base.metadata.create_all(engine)",
)
def test_tables_are_created_at_startup(lab: Lab) -> None:
    """After start-up, before any request, the table exists."""
    lab.did("started the app on an empty database")
    lab.start()
    tables = lab.database.tables()
    lab.expect("items" in tables, saw=f"tables: {tables or 'none'}", wanted="the table items")


@rule(
    task="2.3",
    title="importing main touches no database",
    why="A test or a tool that imports the app must be able to choose the database first; "
    "at module level it is too late.",
    hint="create_all belongs into the lifespan, not at module level.",
    needs=["tables_are_created_at_startup"],
)
def test_import_touches_no_database(lab: Lab) -> None:
    """No connection is opened and no table appears before the app starts."""
    lab.did("imported app.main")
    lab.import_again()
    with lab.engines.nothing_touched():
        lab.app()
    lab.start()
    lab.expect("items" in lab.database.tables(), saw="no tables after the start", wanted="tables after the start")


@rule(
    task="2.3",
    title="a restart keeps the data",
    why="A server restarts with every deployment; what it stored has to be there afterwards.",
    hint="create_all only adds what is missing; look for drop_all, or for a file that is deleted.",
    needs=["tables_are_created_at_startup"],
)
def test_restart_keeps_data(lab: Lab) -> None:
    """A row survives stopping and starting the app."""
    lab.did("started the app, inserted a row, stopped the app, started it again")
    lab.start()
    lab.expect("items" in lab.database.tables(), saw="no tables after the start", wanted="tables after the start")
    lab.add_item(name="lamp")
    lab.stop()
    lab.import_again()
    lab.start()
    found = [row["name"] for row in lab.database.rows("SELECT name FROM items")]
    lab.expect(found == ["lamp"], saw=f"rows after the restart: {len(found)}", wanted="the row is still there")
