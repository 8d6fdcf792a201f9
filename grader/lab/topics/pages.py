"""In the child: pages of the learner's ``list_items``."""

from __future__ import annotations

from typing import Any

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.sessions import Sessions
from grader.lab.story import Story
from grader.lab.topics.crud import Crud

_STORED = "stored 103 items, the ids 11 to 113"
_TAKEN = "took the pages 0 to 1, 2 to 3 and 4 to 102 by offset and limit"
_RULE = "list_is_ordered"


class Pages:
    """What a check asks of pages, of one item and of 103."""

    def __init__(self, code: Code, story: Story, expect: Expect, items: Items, sessions: Sessions, crud: Crud) -> None:
        self._code = code
        self._story = story
        self._expect = expect
        self._items = items
        self._sessions = sessions
        self._crud = crud

    def expect_one_of_one(self) -> None:
        """Store one item, and end the check as failed unless it is on the page."""
        self._items.add(id=11)
        self._story.begin("stored one item")
        with self._sessions.new() as session:
            found = self._crud.ids(self._code.call("crud.list_items", session), _RULE)
        self._expect_size(found, 1)

    def store_all(self) -> None:
        """Store the other 102."""
        self._items.add_many(102)

    def expect_each_item_once(self) -> None:
        """End the check as failed unless pages that follow each other hold each item, and none twice."""
        missing = {row["id"] for row in self._items.rows()}
        for offset, limit, size in ((0, 2, 2), (2, 2, 2), (4, 99, 99)):
            found = self.expect_size(size, offset=offset, limit=limit)
            again = sorted(set(found) - missing)
            saw = f"on this page and on an earlier one: the ids {again[:5]}"
            self._expect(not again, saw=saw, wanted="items that were on no earlier page")
            missing -= set(found)
        self._story.begin(_STORED, _TAKEN)
        self._expect(not missing, saw=f"not on any page: the ids {sorted(missing)[:5]}", wanted="each item on one page")

    def expect_size(self, size: int, **arguments: int) -> list[int]:
        """End the check as failed unless the page for these arguments is so long; the ids on it."""
        self._story.begin(_STORED)
        found = self._crud.ids(self._code.call("crud.list_items", self._sessions.new(), **arguments), _RULE)
        self._expect_size(found, size)
        return found

    def expect_size_by_position(self, size: int, offset: int, limit: int) -> None:
        """The same, with arguments that are not named."""
        self._story.begin(_STORED)
        self._expect_size(self._crud.ids(self._crud.page(offset, limit)), size)

    def _expect_size(self, found: list[Any], size: int) -> None:
        self._expect.equal(len(found), size, "items on the page:")
