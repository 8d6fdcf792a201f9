"""In the child: what the learner's ``create_item``, ``update_item`` and ``delete_item`` do to the table."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from grader.diagnosis.refusals import AS_IF_SAVED
from grader.lab.code import Code
from grader.lab.equality import same
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.sessions import Sessions
from grader.lab.story import Story
from grader.lab.topics.crud import Crud
from grader.lab.topics.schemas import Schemas
from grader.lab.words import show, some_of, with_null
from grader.outcomes import Wrong

Row = dict[str, Any]
_REFUSED = "refused"
_LONG = 200  # characters of a name: as many as the column has room for


@dataclass(frozen=True)
class Updated:
    """What ``update_item`` returned, the session that it worked in, and the id of the row that was meant."""

    item: Any
    session: Session
    id: int


class Writes:
    """Lets them write, and looks what has become of the row that was meant, and of all others."""

    def __init__(
        self,
        code: Code,
        story: Story,
        expect: Expect,
        items: Items,
        sessions: Sessions,
        schemas: Schemas,
        crud: Crud,
    ) -> None:
        self._code = code
        self._story = story
        self._expect = expect
        self._items = items
        self._sessions = sessions
        self._schemas = schemas
        self._crud = crud

    def expect_created(self, **sent: Any) -> None:
        """End the check as failed unless ``create_item`` stores one new row with what was sent.

        What becomes of an empty description is anybody's choice, and that the schema takes one, or null, or a long
        name, is the matter of another rule.
        """
        rare = ("description" in sent and not sent["description"]) or len(sent["name"]) >= _LONG
        if rare and not self._schemas.is_accepted("ItemCreate", sent):
            return
        before = self._items.rows()
        self._story.begin(f"stored {[_values(row) for row in before]}" if before else "began with an empty table")
        with self._sessions.open() as session:
            self._crud.create(session, **sent)
            rows = self._items.rows()
        others = [row for row in rows if row in before]
        self._expect.equal(others, before, "the other rows:")
        new, wanted = [_values(row) for row in rows if row not in before], [(sent["name"], sent.get("description"))]
        emptied = sent.get("description") == "" and new == [(sent["name"], None)]
        self._expect(
            emptied or same(new, wanted),
            saw=f"new in the database, seen by others: {show(new)}",
            wanted=f"new in the database: {show(wanted)}",
            values=(new, wanted),
        )

    def expect_created_current(self, **sent: Any) -> None:
        """End the check as failed unless what ``create_item`` returns is readable later, and is the new row."""
        known = {row["id"] for row in self._items.rows()}
        self._story.begin()
        session = self._sessions.new()
        item = self._crud.create(session, **sent)
        left = self._crud.left_open_beside(session)
        self._crud.expect_current(item, session, other_than=known)
        self._crud.expect_none_open(left)

    def expect_saved(self, row: Row, **sent: Any) -> None:
        """End the check as failed unless ``update_item`` saves what is sent of this row, and touches no other row.

        An error where one field alone is sent, and what becomes of the other, is the matter of another rule.
        """
        others = self._items.rows()
        updated = self._updated(row, **sent)
        self._sessions.close()
        if updated is None:
            return
        stored, rest = self._rows_after(updated)
        self._expect.equal({name: stored[name] for name in sent}, sent, "in the database, seen by others:")
        self._expect.equal(rest, others, "the other rows:")

    def expect_saved_here(self, row: Row, **sent: Any) -> None:
        """The same for an item that the learner's own ``create_item`` has stored."""
        item_id, by = self._crud.made_here(**row)
        self._update_stored(self._sessions.new(), item_id, f"{show(with_null(row, 'NULL'))}{by}", **sent)
        self._sessions.close()
        stored = self._items.row(item_id) or {}
        found = {name: stored.get(name) for name in sent}
        self._expect.equal(found, sent, "in the database, seen by others:")

    def expect_kept(self, row: Row, **sent: Any) -> None:
        """End the check as failed unless ``update_item`` changes in this row what is sent, and nothing else."""
        stored, _ = self._rows_after(self._update(row, **sent))
        self._expect.equal({name: stored[name] for name in row}, {**row, **sent}, "row:")

    def expect_described(self, description: str | None, alone: Row, with_a_name: Row) -> None:
        """End the check as failed unless ``update_item`` writes this description.

        Args:
            description: what is sent.
            alone: the row to which it is sent alone, or with its name where that is ignored: another rule's matter.
            with_a_name: the row to which it is sent together with a new name.
        """
        tried = self._try_update({"name": "chair", "description": "soft"}, description="hard")
        works = tried is not None and (self._items.row(tried.id) or {}).get("description") == "hard"
        for row, named in ((alone, {} if works else {"name": alone["name"]}), (with_a_name, {"name": "torch"})):
            stored, _ = self._rows_after(self._update(row, **named, description=description))
            self._expect.equal(stored["description"], description, "description in the database:")

    def expect_updated_current(self, row: Row, **sent: Any) -> None:
        """End the check as failed unless what ``update_item`` returns is readable later, and is what is stored.

        An error where not all is sent is the matter of another rule.
        """
        updated = self._updated(row, **sent)
        if updated is not None:
            left = self._crud.left_open_beside(updated.session)
            self._crud.expect_current(updated.item, updated.session)
            self._crud.expect_none_open(left)

    def expect_deleted(self, item_id: int, by: str = "") -> None:
        """End the check as failed unless ``delete_item`` removes this row, stored by whom is said, and no other."""
        before = self._items.rows()
        item_row = with_null(next(row for row in before if row["id"] == item_id), "NULL")
        session = self._sessions.new()
        item = self._sessions.load_item(session, item_id)
        ids = some_of([row["id"] for row in before])
        self._story.begin(f"stored the ids {ids}{by}, and loaded {show(item_row)}")
        self._code.call("crud.delete_item", session, item)
        self._sessions.close()
        left = self._items.rows()
        gone = [row["id"] for row in before if row not in left]
        self._expect.equal(gone, [item_id], "ids that another session no longer finds:")
        self._expect.equal(len(left), len(before) - 1, "rows in the database:")

    def expect_create_refused(self) -> None:
        """End the check as failed if ``create_item`` returns an item that the database has refused."""
        self._items.refuse("INSERT", _REFUSED)
        self._story.begin(f"the database refuses the name {_REFUSED!r}")
        returned = None
        with self._sessions.open() as session:
            with suppress(Wrong):  # whatever it raises, its caller hears of it
                returned = self._crud.create(session, name=_REFUSED)
            told = self._is_item(returned)
        self._expect_told(told, "INSERT", f"create_item returned {show(returned)}")

    def expect_update_refused(self) -> None:
        """End the check as failed if ``update_item`` returns an item whose change the database has refused."""
        self._items.refuse("UPDATE", _REFUSED)
        self._story.arranged(f"the database refuses the name {_REFUSED!r}")
        updated = self._try_update({"name": "lamp", "description": "warm light"}, name=_REFUSED, description="hard")
        told = updated is not None and self._is_item(updated.item)
        self._sessions.close()
        self._expect_told(told, "UPDATE", "update_item returned the item")

    def _expect_told(self, told: bool, write: str, what: str) -> None:
        sent = any("items" in each.writes_to() for each in self._story.moments() if each.sql)
        saved = any(row["name"] == _REFUSED for row in self._items.rows())
        self._expect(
            saved or not (told and sent),
            saw=f"the database refused the {write}, and {what} {AS_IF_SAVED}",
            wanted="an exception, so that the caller learns that nothing was saved",
        )

    def _is_item(self, returned: Any) -> bool:
        """Whether what was returned is an item, or looks like one."""
        with suppress(Exception):
            return isinstance(returned, self._code.need("models.Item")) or hasattr(returned, "name")
        return False

    def _update(self, row: Row, **sent: Any) -> Updated:
        """Store a row, then let ``update_item`` apply what was sent."""
        session = self._sessions.new()
        return self._update_stored(session, self._items.add(**row), show(with_null(row, "NULL")), **sent)

    def _update_stored(self, session: Session, item_id: int, words: str, **sent: Any) -> Updated:
        """Let ``update_item`` apply what was sent to a row that is stored, as words tell."""
        item = self._sessions.load_item(session, item_id)
        self._story.begin(f"stored {words}")
        data = self._schemas.make("ItemUpdate", **sent)
        return Updated(self._code.call("crud.update_item", session, item, data), session, item_id)

    def _try_update(self, row: Row, **sent: Any) -> Updated | None:
        """The same where it works; None where it does not, which is the matter of another rule."""
        with suppress(Wrong):
            return self._update(row, **sent)
        return None

    def _updated(self, row: Row, **sent: Any) -> Updated | None:
        """The same; where both fields are sent it has to work."""
        return self._update(row, **sent) if len(sent) == 2 else self._try_update(row, **sent)

    def _rows_after(self, updated: Updated) -> tuple[Row, list[Row]]:
        """The row that was meant as it is stored now, and all others."""
        rows = self._items.rows()
        stored = [row for row in rows if row["id"] == updated.id]
        self._expect(bool(stored), saw=f"there is no row with the id {updated.id} any more", wanted="the row, changed")
        return stored[0], [row for row in rows if row["id"] != updated.id]


def _values(row: Row) -> tuple[Any, Any]:
    """What was sent of a row."""
    return row["name"], row["description"]
