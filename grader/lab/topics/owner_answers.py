"""In the child: answers that show items with their owners."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from grader.lab.client import Client
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.story import Story
from grader.lab.topics.loading import not_loaded, refusal
from grader.lab.topics.owner_steps import OwnerSteps
from grader.lab.topics.owners import Owners
from grader.outcomes import Waits, Wrong, waiting_for

_PATH = "/items-with-owner/"


class OwnerAnswers:
    """What a check asks of ``GET /items-with-owner/``."""

    def __init__(
        self,
        focus: Focus,
        story: Story,
        seen: Seen,
        expect: Expect,
        client: Client,
        owners: Owners,
        owner_steps: OwnerSteps,
    ) -> None:
        self._focus = focus
        self._story = story
        self._seen = seen
        self._expect = expect
        self._client = client
        self._owners = owners
        self._steps = owner_steps

    def get(self, query: str = "") -> list[Any]:
        """The items in the answer, in its order.

        Raises:
            Wrong: the answer is not 200 with a list.
            Waits: an owner was read that was not loaded; another rule tells that.
        """
        answer = self._client.request("GET", _PATH + query)
        if not_loaded(answer.error):
            raise Waits(str(answer), "loaded_before_the_session_closes")
        if answer.error is not None and hasattr(answer.error, "errors"):
            where = self._focus.line_of(answer.error)
            self._expect(False, saw=f"a crash: {refusal(answer.error)}", wanted="200", where=where)
        self._expect.status(answer, 200)
        found = answer.json
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise Wrong(str(answer), "a list of items")
        return found

    def expect_all(self) -> None:
        """End the check as failed unless the answer shows every item as it is stored, in whatever order."""
        with nullcontext() if self._expect.instead else self._steps.told():
            self._expect_all()

    def _expect_all(self) -> None:
        found, rows = self.get(), self._owners.rows()
        ids = sorted((item.get("id") for item in found), key=str)
        self._expect.equal(ids, [row["id"] for row in rows], "ids of the items:")
        for row in rows:
            item = next(each for each in found if each.get("id") == row["id"])
            self._expect.equal(item, row, null="null")

    def page(self, query: str = "") -> list[tuple[Any, Any]]:
        """The ids in the answer, in its order, and that of each item's owner.

        Raises:
            Waits: there is no such answer; another rule tells that.
        """
        with waiting_for("owner_is_in_the_answer"):
            return [id_and_owner(item) for item in self.get(query)]

    def takes_pages(self) -> bool:
        """Whether the route has a use for offset and limit: then it does not take any word for them."""
        try:
            return self._client.request("GET", f"{_PATH}?offset=many&limit=many").status != 200
        finally:
            self._story.begin()

    def expect_loaded(self) -> None:
        """End the check as failed if the answer needed something that was not loaded; a route to do is none."""
        try:
            answer = self._client.request("GET", _PATH)
        except Exception:  # the route is still to do
            return
        if not_loaded(answer.error):
            raise Wrong(refusal(answer.error), "an answer whose owners were loaded")

    def statements(self, count: int) -> int:
        """How many statements an answer with so many items takes, 0 for a whole page."""
        before = self._seen.statements()
        found = len(self.get())
        self._expect.equal(found, count or found, "items in the answer:")
        return self._seen.statements() - before

    def are_broken(self) -> bool:
        """Whether there is no answer with items, for another reason than that something was not loaded; not told."""
        focus = self._focus.at
        try:
            with self._story.untold():
                answer = self._client.request("GET", _PATH)
        except Exception:  # the route is still to do
            return False
        finally:
            self._focus.at = focus
        return (answer.status != 200 or answer.json == []) and not not_loaded(answer.error)


def id_and_owner(item: dict[str, Any]) -> tuple[Any, Any]:
    """Of an item as it is shown: its id, and its owner's, None where it shows none."""
    owner = item.get("owner")
    return item.get("id"), owner.get("id") if isinstance(owner, dict) else None
