"""In the child: requests that write several records as one unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from grader.lab.answer import Answer
from grader.lab.client import Client
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.observer import Seen
from grader.lab.story import Story
from grader.lab.topics.records import FAILURES, Records
from grader.lab.words import show
from grader.outcomes import ToDo, Waits

ONE, BATCH = "/items-uow", "/items-uow/batch"
# Items with these names are sent with a description, all others without one.
_DESCRIBED = {"lamp": "warm light", "chair": "warm light", "bench": ""}


@dataclass
class Told:
    """What the client was told: a status code first of all, whatever happened in the app afterwards."""

    status: int
    answer: Answer

    def __str__(self) -> str:
        if self.status < 400 and self.answer.error is not None:
            return f"{self.status}, and after that {self.answer}"
        return str(self.answer)


class Units:
    """What a check sends, and what the answers show."""

    def __init__(
        self, story: Story, seen: Seen, expect: Expect, items: Items, client: Client, records: Records
    ) -> None:
        self._story = story
        self._seen = seen
        self._expect = expect
        self._items = items
        self._client = client
        self._records = records

    def post_batch(self, *names: str) -> Told | None:
        """Send a batch of items with these names; None where that is still to do, or fails, or does not save them.

        Whether it does is the business of `batch_is_all_or_nothing`.
        """
        before = len(self._items.rows())
        try:
            told = self.post(BATCH, *names)
        except ToDo:
            return None
        saved = len(self._items.rows()) - before == len(names)
        return told if told.status < 400 and saved else None

    def good_paths(self) -> Iterator[tuple[str, dict[str, list[Any]]]]:
        """The path of each endpoint, and what is saved after it took two good items.

        That of a batch only where it is done, and saves them: it is a later task than the other one.
        """
        yield ONE, self.post_good(ONE)
        with suppress(ToDo, Waits):
            saved = self.post_good(BATCH)
            yield BATCH, saved

    def post(self, path: str, *names: str) -> Told:
        """Send an item, or a batch of items, with these names."""
        bodies = [_body(name) for name in names]
        for session in self._seen.sessions:  # what an earlier request left open would lock this one out
            with suppress(Exception):
                session.close()
        self._seen.moments.clear()
        self._story.begin(*(FAILURES[name] for name in names if name in FAILURES))
        answer = self._client.request("POST", path, json=bodies if path == BATCH else bodies[0])
        sent = [moment.what for moment in self._seen.moments if moment.what.startswith("ANSWER")]
        return Told(int(sent[-1].split()[1]) if sent else answer.status, answer)

    def expect_null_refused(self) -> None:
        """End the check as failed unless ``null`` in the place of an item is answered with 422."""
        options = {"content": "null", "headers": {"content-type": "application/json"}}
        self._expect.status(self._client.only_request("POST", ONE, **options), 422)

    def post_good(self, path: str) -> dict[str, list[Any]]:
        """Send two items that cannot fail, so that the failures after it say something; what is saved then.

        Raises:
            Waits: they failed, or they are not saved with their events.
        """
        wanted = self._records.saved()
        requests = [("first", "second")] if path == BATCH else [("first",), ("second",)]
        told = [self.post(path, *names) for names in requests]
        for name in ("first", "second"):
            wanted["items"].append(name)
            wanted["events"].append(f"created: {name}")
        saved = self._records.saved()
        if max(each.status for each in told) >= 400:
            raise Waits(str(told[-1]), "batch_is_all_or_nothing" if path == BATCH else "create_answers_201")
        if saved != {key: sorted(value) for key, value in wanted.items()}:
            rule = "batch_is_all_or_nothing" if path == BATCH else "item_and_event_are_saved_together"
            raise Waits(f"saved: {saved}", rule)
        return saved

    def fail(self, path: str, name: str) -> Told:
        """Send what the database refuses; in a batch it comes last, but for the refused item."""
        names = ["chair", name] if name != "item refused" else [name, "chair"]
        return self.post(path, *(names if path == BATCH else [name]))

    def expect_nothing_half_done(self, path: str) -> None:
        """End the check as failed if something stays of a request that meets an error which is not the database's."""
        before = self._records.saved()
        with self._records.stopping_at_events() as stopped:
            self.post(path, *(("stopped",) if path == ONE else ("stopped", "table")))
        if stopped:
            self._records.expect_unchanged(before)

    def expect_item(self, shown: Any, name: str, other_than: int = 0) -> None:
        """End the check as failed unless this item is shown, with its id and nothing else.

        Whether it is saved is another rule's business.
        """
        self._expect.equal(_without_id(shown), _shown(name), "the answer:")
        new = [row["id"] for row in self._items.rows() if row["id"] != other_than]
        its_own = shown["id"] in new if new else shown["id"] != other_than
        saw = f"the answer: {show(shown)}, which is not the id of a new item"
        self._expect(its_own, saw=saw, wanted="a new item, and its id in the answer")

    def expect_items(self, shown: Any, *names: str) -> None:
        """End the check as failed unless these items, the newest, are shown, each with its id and nothing else."""
        found = [_without_id(each) for each in shown] if isinstance(shown, list) else shown
        wanted = [_shown(name) for name in names]
        self._expect.equal(_sorted_by("name", found), _sorted_by("name", wanted), "the answer:")
        newest = [row["id"] for row in self._items.rows()][-len(names) :]
        self._expect.equal(sorted(each["id"] for each in shown), newest, "ids in the answer:")

    def are_shown(self, shown: Any, *names: str) -> bool:
        """Whether items of these names are shown; that they are is another rule's business."""
        return isinstance(shown, list) and sorted(_name_of(each) for each in shown) == sorted(names)

    def expect_stored(self, shown: Any, rows: list[dict[str, Any]]) -> None:
        """End the check as failed unless what is shown, in whatever order, are these rows."""
        self._expect.shows(_sorted_by("id", shown), rows)


def _body(name: str) -> dict[str, Any]:
    """What is sent to create the item with this name."""
    return {"name": name, "description": _DESCRIBED[name]} if name in _DESCRIBED else {"name": name}


def _shown(name: str) -> dict[str, Any]:
    """How the item with this name is to be shown."""
    return {"id": "a number", "name": name, "description": _DESCRIBED.get(name)}


def _name_of(shown: Any) -> str:
    """The name of an item as it is shown; empty where it has none."""
    return str(shown.get("name", "")) if isinstance(shown, dict) else ""


def _without_id(shown: Any) -> Any:
    """An item as it is shown, with words in the place of its id if that is a number."""
    known = isinstance(shown, dict) and type(shown.get("id")) is int
    return shown | {"id": "a number"} if known else shown


def _sorted_by(key: str, shown: Any) -> Any:
    """A list of objects ordered by one of their values; anything else as it is."""
    try:
        return sorted(shown, key=lambda each: each[key])
    except (TypeError, KeyError):
        return shown
