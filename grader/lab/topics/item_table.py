"""In the child: the table of the learner's model ``Item``, as a database has it."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from inspect import signature
from itertools import count
from typing import Any

from sqlalchemy import CHAR, Column, Integer, MetaData, String, Table, Text, insert, inspect, literal, null
from sqlalchemy.exc import CompileError, DBAPIError, StatementError

from grader.lab.code import Code
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.topics.elsewhere import Elsewhere

LAMP = {"name": "lamp", "description": "warm light"}
DESK = {"name": "desk", "description": "of oak"}


class ItemTable:
    """What a check asks about the table, and what it writes to it."""

    def __init__(self, code: Code, expect: Expect, elsewhere: Elsewhere, table: Table, database: Database) -> None:
        self._code = code
        self._expect = expect
        self._elsewhere = elsewhere
        self._table = table
        self._ids = count(1000)
        self.database = database
        self.refusal = ""

    @property
    def name(self) -> str:
        """The table's name."""
        return self._table.name

    @property
    def metadata(self) -> MetaData:
        """The metadata in which the table is."""
        return self._table.metadata

    def expect_columns(self, **wanted: str) -> None:
        """End the check as failed unless the table has these columns."""
        inspector, lengths = inspect(self.database.engine), self._lengths()
        key = inspector.get_pk_constraint(self.name)["constrained_columns"]
        found = {
            column["name"]: _in_words(column["type"], lengths.get(column["name"], 0))
            for column in inspector.get_columns(self.name)
        }
        for name in key:
            others = [other for other in key if other != name]
            found[name] += ", primary key" + (f" together with {' and '.join(others)}" if others else "")
        wrong = [name for name in wanted if found.get(name) != wanted[name]]
        saw = "; ".join(f"{name}: {found.get(name, 'missing')}" for name in wrong)
        if any(name not in found for name in wrong):
            saw += f" (the columns are {', '.join(found)})"
        self._expect(not wrong, saw=saw, wanted="; ".join(f"{name}: {wanted[name]}" for name in wrong))

    def _lengths(self) -> dict[str, int]:
        """The length of each column that has one, as the database itself tells it: an inspector may be misled."""
        rows = self.database.rows(_COLUMNS[self.database.kind], table=self.name)
        told = {row["name"]: _LENGTH.search(row["told"]) for row in rows}
        return {name: int(found[1]) for name, found in told.items() if found is not None}

    def expect_attributes(self, *names: str) -> None:
        """End the check as failed unless the class calls its columns so."""
        item = self._code.need("models.Item")
        missing = [name for name in names if not hasattr(item, name)]
        saw = f"Item has no attribute {' and no '.join(missing)}"
        self._expect(not missing, saw=saw, wanted=f"Item has the attributes {', '.join(names)}")

    def expect_made_without(self, name: str) -> None:
        """End the check as failed if the class cannot be made with None as this attribute.

        What else its constructor takes, or is not called so, is anybody's choice.
        """
        item, values = self._code.need("models.Item"), {**LAMP, name: None}
        if not all(hasattr(item, each) for each in values):
            return
        with suppress(TypeError, ValueError):
            signature(item).bind(**values)
            with self._code.running("an Item"):
                item(**values)

    def expect_none_is_sent(self, name: str) -> None:
        """End the check as failed if the column's own type cannot send None; whether it is taken is asked elsewhere."""
        row = {**_required_besides(self._table), **LAMP, name: None}
        known = [column for column in self._table.columns if column.name in row]
        values = {each: literal(row[each.name], type_=each.type if each.name == name else None) for each in known}
        with (
            self._code.running("the row is stored"),
            suppress(DBAPIError),
            self.database.engine.connect() as connection,
        ):
            connection.execute(insert(self._table).values(values))

    def has_column(self, name: str) -> bool:
        """Whether the table has a column of this name."""
        return any(column.name == name for column in self._table.columns)

    def has_key(self) -> bool:
        """Whether the id alone is the primary key."""
        return [column.name for column in self._table.primary_key] == ["id"]

    def takes(self, **row: Any) -> bool:
        """Insert a row of which nothing else is known; whether the database takes it."""
        with_id = {**row, "id": next(self._ids)} if self._has_number_as_id() else row
        return self._insert(self.database, row) or self._insert(self.database, with_id)

    def stores(self, **row: Any) -> bool:
        """The same, with a value for whatever else the table may require: that is another rule's matter."""
        return self.takes(**{**_required_besides(self._table), **row})

    def gives_ids(self) -> bool:
        """Whether a row without an id gets one, in the database of the check and in a SQLite file."""
        row = {**_required_besides(self._table), **LAMP}
        default: Any = self._table.columns["id"].default
        if self._has_number_as_id() and default is not None and (default.is_scalar or default.is_callable):
            self.refusal = f"{_NO_COUNTER}, because Python makes the default"
            return False
        if not self._insert(self.database, row):
            self.refusal = f"the row got no id: {self.refusal}"
            return False
        if self.database.kind == "sqlite":
            return self._counts_in_postgresql()
        sqlite = self._elsewhere.database_at(self._elsewhere.sqlite_url())
        try:
            self.metadata.create_all(sqlite.engine)
        except (CompileError, DBAPIError, NotImplementedError):  # made for PostgreSQL: a type, a schema, a collation
            return True
        taken = self._insert(sqlite, row)
        self.refusal = self.refusal if taken else f"the row got no id: {self.refusal}"
        return taken

    def _counts_in_postgresql(self) -> bool:
        """Whether PostgreSQL would count too: SQLite does whenever the key is an INTEGER, also when told not to."""
        key: Any = self._table.columns["id"]
        counts = self._table.autoincrement_column is key or key.server_default is not None or key.default is not None
        self.refusal = self.refusal if counts else f"{_NO_COUNTER}, because autoincrement is off"
        return counts

    def clear(self) -> None:
        """Delete every row, as far as no other table refers to them."""
        with suppress(DBAPIError), self.database.engine.connect() as connection:
            connection.execute(self._table.delete())

    def stores_as(self, number: int, **row: Any) -> bool:
        """Insert a row with an id, and whatever else the table may require; whether the database takes it."""
        values = {**_required_besides(self._table), **row, "id": number}
        known = {column.key: values[column.name] for column in self._table.columns if column.name in values}
        try:
            self.database.insert(self._table, known)
        except (StatementError, TypeError):  # an id of another kind
            return False
        return True

    def rows(self) -> list[dict[str, Any]]:
        """What the rows hold in the columns of an item, in an order of their own."""
        preparer = self.database.engine.dialect.identifier_preparer
        columns = [preparer.format_column(each) for each in self._table.columns if each.name in ("id", *LAMP)]
        found = self.database.rows(f"SELECT {', '.join(columns)} FROM {preparer.format_table(self._table)}")
        return sorted(found, key=lambda row: [str(value) for value in row.values()])

    def changed_since(self, before: list[dict[str, Any]]) -> str:
        """How the rows differ from those that were there before a restart, in words; empty where they do not."""
        now = self.rows()
        gone, new = [each for each in before if each not in now], [each for each in now if each not in before]
        if not now or (gone and not new):
            what = "the rows are" if len(gone) > 1 else "a row is"
            return f"{what} gone after the restart"
        for row in gone:
            same = next((each for each in new if each.get("id") == row.get("id")), None)
            if same is not None:
                return f"after the restart a row is {same}; before, it was {row}"
        if new:
            return f"after the restart there is another row, {new[0]}"
        return "" if len(now) == len(before) else f"after the restart {now[0]} is there more than once"

    def has_all_and_more(self, before: list[dict[str, Any]]) -> bool:
        """Whether the rows that were there before a restart are there, and others too."""
        now = self.rows()
        return len(now) > len(before) and all(row in now for row in before)

    def _insert(self, database: Database, row: dict[str, Any]) -> bool:
        # As they are: a type of the learner's could refuse them itself, or make other values of them.
        plain = {name: null() if value is None else literal(value) for name, value in row.items()}
        values = {column: plain[column.name] for column in self._table.columns if column.name in plain}
        try:
            with database.engine.connect() as connection:
                connection.execute(insert(self._table).values(values))
        except (StatementError, TypeError) as refusal:  # TypeError: a text for a column of bytes
            self.refusal = str(getattr(refusal, "orig", refusal)).strip().split("\n")[0]
            return False
        return True

    def _has_number_as_id(self) -> bool:
        return any(column.name == "id" and isinstance(column.type, Integer) for column in self._table.columns)

    def missing_indexes(self) -> list[str]:
        """The columns, in words, of each index that the model describes and the database does not have."""
        found = self.indexes()
        plain = [each for each in self._table.indexes if all(isinstance(part, Column) for part in each.expressions)]
        described = [[column.name for column in index.columns] for index in plain]
        return [" and ".join(columns) for columns in described if columns not in found]

    def indexes(self) -> list[list[str | None]]:
        """The columns of each index that the database itself knows, the primary key's last; for an expression, None."""
        inspector = inspect(self.database.engine)
        with warnings.catch_warnings(action="ignore"):  # about expressions, which the inspector of SQLite leaves out
            found: list[Any] = [*inspector.get_indexes(self.name), *inspector.get_unique_constraints(self.name)]
        key = inspector.get_pk_constraint(self.name)["constrained_columns"]
        first = [None, *(row["name"] for row in self.database.rows(_INDEXED[self.database.kind], table=self.name))]
        indexes = [list(index["column_names"]) for index in found]
        return [*(columns for columns in indexes if not columns or columns[0] in first), list(key)]


# The columns of a table and their types, and the columns with which its indexes begin.
_OF_THE_TABLE = "= pg_catalog.to_regclass(pg_catalog.quote_ident(:table))"
_COLUMNS = {
    "sqlite": "SELECT name, type AS told FROM pragma_table_xinfo(:table)",
    "postgresql": "SELECT attname AS name, pg_catalog.format_type(atttypid, atttypmod) AS told "
    f"FROM pg_catalog.pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid {_OF_THE_TABLE}",
}
_INDEXED = {
    "sqlite": "SELECT info.name FROM pragma_index_list(:table) AS list, pragma_index_info(list.name) AS info "
    "WHERE info.seqno = 0",
    "postgresql": "SELECT attname AS name FROM pg_catalog.pg_index JOIN pg_catalog.pg_attribute "
    f"ON attrelid = indrelid AND attnum = indkey[0] WHERE indrelid {_OF_THE_TABLE}",
}
_LENGTH = re.compile(r"\(\s*(\d+)")
_NO_COUNTER = "on PostgreSQL the column id gets no counter"


def _required_besides(table: Table) -> dict[str, Any]:
    """A value for each column that needs one and is none of an item's."""
    found = {}
    for column in table.columns:
        given = column.nullable or column.default is not None or column.server_default is not None
        given = given or column is table.autoincrement_column
        if not given and column.name not in ("id", *LAMP):
            found[column.name] = "x" if isinstance(column.type, String) else 1
    return found


def _in_words(kind: Any, length: int) -> str:
    """A column's type in words; its length is 0 where there is none."""
    if isinstance(kind, CHAR):
        return f"text padded to exactly {length or kind.length}"
    if isinstance(kind, String):
        limited = length and not isinstance(kind, Text)  # PostgreSQL knows no TEXT(200)
        return f"text up to {length}" if limited else "text of any length"
    return "a whole number" if isinstance(kind, Integer) else str(kind)
