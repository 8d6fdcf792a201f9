"""Kernel: makes databases for the lessons, and looks into them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from grader import BadInput
from grader.lab.observer import leave_out
from grader.lessons.resident import new_file, new_postgresql_database
from grader.lessons.showing import markdown_table, shortened, show


def new_database() -> str:
    """URL of a new and empty SQLite database; it is removed when the notebook's kernel ends."""
    return f"sqlite:///{new_file('lesson.db').as_posix()}"


def new_postgresql() -> str:
    """URL of a new and empty PostgreSQL database; it is removed when the notebook's kernel ends.

    The first call starts a server. It runs until the kernel ends.
    """
    from IPython.core.error import UsageError

    try:
        return new_postgresql_database()
    except BadInput as problem:
        raise UsageError(f"{problem}\nThis section is optional; go on with the next.") from None


def look(at: Engine | str, query: str, **parameters: Any) -> None:
    """Show the rows that a query finds, read through a connection of its own: what is not committed is not seen.

    Args:
        at: the engine, or the URL, of the database.
        query: a SELECT, or the name of a table.
        parameters: values for the query's ``:name`` places.
    """
    statement = query if " " in query else f"SELECT * FROM {query} ORDER BY 1"
    url = at.url if isinstance(at, Engine) else at
    engine = leave_out(create_engine(url, poolclass=NullPool))
    with engine.connect() as connection:
        result = connection.execute(text(statement), parameters)
        heads, rows = list(result.keys()), [[_cell(value) for value in row] for row in result]
    show(markdown_table(heads, rows) if rows else "*no rows*" if " " in query else f"*{query}: no rows*")


def _cell(value: object) -> str:
    return "NULL" if value is None else shortened(" ".join(str(value).split()), 80)
