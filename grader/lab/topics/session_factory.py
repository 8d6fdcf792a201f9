"""In the child: the learner's ``SessionLocal``, and what its sessions do to a table of the grader's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.event import listen as attach
from sqlalchemy.event import remove as detach
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.locks import wait_for_locks
from grader.lab.place import Place
from grader.lab.sessions import Sessions, begin_by_hand
from grader.lab.story import Story
from grader.lab.topics.elsewhere import Elsewhere
from grader.lab.topics.engines import Engines
from grader.lab.topics.probe_table import make_probe_table
from grader.lab.words import show


class SessionFactory:
    """What a check asks of ``SessionLocal``."""

    def __init__(
        self,
        place: Place,
        code: Code,
        focus: Focus,
        story: Story,
        expect: Expect,
        sessions: Sessions,
        engines: Engines,
        elsewhere: Elsewhere,
    ) -> None:
        self._place = place
        self._code = code
        self._focus = focus
        self._story = story
        self._expect = expect
        self._sessions = sessions
        self._engines = engines
        self._elsewhere = elsewhere

    def new(self, *, beside: bool = False) -> Session:
        """A new session of the learner's; those before are closed, or stay open beside it.

        Raises:
            Wrong: it is none.
        """
        self._focus.on_name("db.SessionLocal")
        session = self._sessions.new(beside=beside)
        saw = f"SessionLocal() returned {show(session)}"
        self._expect(isinstance(session, Session), saw=saw, wanted="SessionLocal() returns a Session")
        begin_by_hand(session)
        return session

    def on_each_database(self) -> Iterator[ProbedSessions]:
        """Sessions on the database of the check; where that is PostgreSQL, on a SQLite file as well.

        An engine or a session that cannot work with PostgreSQL at all is the matter of another rule.
        """
        if self._place.database == "sqlite" or self._can_query():
            yield self._probed()
        if self._place.database != "sqlite":
            yield self.on_sqlite_file()

    def on_sqlite_file(self) -> ProbedSessions:
        """Sessions on a SQLite file, whatever database the checks run on."""
        self._code.import_again(DATABASE_URL=self._elsewhere.sqlite_url())
        self._story.begin("set DATABASE_URL to a SQLite file")
        return self._probed()

    def _probed(self) -> ProbedSessions:
        return ProbedSessions(self, self._engines, self._elsewhere, self._code, self._expect, self._story)

    def _can_query(self) -> bool:
        try:
            with self._engines.engine().connect() as connection:  # a new one
                connection.execute(select(1)).all()
            with self.new() as session:  # not beside it: the pool may have one connection alone
                session.execute(select(1)).all()
        except Exception:
            return False
        return True


class ProbedSessions:
    """The learner's sessions on one database, in which the grader has a table of its own.

    Attributes:
        probe: the model of that table.
    """

    def __init__(
        self,
        factory: SessionFactory,
        engines: Engines,
        elsewhere: Elsewhere,
        code: Code,
        expect: Expect,
        story: Story,
    ) -> None:
        self._factory = factory
        self._engines = engines
        self._code = code
        self._expect = expect
        self._story = story
        url = self.open().get_bind().engine.url
        expect(elsewhere.is_ours(url), saw=f"a session on {url}", wanted="a session on the URL in DATABASE_URL")
        self._database = elsewhere.database_at(url.render_as_string(hide_password=False))
        self.probe = make_probe_table(self._database)

    def open(self, *, beside: bool = False) -> Session:
        """A new session; one that is bound to no engine is bound to ``db.engine``: that is another rule's matter."""
        session = self._factory.new(beside=beside)
        if not isinstance(session.bind, Engine | Connection):
            session.bind = self._engines.engine()
        return session

    def open_two(self) -> tuple[Session, Session]:
        """Two sessions; the second from another thread where a thread always gets the same one."""
        first, second = self.open(), self.open(beside=True)
        if second is first:
            self._story.did("called it in another thread, too, because here both calls gave the same session")
            with ThreadPoolExecutor(1) as other_thread:
                second = other_thread.submit(self.open, beside=True).result()
        self._expect(
            second is not first,
            saw="SessionLocal() returned the same session twice, also in another thread",
            wanted="another session, at least in another thread",
        )
        return first, second

    def query(self, session: Session) -> None:
        """Run a query and take all its rows."""
        session.execute(select(self.probe)).all()

    def query_and_commit(self, session: Session) -> None:
        """Run a query and commit; or find the database locked, as it is where each SQLite transaction locks it, or
        no connection left, as where the pool has one alone: then nothing is shared either.
        """
        with suppress(PoolIsEmpty), _waiting_briefly(session.get_bind().engine.pool):
            try:
                self.query(session)
                session.commit()
            except OperationalError as error:
                if "locked" not in str(error):
                    raise

    def work_in_three_threads(self) -> None:
        """Query, write, and commit and close with one session, each in a thread of its own."""
        session = self.open()

        def write() -> None:
            session.add(self.probe(note="from another thread"))
            session.flush()

        def finish() -> None:
            session.commit()
            session.close()

        with ExitStack() as threads:  # all stay until the end: the number of one that has ended is given to the next
            for step in (lambda: self.query(session), write, finish):
                thread = threads.enter_context(ThreadPoolExecutor(1))
                with self._code.running("a session that the next thread can use"):
                    thread.submit(step).result()

    def saved(self) -> list[str]:
        """What the database holds, read through the grader's own connection."""
        return [row["note"] for row in self._database.rows("SELECT note FROM grader_probe ORDER BY id")]


_BEFORE_USE = ("connect", "checkout")


@contextmanager
def _waiting_briefly(pool: Any) -> Iterator[None]:
    """Wait neither for a lock nor for a connection in the block: nobody gives up the one or the other meanwhile."""
    patience = getattr(pool, "_timeout", None)  # SQLAlchemy tells it to nobody
    for moment in _BEFORE_USE:
        attach(Pool, moment, _wait_briefly, insert=True)
    try:
        if patience is not None:
            pool._timeout = 0.1
        yield
    finally:
        for moment in _BEFORE_USE:
            detach(Pool, moment, _wait_briefly)
        if patience is not None:
            pool._timeout = patience


def _wait_briefly(connection: Any, *_: object) -> None:
    """Listen to a pool: what is locked in SQLite stays so during a check, however long one would wait."""
    if isinstance(connection, sqlite3.Connection):
        wait_for_locks(connection, 100)
