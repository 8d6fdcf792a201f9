"""In the child: the learner's functions of ``app.crud``, and what they return."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy.orm import Session

from grader.lab.code import Code
from grader.lab.equality import is_plain, same
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.observer import Seen, are_one
from grader.lab.sessions import Sessions
from grader.lab.story import Story
from grader.lab.topics.schemas import Schemas
from grader.lab.words import show
from grader.outcomes import Verdict, Waits, Wrong, waiting_for


class Crud:
    """What a check asks of them."""

    def __init__(
        self,
        code: Code,
        story: Story,
        seen: Seen,
        expect: Expect,
        items: Items,
        sessions: Sessions,
        schemas: Schemas,
    ) -> None:
        self._code = code
        self._story = story
        self._seen = seen
        self._expect = expect
        self._items = items
        self._sessions = sessions
        self._schemas = schemas

    def create(self, session: Session, **sent: Any) -> Any:
        """Call ``create_item`` with what was sent."""
        return self._code.call("crud.create_item", session, self._schemas.make("ItemCreate", **sent))

    def wait_for_texts(self, name: str) -> None:
        """Let it be the matter of another rule what the learner's own schema makes of a text."""
        self._schemas.wait_for_texts(name)

    def made_from(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The row that ``create_item`` stores for this; nothing of it is kept or told."""
        story, moments = list(self._story.lines), len(self._seen.moments)
        with self._sessions.open() as session:
            self.create(session, **sent)
        del self._seen.moments[moments:]
        made = self._items.rows()[-1]
        self._items.remove(made["id"])
        self._story.lines[:] = story
        return made

    def made_here(self, **sent: Any) -> tuple[int, str]:
        """Store an item with the learner's own ``create_item``, and tell nothing of it: its id, and by whom, in words.

        Where that does not store one, which is the matter of another rule, the grader does.
        """
        before = self._items.ids()
        with self._story.untold():
            with suppress(Verdict), self._sessions.open() as session:
                self.create(session, **sent)
            for left in self._seen.sessions:  # what was left open would lock out whoever comes next
                with suppress(Exception):
                    left.close()
        made = self._items.take_new(before)
        return (made, " with create_item") if made else (self._items.add(**sent), "")

    def expect_found(self, item_id: int, rule: str) -> None:
        """Let ``get_item`` find an item; if it does not, the check waits for the rule that wants it."""
        session = self._sessions.new()
        with waiting_for(rule):
            found = self._code.read(self._code.call("crud.get_item", session, item_id), "id")
            self._expect.equal(found["id"], item_id, "the id of what was returned:")
        session.close()

    def expect_found_later(self, row: dict[str, Any]) -> None:
        """End the check as failed unless ``get_item`` finds a row that was stored after it had found none.

        Both calls get the same session, which has ended its transaction meanwhile, so that nothing keeps a right one
        from seeing the row. What the first call gives is the matter of another rule.
        """
        session, item_id = self._sessions.new(), row["id"]
        try:
            if self._code.call("crud.get_item", session, item_id) is not None:
                return
            self._sessions.commit(session)
        except Wrong:
            return
        self._items.add(**row)
        self._story.begin(f"get_item(db, {item_id}) gave None", "db.commit()", f"stored an item with the id {item_id}")
        item = self._code.call("crud.get_item", session, item_id)
        left = self.left_open_beside(session)
        self._expect.equal(item and self._code.read(item, *row), row)
        self.expect_none_open(left)

    def left_open_beside(self, session: Session) -> list[str]:
        """What sessions hold, in words, that the function has opened beside the one that its caller handed over."""
        others = [each for each in self._seen.sessions if not are_one(each, session)]
        return [words for words in self._seen.left_open(others) if words.startswith("a session")]

    def expect_none_open(self, left: list[str]) -> None:
        """End the check as failed if the function left a session open that its caller does not have."""
        saw = f"besides the session that it was given, {left[0]}" if left else ""
        self._expect(not left, saw=saw, wanted="no open session except the one that it was given")

    def page(self, offset: int, limit: int) -> Any:
        """Call ``list_items`` with positions, or by name where it takes names only."""
        session = self._sessions.new()
        if self._code.takes("crud.list_items", session, offset, limit):
            return self._code.call("crud.list_items", session, offset, limit)
        return self._code.call("crud.list_items", session, offset=offset, limit=limit)

    def ids(self, items: Any, rule: str = "") -> list[int]:
        """The ids of an iterable of items; what is no such iterable waits for the rule that is named, if any."""
        with self._code.running("an iterable of items"):
            found = list(items) if is_iterable(items) else [items]
        other = next((show(each) for each in found if not hasattr(each, "id")), "")
        if other and rule:
            raise Waits(other, rule)
        self._expect(not other, saw=f"among what was returned: {other}", wanted="items, each with an .id")
        return [_plain(item.id) for item in found]

    def expect_current(self, item: Any, session: Session, other_than: Collection[int] = ()) -> None:
        """End the check as failed unless the item, after every session was closed, shows what is stored.

        Args:
            item: what the learner's function returned.
            session: the session that it worked in.
            other_than: ids of rows that are not meant.
        """
        with self._code.running("a session that can be closed"):
            for each in (session, *self._seen.sessions):
                each.close()
        self._story.did("closed the session and read the item")
        found = self._code.read(item, "id", "name", "description")
        rows = [row for row in self._items.rows() if row["id"] not in other_than]
        stored = next((row for row in rows if row["id"] == found["id"]), rows[-1] if len(rows) == 1 else None)
        wanted = f"what is stored: {show(stored)}" if stored else "an id of a row that is stored"
        saw = f"the item shows {show(found)}"
        if not all(map(is_plain, found.values())):
            self._code.returned()  # what shows an object of the learner's runs its code
        self._expect(same(found, stored), saw=saw, wanted=wanted, values=(found, stored))


def is_iterable(found: Any) -> bool:
    """Whether ``for`` takes it: what has ``__getitem__`` alone is no ``Iterable``, and yet iterable."""
    return isinstance(found, Iterable) or hasattr(found, "__getitem__")


def _plain(value: Any) -> Any:
    """A number of Python's own: one of a class of the learner's may say that it equals others."""
    return int.__add__(value, 0) if issubclass(type(value), int) else value
