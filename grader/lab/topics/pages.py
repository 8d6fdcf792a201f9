"""In the child: pages of the learner's ``list_items``."""

from __future__ import annotations

from typing import Any

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.place import Place
from grader.lab.sessions import Sessions
from grader.lab.story import Story
from grader.lab.topics.crud import Crud
from grader.outcomes import Wrong

_STORED = "stored 103 items, the ids 11 to 113, some with the same name"


class Pages:
    """What a check asks of pages, of no item, of one, and of 103."""

    def __init__(
        self, place: Place, code: Code, story: Story, expect: Expect, items: Items, sessions: Sessions, crud: Crud
    ) -> None:
        # That a list is one of items is the matter of this rule, where the chapter has it.
        self._items_rule = "list_is_ordered" if place.chapter == "05_crud" else ""
        self._code = code
        self._story = story
        self._expect = expect
        self._items = items
        self._sessions = sessions
        self._crud = crud

    def expect_one_of_one(self) -> None:
        """Store one item, and end the check as failed unless it is on the page, and nothing is once it is removed."""
        item_id, by = self._crud.made_here(name="lamp")
        self._story.begin(f"stored one item{by}")
        self._expect_length(self._crud.ids(self._list(), self._items_rule), 1)
        self._sessions.close()
        self._items.remove(item_id)
        self._story.begin("removed the only item")
        self._expect_length(self._crud.ids(self._list()), 0)
        self._sessions.close()

    def expect_listed_later(self) -> None:
        """End the check as failed unless an item is on the page that was stored after there was none.

        Both calls get the same session, which has ended its transaction meanwhile. What the first call gives is asked
        elsewhere.
        """
        session = self._sessions.new()
        try:
            if self._crud.ids(self._code.call("crud.list_items", session)):
                return
            self._sessions.commit(session)
        except Wrong:
            return
        item_id = self._items.add()
        self._story.begin("list_items(db) gave no item", "db.commit()", "stored one item")
        self._expect_length(self._crud.ids(self._code.call("crud.list_items", session), self._items_rule), 1)
        self._crud.expect_none_open(self._crud.left_open_beside(session))
        self._sessions.close()
        self._items.remove(item_id)

    def store_all(self) -> None:
        """Store 103 items, more than fit on a page."""
        self._items.add(id=11)
        self._items.add_alike(102)

    def expect_each_item_once(self, *pages: tuple[int, int]) -> None:
        """End the check as failed unless these pages, by offset and limit, hold each item, and none twice.

        Out of order pages may overlap, or not, as the database likes: the order is the matter of another rule.
        """
        missing = {row["id"] for row in self._items.rows()}
        for offset, limit in pages:
            found = self.expect_size(min(limit, 103 - offset), offset=offset, limit=limit)
            if found != sorted(found):
                return
            again = sorted(set(found) - missing)
            saw = f"on this page and on an earlier one: the ids {again[:5]}"
            self._expect(not again, saw=saw, wanted="items that were on no earlier page")
            missing -= set(found)
        taken = ", ".join(f"{offset} to {min(offset + limit, 103) - 1}" for offset, limit in pages)
        self._story.begin(_STORED, f"took the pages {taken} by offset and limit")
        self._expect(not missing, saw=f"not on any page: the ids {sorted(missing)[:5]}", wanted="each item on one page")

    def expect_size(self, size: int, **arguments: int) -> list[int]:
        """End the check as failed unless the page for these arguments is so long; the ids on it."""
        self._story.begin(_STORED)
        found = self._crud.ids(self._list(**arguments), self._items_rule if size else "")
        self._expect_length(found, size)
        return found

    def expect_size_by_position(self, size: int, offset: int, limit: int) -> None:
        """The same, with arguments that are not named."""
        self._story.begin(_STORED)
        self._expect_length(self._crud.ids(self._crud.page(offset, limit)), size)

    def _list(self, **arguments: int) -> Any:
        return self._code.call("crud.list_items", self._sessions.new(), **arguments)

    def _expect_length(self, found: list[Any], size: int) -> None:
        self._expect.equal(len(found), size, "items on the page:")
