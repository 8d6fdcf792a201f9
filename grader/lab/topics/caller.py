"""In the child: whoever calls the learner's reading functions in the middle of something of their own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, inspect, text
from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.sessions import Sessions, begin_by_hand
from grader.lab.story import Story
from grader.lab.tables import Tables
from grader.lab.topics.crud import is_iterable
from grader.outcomes import Waits, Wrong

# What the caller has begun: a row that it wrote, an object that it has added, and one that it has changed.
_NAME, _ADDED, _CHANGED = "unfinished", "not sent yet", "changed, and not sent yet"


class Caller:
    """Writes a row, adds an object and changes another, commits nothing, reads, and looks what has become of them."""

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
            with self._sessions.open() as session:
                self._read(path, session, *arguments, **named)
        except Wrong as verdict:
            if rule:
                raise Waits(str(verdict), rule) from None
            return
        other = self._items.add(name="chair", description=None)
        session, item = self._sessions.new(), self._code.need("models.Item")
        with self._code.running("a session that can write"):
            begin_by_hand(session)
            session.execute(insert(item).values(name=_NAME))
            added: Any = inspect(item).class_manager.new_instance()
            changed: Any = session.get(item, other)
            added.name, changed.name = _ADDED, _CHANGED
            session.add(added)
        self._story.begin("the caller wrote a row, added an object, changed another, and did not commit")
        self._read(path, session, *arguments, **named)
        self._expect_unfinished(session)
        self._items.remove(other)

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
        saved = any(row["name"] in (_NAME, _ADDED, _CHANGED) for row in self._items.rows())
        self._expect(
            not saved and not committed,
            saw="the function sent a COMMIT" + (" and saved the caller's unfinished row" if saved else ""),
            wanted="no COMMIT",
        )
        lost = "the function ended the caller's transaction: the caller's unfinished row is gone"
        self._expect(_NAME in kept, saw=lost, wanted="a transaction that is still open")
        for name, what in ((_ADDED, "what the caller had added"), (_CHANGED, "what the caller had changed")):
            saw = f"{what}, and not sent yet, was thrown away: flush() sends nothing of it"
            self._expect(name in kept, saw=saw, wanted="the session still holds it")

    def _finds_unfinished(self, session: Session) -> set[str]:
        with self._code.running("a session that can read"):
            begin_by_hand(session)
            session.flush()
            # In plain SQL, and in texts of Python's own: a type of the learner's, or of the driver, has no say.
            names = session.execute(text("SELECT name FROM items")).scalars()
            return {str.__str__(name) for name in names if isinstance(name, str)}
