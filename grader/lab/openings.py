"""In the child: each connection that SQLite's driver opens, by whatever name it is called: Python itself tells of it.

A database in memory is nobody's, until a file is attached to it. Sources: Python, "Audit events table"
(``sqlite3.connect``); SQLite, "In-Memory Databases", "ATTACH DATABASE".
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from grader.lab.observer import note_opened
from grader.lab.statements import may_begin

_IN_MEMORY = re.compile(r"(?is)ATTACH\s+(?:DATABASE\s+)?'(?::memory:)?'\s+AS\s+\w+[\s;]*")


_OPENING = "ATTACH", "VACUUM"


def note_attached(sql: str, begin: str) -> None:
    """Count a file that a statement attaches to a connection, or writes a copy to."""
    attaches = begin.startswith(_OPENING) or (not begin[:1].isalpha() and any(may_begin(sql, one) for one in _OPENING))
    if attaches and not _IN_MEMORY.fullmatch(sql):
        note_opened()


def is_kept(database: object) -> bool:
    """Whether a database is more than one in memory, by what it is opened with."""
    if type(database) is not str:
        return True
    if database in ("", ":memory:"):
        return False
    with suppress(OSError, ValueError):  # a file with such a name, which is none where it is taken for a URI
        _lstat(database)
        return True
    scheme, _, place = database.partition("#")[0].partition(":")
    path, _, query = place.partition("?")
    modes = [each for each in query.split("&") if each.startswith("mode=")]
    in_memory = modes == ["mode=memory"] and "%" not in query  # by which a second mode may be written in other letters
    return scheme != "file" or (path != ":memory:" and not in_memory)


_lstat = os.lstat  # which nobody can replace for a moment


def _opens(arguments: tuple[object, ...]) -> None:
    note_opened(counts=is_kept(arguments[0]))


# What is to be done where Python tells of an event (`grader.lab.looks`).
HANDLERS = {"sqlite3.connect": _opens}
