"""In the child: where the table of the learner's model ``Item`` is, or should be."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Engine, Table, inspect
from sqlalchemy.orm import Mapper

from grader.lab.client import Client
from grader.lab.code import Code
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.story import Story
from grader.lab.topics.elsewhere import Elsewhere
from grader.lab.topics.item_table import DESK, LAMP, ItemTable
from grader.outcomes import Waits, Wrong, waiting_for

_TABLE_RULE = "items_table_has_the_columns"


class ItemTables:
    """Where a check finds the table."""

    def __init__(
        self,
        code: Code,
        focus: Focus,
        story: Story,
        expect: Expect,
        database: Database,
        elsewhere: Elsewhere,
        client: Client,
    ) -> None:
        self._code = code
        self._focus = focus
        self._story = story
        self._expect = expect
        self._database = database
        self._elsewhere = elsewhere
        self._client = client

    def items(self) -> ItemTable:
        """The table of the learner's model ``Item``, made in the database of the check.

        Raises:
            Wrong: the model has none.
        """
        self._focus.on_name("models.Item")
        table = self._table_in(self._database)
        with self._code.running("a table that can be created"):
            if isinstance(engine := self._code.need("db.engine"), Engine):
                with self._story.untold():
                    table.metadata.create_all(engine)  # as the app does: to others code might give another table
            else:
                self._database.create_tables(table.metadata)
        return table

    def items_with(self, *columns: str) -> ItemTable:
        """The same, for rules that can judge a table only if it has some columns and takes a complete row.

        Raises:
            Waits: it is not so; the rule about the table says what is wrong.
        """
        with waiting_for(_TABLE_RULE):
            table = self.items()
        for column in columns:
            if not table.has_column(column) or (column == "id" and not table.has_key()):
                raise Waits(f"the column {column} is missing, or it is not right yet", _TABLE_RULE)
        self.put_desk(table)
        return table

    def put_desk(self, table: ItemTable) -> None:
        """Insert the row of `DESK`.

        Raises:
            Waits: it does not; the rule about the table says so.
        """
        if not table.stores(**DESK):
            raise Waits(f"the database refuses a complete row: {table.refusal}", _TABLE_RULE)

    def put_rows_alone(self, table: ItemTable) -> list[dict[str, Any]]:
        """Put rows of the grader's own in the place of all that the app put into the table; what is there then.

        What an app writes at every start changes them, or adds to them.

        Raises:
            Waits: the table does not take a row; the rule about the table says so.
        """
        table.clear()
        table.stores_as(1, **LAMP)
        table.stores_as(2, name="chair", description="with arms")
        if not table.stores_as(3, **DESK):
            self.put_desk(table)
        return table.rows()

    def databases_to_start_on(self) -> Iterator[str]:
        """The database of the check, and a SQLite file where that is none; each in words.

        It has a table already, and an empty file lies about that is called like the default one.
        """
        self._database.run("CREATE TABLE notes (id INTEGER)")
        self._elsewhere.work_in_a_new_folder()
        Path("app.db").touch()
        yield "a database"
        if self._database.kind != "sqlite":
            url = self._elsewhere.sqlite_url()
            self._elsewhere.database_at(url).run("CREATE TABLE notes (id INTEGER)")
            self._code.import_again(DATABASE_URL=url)
            yield "a SQLite file"

    def databases_to_restart_on(self) -> Iterator[str]:
        """The database of the check, then with no URL in the environment the default one; each in words."""
        yield "an empty database"
        self._elsewhere.work_in_a_new_folder()
        self._code.import_again(DATABASE_URL=None)
        yield "the default database, app.db"

    def items_some_time_after_start(self) -> ItemTable:
        """The same, for rules that do not ask when it was made.

        Raises:
            Wrong: it is not there.
        """
        latest = monotonic() + 1
        while True:
            may_come = self._client.has_more_to_do()
            try:
                return self.items_after_start()
            except Wrong:
                # What nobody can meet (`instead`) is not met later, however long one waits.
                if self._expect.instead or not may_come or monotonic() > latest:
                    raise
                sleep(0.02)

    def items_after_start(self) -> ItemTable:
        """The table of the learner's model ``Item``, as the running app has made it.

        Raises:
            Wrong: it is not there.
        """
        imported = "app.models" in sys.modules
        database = self._elsewhere.database_at(os.environ.get("DATABASE_URL", "sqlite:///./app.db"))
        with waiting_for(_TABLE_RULE):
            table = self._table_in(database)
        self._focus.on_name("main.lifespan")
        found = table.database.tables()
        saw = f"tables after the start: {', '.join(found) or 'none'}"
        self._expect(
            table.name in found,
            saw=saw if imported else f"{saw}; app/models.py was never imported",
            wanted=f"the table {table.name} after the start",
        )
        return table

    def _table_in(self, database: Database) -> ItemTable:
        """The table of the learner's model ``Item`` in a database, whatever its name.

        Raises:
            Wrong: the model has no table.
        """
        mapper = inspect(self._code.need("models.Item"), raiseerr=False)
        if not isinstance(mapper, Mapper) or not isinstance(mapper.local_table, Table):
            raise Wrong("models.Item is a class without a table", "a class that inherits from Base")
        return ItemTable(self._code, self._expect, self._elsewhere, mapper.local_table, database)
