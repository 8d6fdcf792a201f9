"""In the child: whoever calls the learner's reading functions in the middle of something of their own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, inspect, text
from sqlalchemy.orm import Session, object_session

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.sessions import Sessions, begin_by_hand
from grader.lab.story import Story
from grader.lab.topics.crud import is_iterable
from grader.outcomes import Wrong, waiting_for

# What the caller has begun: a row that it wrote, an object that it has added, one that it has changed, one deleted.
_NAME, _ADDED, _CHANGED, _DELETED = "unfinished", "not sent yet", "changed, and not sent yet", "to be deleted"


class Caller:
    """Writes a row, adds an object, changes and deletes others, commits nothing, reads, and looks what became of it."""

    def __init__(self, code: Code, story: Story, expect: Expect, items: Items, sessions: Sessions) -> None:
        self._code = code
        self._story = story
        self._expect = expect
        self._items = items
        self._sessions = sessions
        self._others: list[int] = []  # the rows that are changed and deleted; they stay, as nothing is committed

    def expect_undisturbed(self, path: str, *arguments: Any, rule: str = "", **named: int) -> None:
        """End the check as failed if a read saves what its caller has begun, or loses it.

        Args:
            path: of the function that reads.
            arguments: of it, after the session.
            rule: the rule that wants this very read to work, which is tried between one thing and the next that the
                caller begins; where none is named, a failure is left to others.
            named: arguments that are named.
        """
        if rule:
            with waiting_for(rule), self._sessions.open() as session:
                self._read(path, session, *arguments, **named)
        self._others = self._others or [self._items.add(name=name, description=None) for name in ("chair", _DELETED)]
        session = self._sessions.new()
        with self._code.running("a session that can write"):
            begin_by_hand(session)
            begun = _Begun(session, self._code.need("models.Item"), *self._others)
        self._story.begin("the caller wrote a row, and did not commit")
        for step in (begun.nothing, begun.add, begun.change_and_delete) if rule else (begun.change_and_delete,):
            if not begun.is_whole():
                break
            with self._code.running("a session that can write"):
                self._story.lines += step()
            try:
                self._read(path, session, *arguments, **named)
            except Wrong:
                if rule:
                    raise
                return
        self._expect_unfinished(session, begun)

    def _read(self, path: str, session: Session, *arguments: Any, **named: int) -> None:
        """Call the function, and take everything out of an iterable, so that a query that waits is run."""
        found = self._code.call(path, session, *arguments, **named)
        if is_iterable(found):
            with self._code.running():
                for _ in found:
                    pass

    def _expect_unfinished(self, session: Session, begun: _Begun) -> None:
        """End the check as failed unless what was begun is still there, not committed, and can be rolled back."""
        committed = "COMMIT" in self._story.timeline()
        with self._story.untold():
            kept = self._finds_unfinished(session)
            with self._code.running("a session that can be rolled back"):
                session.rollback()
        names = [row["name"] for row in self._items.rows()]
        saved = _DELETED not in names or any(name in (_NAME, _ADDED, _CHANGED) for name in names)
        self._expect(
            not saved and not committed,
            saw="the function sent a COMMIT" + (" and saved the caller's unfinished row" if saved else ""),
            wanted="no COMMIT",
        )
        lost = "the function ended the caller's transaction: the caller's unfinished row is gone"
        self._expect(_NAME in kept, saw=lost, wanted="a transaction that is still open")
        for done, there in (
            ("added", _ADDED in kept or not begun.has_added),
            ("changed", _CHANGED in kept or not begun.has_changed),
            ("deleted", _DELETED not in kept or not begun.has_changed),
        ):
            saw = f"what the caller had {done}, and not sent yet, is lost: a flush() no longer sends it"
            self._expect(there, saw=saw, wanted="the session still holds it")

    def _finds_unfinished(self, session: Session) -> set[str]:
        with self._code.running("a session that can read"):
            begin_by_hand(session)
            session.flush()
            # In plain SQL, and in texts of Python's own: a type of the learner's, or of the driver, has no say.
            names = session.execute(text("SELECT name FROM items")).scalars()
            return {str.__str__(name) for name in names if isinstance(name, str)}


class _Begun:
    """What the caller does in its session, one thing after the other; the first, a row, is written at once."""

    def __init__(self, session: Session, item: Any, to_change: int, to_delete: int) -> None:
        session.execute(insert(item).values(name=_NAME))
        self._session = session
        self._transaction = session.get_transaction()
        self._added: Any = inspect(item).class_manager.new_instance()
        self._changed: Any = session.get(item, to_change)
        self._deleted: Any = session.get(item, to_delete)
        self.has_added = self.has_changed = False

    def nothing(self) -> list[str]:
        """Nothing more, in words."""
        return []

    def add(self) -> list[str]:
        """Add an object."""
        self._added.name, self.has_added = _ADDED, True
        self._session.add(self._added)
        return ["added an object"]

    def change_and_delete(self) -> list[str]:
        """Change an object, and delete another."""
        self._changed.name, self.has_changed = _CHANGED, True
        self._session.delete(self._deleted)
        return ["changed an object, and deleted one"]

    def is_whole(self) -> bool:
        """Whether the transaction is the same as at the beginning, and nothing is lost."""
        added = not self.has_added or object_session(self._added) is self._session
        changed = not self.has_changed or inspect(self._changed).dict.get("name") == _CHANGED
        return self._session.get_transaction() is self._transaction and added and changed
