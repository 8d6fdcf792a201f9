"""In the child: pages of items with their owners, from ``list_items_with_owner`` and in the answers."""

from __future__ import annotations

from itertools import product
from typing import Any

from grader.lab.expect import Expect
from grader.lab.story import Story
from grader.lab.topics.owner_answers import OwnerAnswers
from grader.lab.topics.owner_lists import OwnerLists
from grader.lab.topics.owners import Owners
from grader.outcomes import Verdict, Waits

_RULE = "owner_is_in_the_answer"
# Between the ids there are gaps, and the items are not stored in the order of their ids.
_FEW = (12, 15, 18)
_MANY = tuple(20 + 3 * (number * 7 % 100) for number in range(100))
_OWNERLESS = 13, 22, 40
_STORED = "stored 103 items, the ids 12 to 317 with gaps between them"


class OwnerPages:
    """What a check asks of them."""

    def __init__(
        self, story: Story, expect: Expect, owners: Owners, owner_lists: OwnerLists, owner_answers: OwnerAnswers
    ) -> None:
        self._story = story
        self._expect = expect
        self._owners = owners
        self._lists = owner_lists
        self._answers = owner_answers
        self._with_owners = False
        self._pairs: list[tuple[int, int | None]] = []

    def store_few(self) -> None:
        """Store three items, two of them with the same owner.

        Raises:
            Waits: not these items are listed.
        """
        self._store(*_FEW, owners=2)
        found = self._lists.page(offset=0, limit=100)
        if sorted((item_id for item_id, _ in found), key=str) != [*_FEW]:  # an answer may have no ids
            raise Waits(f"ids of three items: {[item_id for item_id, _ in found]}", _RULE)
        self._look_for_owners(found)

    def store_many(self) -> None:
        """Store 100 more, which have 40 owners together."""
        self._store(*_MANY, owners=40)

    def expect_listed_among_others(self, *pages: tuple[int, int]) -> None:
        """The same of pages on which a few items have no owner, if the list has such items at all, and as such.

        Where it has not, or fails, that is another rule's business.
        """
        self._store(*_OWNERLESS, owners=0)
        try:
            first = {*self._lists.page(offset=0, limit=100)}
        except Verdict:
            return
        for offset, limit in pages if first.issuperset(product(_OWNERLESS, [None])) else ():
            self._story.begin(_STORED, f"stored {len(_OWNERLESS)} more, which have no owner")
            self._expect_page(self._lists.page(offset=offset, limit=limit), self._slice(offset, limit))

    def expect_listed(self, **page: int) -> None:
        """End the check as failed unless crud gives these items, each with its own owner."""
        self._story.begin(_STORED)
        self._expect_page(self._lists.page(**page), self._slice(**page))

    def expect_answered(self) -> None:
        """End the check as failed unless the route answers with pages of these items too.

        A route that takes no offset and no limit shows the first page, or all.

        Raises:
            Waits: it shows none of the owners that crud gives.
        """
        self._story.begin(_STORED)
        every = self._answers.page()
        if every and self._with_owners and not any(owner for _, owner in every):
            raise Waits("no item is shown with its owner", _RULE)
        pages = [self._pairs[:100], self._pairs]
        self._expect_page(every, next((page for page in pages if len(page) == len(every)), pages[0]))
        if self._answers.takes_pages():
            for offset, limit in ((2, 3), (98, 4)):
                self._story.begin(_STORED)
                self._expect_page(
                    self._answers.page(f"?offset={offset}&limit={limit}"), self._slice(offset=offset, limit=limit)
                )

    def _store(self, *ids: int, owners: int) -> None:
        self._owners.add_items(*ids, owners=owners)
        self._pairs = [(row["id"], row["owner"] and row["owner"]["id"]) for row in self._owners.rows()]

    def _look_for_owners(self, found: list[tuple[Any, Any]]) -> None:
        """Notice whether any item is shown with its owner: where none is, that is another rule's business."""
        self._with_owners = self._with_owners or any(pair in found for pair in self._pairs if pair[1])

    def _slice(self, offset: int = 0, limit: int = 100) -> list[tuple[int, int | None]]:
        return self._pairs[offset:][:limit]

    def _expect_page(self, found: list[tuple[Any, Any]], wanted: list[tuple[int, int | None]]) -> None:
        ids = [item_id for item_id, _ in wanted]
        self._expect.equal([item_id for item_id, _ in found], ids, "ids on the page:")
        self._look_for_owners(found)
        if self._with_owners:
            self._expect.equal(found, wanted, "ids on the page, each with that of its owner:")
