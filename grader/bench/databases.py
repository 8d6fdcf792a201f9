"""Verdict process: where each child finds a database of its own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from grader import BadInput
from grader.bench.isolation import Isolation

if TYPE_CHECKING:
    from grader.bench.postgresql import PostgreSQL


class Databases:
    """Databases for children: files, or a PostgreSQL that is started while the rest gets ready.

    Args:
        kind: ``sqlite`` or ``postgresql``.
        workshop: the bench's temporary folder.
        isolation: what keeps the children apart.
    """

    def __init__(self, kind: str, workshop: Path, isolation: Isolation) -> None:
        self._workshop = workshop
        self._isolation = isolation
        self._names: dict[Path, list[str]] = {}
        self._postgresql: PostgreSQL | None = None
        self._failure: BadInput | None = None
        self._starting: threading.Thread | None = None
        if kind == "postgresql":
            self._starting = threading.Thread(target=self._start_postgresql, daemon=True)
            self._starting.start()
        else:
            isolation.let_through(workshop)

    def _start_postgresql(self) -> None:
        from grader.bench.postgresql import start

        try:
            self._postgresql = start(self._workshop / "postgresql")
            self._isolation.let_through(self._workshop)
            if not self._postgresql.elsewhere:
                self._isolation.let_through(self._workshop / "postgresql")  # to its socket, and to nothing else
        except BadInput as failure:
            self._failure = failure

    def wait(self) -> None:
        """Wait until there is a database server, where one was asked for.

        Raises:
            BadInput: PostgreSQL cannot be had.
        """
        if self._starting is not None:
            self._starting.join()
        if self._failure is not None:
            raise self._failure

    def urls_for(self, root: Path, child: int) -> tuple[str, str]:
        """URL of the database for a child, and on PostgreSQL that of the maintenance database.

        Args:
            root: the staged submission that the child works on.
            child: its number.
        """
        if self._postgresql is None:
            return f"sqlite:///{root.as_posix()}/grader_{child}.db", ""
        name = f"{root.name}_{child}"
        self._names.setdefault(root, []).append(name)
        return self._postgresql.url_of(name), self._postgresql.admin_url

    def drop(self, root: Path) -> None:
        """Drop the databases of a staged submission; files go with its folder."""
        names = self._names.pop(root, [])
        if self._postgresql is not None:
            self._postgresql.drop(names)

    def close(self) -> None:
        """Stop the server, if it is the grader's own."""
        if self._starting is not None:
            self._starting.join()
        if self._postgresql is not None:
            self._postgresql.stop()
