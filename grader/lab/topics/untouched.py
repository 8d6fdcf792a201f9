"""In the child: notices when an import opens a connection or makes a database file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.place import Place

_SUFFIXES = (".db", ".sqlite", ".sqlite3")


class Untouched:
    """Expects that no database is touched."""

    def __init__(self, place: Place, focus: Focus, seen: Seen, expect: Expect) -> None:
        self._place = place
        self._focus = focus
        self._seen = seen
        self._expect = expect

    @contextmanager
    def by_importing(self, module: str) -> Iterator[None]:
        """End the check as failed if the block, which imports a module, opens a connection or makes a database file."""
        seen, root = self._seen, self._place.root
        self._focus.at = self._place.shown(f"app/{module}.py")
        for name in _database_files(root):  # what an earlier import has made could not be made again
            with suppress(OSError):
                (root / name).unlink()
        before, files = seen.opened, _database_files(root)
        yield
        connections = seen.opened - before
        names = sorted(Path(name).name for name in _database_files(root) - files)
        made = ["of DATABASE_URL" if name in os.environ.get("DATABASE_URL", "") else name for name in names]
        where = self._place.shown(seen.opened_at) if connections and seen.opened_at else ""
        saw = "a connection was opened" if connections else f"the file {' and '.join(made)} was made"
        self._expect(not connections and not made, saw=saw, wanted="no connection and no file", where=where)


def _database_files(root: Path) -> set[str]:
    """Files that are databases, or are called so."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".py" and (path.suffix in _SUFFIXES or _begins_like_sqlite(path))
    }


def _begins_like_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(15) == b"SQLite format 3"
