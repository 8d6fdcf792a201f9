"""In the child: engines of the grader's own, which are not observed."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from functools import _lru_cache_wrapper, cache, partial
from pathlib import Path
from sqlite3 import Connection as _Plain  # as these are before anybody gives the module others
from sqlite3 import connect as _connect
from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.event import listen as attach
from sqlalchemy.pool import NullPool

from grader.lab.connections import unordered_means_reversed
from grader.lab.locks import PATIENCE, wait_for_locks
from grader.lab.observer import leave_out


def own_engine(url: str) -> Engine:
    """An engine of the grader's own: each statement committed by itself, not observed.

    One connection serves all statements of a check, because connecting takes longer than most of them; and one
    engine all checks of a process, because it knows how what they ask is compiled.
    """
    key = _parsed(url)
    if key not in _own_engines:
        # What PostgreSQL prepares for one check's tables would not fit the next one's; and nobody asks for its hstore.
        options: dict[str, Any] = {"connect_args": {}}
        if key.get_backend_name() != "sqlite":
            options = {"connect_args": {"prepare_threshold": None}, "use_native_hstore": False}
        _own_engines[key] = _unobserved(url, pool_size=1, **options)
    return _own_engines[key]


def own_reader(url: str) -> _lru_cache_wrapper[_Plain] | None:
    """Gives a connection of the grader's own to read a SQLite file by, which nothing written in Python stands before.

    What SQLAlchemy has for connections can be replaced by anybody, and would run just before the grader looks. The
    connection is made, and the file with it, when it is asked for first; nothing of Python's keeps it.
    """
    file = _file_of(_parsed(url))
    return None if file is None else cache(partial(_connect, file, uri=True, check_same_thread=False))


def engine_for_once(url: str) -> Engine:
    """The same for a SQLite file that may be gone, or another one, when it is asked next."""
    return _unobserved(url, poolclass=NullPool)


def _unobserved(url: str, **options: Any) -> Engine:
    if (file := _file_of(_parsed(url))) is not None:
        options["creator"] = partial(_connect, file, uri=True, check_same_thread=False)
    engine = leave_out(create_engine(url, isolation_level="AUTOCOMMIT", **options))
    attach(engine.pool, "connect", _set_up)
    for each in (engine.dispatch, engine.pool.dispatch, engine.dialect.dispatch):
        _unheard(each)
    return engine


def _file_of(url: URL) -> str | None:
    """A file of SQLite's, with a cache of its own: with one in common, what others have not committed can be read."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return None
    return f"{Path(url.database).absolute().as_uri()}?cache=private"


def _unheard(dispatch: Any) -> None:
    """Let who listens to a class, as the learner's code may, hear nothing of this one of its objects."""
    for name in dispatch._event_names:
        getattr(dispatch, name).for_modify(dispatch).parent_listeners = ()


def _set_up(connection: Any, record: Any) -> None:
    """Set a connection up as the learner's are, if the file is not locked just now, and let it wait for locks later."""
    if isinstance(connection, _Plain):
        wait_for_locks(connection, 0)
        with suppress(sqlite3.OperationalError):
            unordered_means_reversed(connection, record)
        wait_for_locks(connection, PATIENCE)


@cache
def _parsed(url: str) -> URL:
    return make_url(url)


_own_engines: dict[URL, Engine] = {}
