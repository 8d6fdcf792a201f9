"""In the child: the learner's functions of ``app.crud``, and what they return."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.equality import same
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.observer import Seen
from grader.lab.sessions import Sessions, begin_by_hand
from grader.lab.story import Story
from grader.lab.tables import Tables
from grader.lab.topics.schemas import Schemas
from grader.lab.words import show
from grader.outcomes import Waits, Wrong, waiting_for


class Crud:
    """What a check asks of them."""

    def __init__(
        self,
        code: Code,
        story: Story,
        seen: Seen,
        expect: Expect,
        tables: Tables,
        items: Items,
        sessions: Sessions,
        schemas: Schemas,
    ) -> None:
        self._code = code
        self._story = story
        self._seen = seen
        self._expect = expect
        self._tables = tables
        self._items = items
        self._sessions = sessions
        self._schemas = schemas

    def create(self, session: Session, **sent: Any) -> Any:
        """Call ``create_item`` with what was sent."""
        return self._code.call("crud.create_item", session, self._schemas.make("ItemCreate", **sent))

    def made_from(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The row that ``create_item`` stores for this; nothing of it is kept or told."""
        story = list(self._story.lines)
        with self._sessions.new() as session:
            self.create(session, **sent)
        made = self._items.rows()[-1]
        self._items.remove(made["id"])
        self._story.lines[:] = story
        return made

    def expect_found(self, item_id: int, rule: str) -> None:
        """Let ``get_item`` find an item; if it does not, the check waits for the rule that wants it."""
        session = self._sessions.new()
        with waiting_for(rule):
            found = self._code.read(self._code.call("crud.get_item", session, item_id), "id")
            self._expect.equal(found["id"], item_id, "the id of what was returned:")

    def page(self, offset: int, limit: int) -> Any:
        """Call ``list_items`` with positions, or by name where it takes names only."""
        session = self._sessions.new()
        if self._code.takes("crud.list_items", session, offset, limit):
            return self._code.call("crud.list_items", session, offset, limit)
        return self._code.call("crud.list_items", session, offset=offset, limit=limit)

    def ids(self, items: Any, rule: str = "") -> list[int]:
        """The ids of an iterable of items; what is no such iterable waits for the rule that is named, if any."""
        with self._code.running("an iterable of items"):
            found = list(items) if _is_iterable(items) else [items]
        other = next((show(each) for each in found if not hasattr(each, "id")), "")
        if other and rule:
            raise Waits(other, rule)
        self._expect(not other, saw=f"among what was returned: {other}", wanted="items, each with an .id")
        return [item.id for item in found]

    def consume(self, found: Any) -> None:
        """Take everything out of an iterable, so that a query that waits is run; anything else is left alone."""
        if _is_iterable(found):
            with self._code.running():
                for _ in found:
                    pass

    def update(self, row: dict[str, Any], **sent: Any) -> tuple[Any, Session]:
        """Store a row, then let ``update_item`` apply what was sent.

        Returns:
            What ``update_item`` returned, and the session that it worked in.
        """
        session = self._sessions.new()
        item = self._sessions.load_item(session, self._items.add(**row))
        self._story.begin(f"stored {show(row)}")
        return self._code.call("crud.update_item", session, item, self._schemas.make("ItemUpdate", **sent)), session

    def try_update(self, row: dict[str, Any], **sent: Any) -> tuple[Any, Session] | None:
        """The same where it works; None where it does not, which is the matter of another rule."""
        with suppress(Wrong):
            return self.update(row, **sent)
        return None

    def update_description(self, value: str | None) -> None:
        """Let ``update_item`` change a description alone, or with the name if it does not change one alone, which
        is the matter of another rule.
        """
        tried = self.try_update({"name": "chair", "description": "soft"}, description="hard")
        alone = tried and self._items.rows()[-1]["description"] == "hard"
        named = {} if alone else {"name": "lamp"}
        self.update({"name": "lamp", "description": "warm light"}, **named, description=value)

    def expect_current(self, item: Any, session: Session, other_than: int = 0) -> None:
        """End the check as failed unless the item, after every session was closed, shows what is stored.

        Args:
            item: what the learner's function returned.
            session: the session that it worked in.
            other_than: id of a row that is not meant, if any.
        """
        with self._code.running("a session that can be closed"):
            for each in (session, *self._seen.sessions):
                each.close()
        self._story.did("closed the session and read the item")
        found = self._code.read(item, "id", "name", "description")
        rows = [row for row in self._items.rows() if row["id"] != other_than]
        stored = next((row for row in rows if row["id"] == found["id"]), rows[-1] if len(rows) == 1 else None)
        wanted = f"what is stored: {show(stored)}" if stored else "an id of a row that is stored"
        self._expect(same(found, stored), saw=f"the item shows {show(found)}", wanted=wanted)

    def write_unfinished(self, session: Session) -> None:
        """Let the session's owner begin something: a row that is written and not committed."""
        with self._code.running("a session that can write"):
            begin_by_hand(session)
            session.execute(insert(self._code.need("models.Item")).values(name="unfinished"))

    def expect_unfinished(self, session: Session) -> None:
        """End the check as failed unless what was begun is still there, not committed, and can be rolled back."""
        kept = self._finds_unfinished(session)
        with self._code.running("a session that can be rolled back"):
            session.rollback()
        saved = len(self._items.rows()) - 1
        self._expect(
            not saved and not self._seen.count("COMMIT"),
            saw="the read sent a COMMIT" + (" and saved the caller's unfinished row" if saved else ""),
            wanted="no COMMIT",
        )
        lost = "the read ended the caller's transaction: the caller's unfinished row is gone"
        self._expect(kept, saw=lost, wanted="a transaction that goes on")

    def _finds_unfinished(self, session: Session) -> bool:
        items = self._tables.named("items")
        with self._code.running("a session that can read"):
            begin_by_hand(session)
            return session.execute(select(items.c.id).where(items.c.name == "unfinished")).first() is not None


def _is_iterable(found: Any) -> bool:
    """Whether ``for`` takes it: what has ``__getitem__`` alone is no ``Iterable``, and yet iterable."""
    return isinstance(found, Iterable) or hasattr(found, "__getitem__")
