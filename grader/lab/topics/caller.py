"""In the child: whoever calls the learner's reading functions in the middle of something of their own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.sessions import Sessions, begin_by_hand
from grader.lab.story import Story
from grader.lab.tables import Tables
from grader.lab.topics.crud import is_iterable
from grader.outcomes import Waits, Wrong

_NAME = "unfinished"


class Caller:
    """Writes a row that it has not committed, reads, and looks what has become of the row."""

    def __init__(
        self, code: Code, story: Story, expect: Expect, tables: Tables, items: Items, sessions: Sessions
    ) -> None:
        self._code = code
        self._story = story
        self._expect = expect
        self._tables = tables
        self._items = items
        self._sessions = sessions

    def expect_undisturbed(self, path: str, *arguments: Any, rule: str = "", **named: int) -> None:
        """End the check as failed if a read saves what its caller has begun, or loses it.

        Args:
            path: of the function that reads.
            arguments: of it, after the session.
            rule: the rule that wants this very read to work; where none is named, a failure is left to others.
            named: arguments that are named.
        """
        try:
            with self._sessions.new() as session:
                self._read(path, session, *arguments, **named)
        except Wrong as verdict:
            if rule:
                raise Waits(str(verdict), rule) from None
            return
        session = self._sessions.new()
        with self._code.running("a session that can write"):
            begin_by_hand(session)
            session.execute(insert(self._code.need("models.Item")).values(name=_NAME))
        self._story.begin("the caller wrote a row and did not commit")
        self._read(path, session, *arguments, **named)
        self._expect_unfinished(session)

    def _read(self, path: str, session: Session, *arguments: Any, **named: int) -> None:
        """Call the function, and take everything out of an iterable, so that a query that waits is run."""
        found = self._code.call(path, session, *arguments, **named)
        if is_iterable(found):
            with self._code.running():
                for _ in found:
                    pass

    def _expect_unfinished(self, session: Session) -> None:
        """End the check as failed unless what was begun is still there, not committed, and can be rolled back."""
        committed = "COMMIT" in self._story.timeline()
        with self._story.untold():
            kept = self._finds_unfinished(session)
            with self._code.running("a session that can be rolled back"):
                session.rollback()
        saved = any(row["name"] == _NAME for row in self._items.rows())
        self._expect(
            not saved and not committed,
            saw="the function sent a COMMIT" + (" and saved the caller's unfinished row" if saved else ""),
            wanted="no COMMIT",
        )
        lost = "the function ended the caller's transaction: the caller's unfinished row is gone"
        self._expect(kept, saw=lost, wanted="a transaction that is still open")

    def _finds_unfinished(self, session: Session) -> bool:
        items = self._tables.named("items")
        with self._code.running("a session that can read"):
            begin_by_hand(session)
            return session.execute(select(items.c.id).where(items.c.name == _NAME)).first() is not None
