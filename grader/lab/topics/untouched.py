"""In the child: notices when an import opens a connection or makes a database file.

Files are looked at with functions that are bound here: the code under test may give other ones to their modules.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import scandir, unlink
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.own_engines import own_engine
from grader.lab.place import Place
from grader.lab.topics.elsewhere import Elsewhere

_open = open
_DEFAULT = "sqlite:///./app.db"
_SUFFIXES = (".db", ".sqlite", ".sqlite3")


class Untouched:
    """Expects that no database is touched."""

    def __init__(self, place: Place, focus: Focus, seen: Seen, expect: Expect, elsewhere: Elsewhere) -> None:
        self._place = place
        self._elsewhere = elsewhere
        self._focus = focus
        self._seen = seen
        self._expect = expect

    def folders(self) -> Iterator[str]:
        """Where to import a module: in an empty folder, as at first, and where the databases are; each in words."""
        self._elsewhere.work_in_a_new_folder()
        for file in _database_files(str(self._place.root)):  # what is there could not be made
            with suppress(OSError):
                unlink(file)  # noqa: PTH108  (Path's may be anybody's)
        yield "in an empty folder"
        for url in {os.environ.get("DATABASE_URL", _DEFAULT), _DEFAULT}:
            self._elsewhere.database_at(url).run("CREATE TABLE IF NOT EXISTS notes (id INTEGER)")
        yield "where its database is there already"

    @contextmanager
    def by_importing(self, module: str) -> Iterator[None]:
        """End the check as failed if the block, which imports a module, opens a connection or makes a database file."""
        seen, root = self._seen, self._place.root
        self._focus.at = self._place.shown(f"app/{module}.py")
        before, files, sessions = seen.opened, _database_files(str(root)), self._sessions()
        yield
        connections = seen.opened - before or self._sessions() != sessions
        names = sorted(Path(name).name for name in _database_files(str(root)) - files)
        made = ["of DATABASE_URL" if name in os.environ.get("DATABASE_URL", "") else name for name in names]
        where = self._place.shown(seen.opened_at) if connections and seen.opened_at else ""
        saw = "a connection was opened" if connections else f"the file {' and '.join(made)} was made"
        self._expect(not connections and not made, saw=saw, wanted="no connection and no file", where=where)

    def _sessions(self) -> int:
        """How many sessions PostgreSQL has begun for this database, whoever asked for them, less the grader's own.

        It counts a session before it says that it is ready. Source: PostgreSQL, "pg_stat_database",
        ``pg_stat_force_next_flush()``.
        """
        if not self._place.own_url:
            return 0
        with suppress(DBAPIError), own_engine(self._place.own_url).connect() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
            return int(connection.exec_driver_sql(_SESSIONS).scalar_one())
        return 0


_SESSIONS = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"


def _database_files(folder: str) -> set[str]:
    """Files that are databases, whatever they are called, or are called so; and what nobody may look into."""
    found: set[str] = set()
    try:
        with scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found |= _database_files(entry.path)
                elif entry.is_file() and (entry.name.endswith(_SUFFIXES) or _begins_like_sqlite(entry.path)):
                    found.add(entry.path)
    except OSError:
        found.add(folder)
    return found


def _begins_like_sqlite(path: str) -> bool:
    try:
        with _open(path, "rb") as file:
            return file.read(15) == b"SQLite format 3"
    except OSError:
        return True
