"""In the child: sessions of the learner's, in the hands of whoever calls the learner's functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.models import Models
from grader.lab.story import Story


def by_hand(session: Session) -> bool:
    """Whether a session begins no transaction by itself (``autobegin=False``), and is in none."""
    return not session.autobegin and not session.in_transaction()


def begin_by_hand(session: Session) -> None:
    """Begin the transaction of such a session: whoever uses it has to."""
    if by_hand(session):
        session.begin()


class Sessions:
    """Opens sessions, and ends them."""

    __slots__ = ("_code", "_made", "_models", "_story")

    def __init__(self, code: Code, models: Models, story: Story) -> None:
        self._code = code
        self._models = models
        self._story = story
        self._made: list[Session] = []

    def new(self, *, beside: bool = False) -> Session:
        """A new session; those before are closed, as in SQLite they may keep others out.

        Args:
            beside: leave those before open; a closed one need not open again.
        """
        nothing_told = self._story.has_no_timeline()
        if not beside:
            self.close()
        if nothing_told:
            self._story.begin_timeline()
        with self._code.running("a session"):
            session = self._models.new_session()
        self._made.append(session)
        return session

    @contextmanager
    def open(self) -> Iterator[Session]:
        """A new session that is closed after the block."""
        with self.new() as session:
            yield session
        self._code.returned()  # who listens to it is code of the learner's

    def new_begun(self) -> Session:
        """The same for a function whose caller has the transaction."""
        session = self.new()
        begin_by_hand(session)
        return session

    def load_item(self, session: Session, item_id: int) -> Any:
        """An item of the learner's models, loaded into a session."""
        item = self._code.need("models.Item")
        with self._code.running("an item that can be loaded"), session.begin() if by_hand(session) else nullcontext():
            return session.get(item, item_id)

    def flush(self, session: Session) -> None:
        """Send what the session holds to the database: the functions under test need not do it."""
        with self._code.running("a flush() without an error"):
            session.flush()

    def end(self, session: Session, how: str) -> None:
        """End the caller's transaction with ``commit`` or ``rollback``, and tell so."""
        self._story.did(f"db.{how}()")
        with self._code.running(f"a session that can {how}"):
            getattr(session, how)()
            session.close()

    def commit(self, session: Session) -> None:
        """End the caller's transaction, if there is one; the session stays in use."""
        if session.in_transaction():
            with self._code.running("a session that can commit"):
                session.commit()

    def close(self) -> None:
        """Close all that were opened here."""
        for session in self._made:
            with suppress(Exception):
                session.close()
        if self._made:
            self._code.returned()  # who listens to them is code of the learner's
