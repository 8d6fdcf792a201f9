"""In the child: makes the database of a check new and empty."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from grader.lab.locks import watch
from grader.lab.own_engines import own_engine
from grader.lab.place import Place
from grader.removal import remove


class NotPrepared(Exception):
    """The database cannot be made new: not a matter of the code that is to be judged."""


def prepare_database(place: Place) -> None:
    """Make the database of a check new and empty.

    Raises:
        NotPrepared: that does not work.
    """
    try:
        if place.database == "sqlite":
            file = Path(place.url.removeprefix("sqlite:///"))
            watch(file)
            _remove(file)
        else:
            _make_new(place)
    except Exception as error:
        reason = str(getattr(error, "orig", error)).strip().split("\n")[0]
        raise NotPrepared(reason or type(error).__name__) from None


def _remove(file: Path) -> None:
    for each in (file, *(file.with_name(file.name + suffix) for suffix in ("-journal", "-wal", "-shm"))):
        try:
            each.unlink(missing_ok=True)
        except OSError:
            remove(each)  # a folder that the code has put there
            each.unlink(missing_ok=True)


def _make_new(place: Place) -> None:
    """Call what was put into the database for this (see `grader.bench.spaces`)."""
    statement = f"SET ROLE NONE; SELECT grader.make_new('{_password(place.url)}'); RESET ROLE"
    try:
        _run(place, statement)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        _run(place, statement)  # by a new connection


def _run(place: Place, statement: str) -> None:
    with own_engine(place.own_url).connect() as own:
        own.exec_driver_sql(statement)


@cache
def _password(url: str) -> str:
    password: Any = make_url(url).password
    return str(password)
