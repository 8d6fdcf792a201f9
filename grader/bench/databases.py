"""Verdict process: where each child finds a database of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from grader import BadInput
from grader.bench.isolation import Isolation
from grader.bench.plan import Run
from grader.bench.room import Watch

if TYPE_CHECKING:
    from grader.bench.postgresql import PostgreSQL
    from grader.bench.spaces import Space, Spaces

_MOST_JOBS = 8
_OUR_OWN = 10


class Databases:
    """Databases for children: files, or spaces on a PostgreSQL that is started while the rest gets ready.

    Args:
        kind: ``sqlite`` or ``postgresql``.
        workshop: the bench's temporary folder.
        isolation: what keeps the children apart.
        jobs: how many children are at work at a time.
    """

    def __init__(self, kind: str, workshop: Path, isolation: Isolation, jobs: int) -> None:
        self._workshop = workshop
        self._isolation = isolation
        self._jobs = jobs
        self._postgresql: PostgreSQL | None = None
        self._spaces: Spaces | None = None
        self._taken: dict[int, Space] = {}
        self._watch: Watch | None = None
        self._is_new = True
        self._failure: BadInput | None = None
        self._starting: threading.Thread | None = None
        if kind == "postgresql":
            self._starting = threading.Thread(target=self._start_postgresql, daemon=True)
            self._starting.start()
        else:
            isolation.let_through(workshop)

    def _start_postgresql(self) -> None:
        from grader.bench.postgresql import start
        from grader.bench.spaces import CONNECTIONS, Spaces

        folder = self._workshop / "postgresql"
        try:
            connections = CONNECTIONS * (min(self._jobs, _MOST_JOBS) + 1) + _OUR_OWN
            self._postgresql = start(folder, connections)
            self._isolation.let_through(self._workshop)
            if not self._postgresql.elsewhere:
                self._isolation.let_through(folder)  # to its socket
            self._spaces = Spaces(self._postgresql)
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

    def look_after(self) -> bool:
        """Make sure that the database server can be used; False where it could not, and all databases are lost.

        Raises:
            BadInput: it cannot be had any more.
        """
        is_new, self._is_new = self._is_new, False
        if self._postgresql is None or self._spaces is None or is_new or self._is_well():
            return True
        self._restart(self._postgresql, self._spaces)
        return False

    def _is_well(self) -> bool:
        assert self._postgresql is not None and self._spaces is not None
        return not self._spaces.stuck and not self._postgresql.trouble()

    def _restart(self, postgresql: PostgreSQL, spaces: Spaces) -> None:
        from grader.bench.spaces import Spaces

        self._taken.clear()
        spaces.close()
        postgresql.restart()
        self._spaces = Spaces(postgresql)

    def urls_for(self, root: Path, child: int) -> tuple[str, str]:
        """URL of the database for a child, and on PostgreSQL the one for the grader's own connection to it.

        Args:
            root: the staged submission that the child works on.
            child: its number.

        Raises:
            BadInput: the database server makes none.
        """
        if self._postgresql is None or self._spaces is None:
            return f"sqlite:///{root.as_posix()}/grader_{child}.db", ""
        import psycopg

        try:
            space = self._spaces.take()
        except psycopg.Error:
            try:
                self._restart(self._postgresql, self._spaces)
                space = self._spaces.take()
            except psycopg.Error as error:
                reason = str(error).strip().split("\n")[0]
                raise BadInput(f"PostgreSQL could not create a database for the checks: {reason}") from None
        self._taken[child] = space
        return space.url, space.own_url

    def folders(self) -> list[Path]:
        """Where the server writes, if it is the grader's own."""
        own = self._postgresql.data if self._postgresql is not None else None
        return [own] if own is not None else []

    def guilty(self, running: Iterable[Run]) -> list[Run]:
        """The runs of these whose database takes too much of the server's disk."""
        for folder in self.folders():
            if self._watch is None or self._watch.folder != folder:
                self._watch = Watch(folder)
            elif self._watch.notices():
                most = self._watch.most_bytes
                return [run for run in running if run.child is not None and self._size(run.child.number) > most]
        return []

    def _size(self, child: int) -> int:
        """How many bytes the database of a child has; 0 where that is not known."""
        from grader.bench.spaces import growth_of

        space = self._taken.get(child)
        return growth_of(space) if space is not None else 0

    def can_be_made_new(self, child: int) -> bool:
        """Whether the database of a child can be made new, whatever the child says; files lie in its own folder."""
        if self._postgresql is None:
            return True
        from grader.bench.spaces import can_be_made_new

        space = self._taken.get(child)
        return space is not None and can_be_made_new(space)

    def answers(self, child: int, seconds: float) -> bool:
        """Whether the server takes a new connection of the grader's own to the database of a child.

        Args:
            child: its number.
            seconds: how long to try.
        """
        if self._postgresql is None:
            return True
        from grader.bench.spaces import answers

        space = self._taken.get(child)
        latest = time.monotonic() + seconds
        while space is not None:
            if answers(space):
                return True
            if time.monotonic() >= latest:
                return False
            time.sleep(0.05)
        return False

    def take_back(self, child: int, spoilt: bool = False) -> None:
        """Take the database of a child that has ended; files go with the folder.

        Args:
            child: its number.
            spoilt: it could not be made new, and is not for anybody any more.
        """
        space = self._taken.pop(child, None)
        if space is not None and self._spaces is not None:
            (self._spaces.discard if spoilt else self._spaces.give_back)(space)

    def close(self) -> None:
        """Stop the server, if it is the grader's own; drop what was made on another."""
        if self._starting is not None:
            self._starting.join()
        if self._postgresql is None:
            return
        if self._spaces is not None:
            self._spaces.close()
        self._postgresql.stop()
