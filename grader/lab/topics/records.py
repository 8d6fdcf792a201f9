"""In the child: items with their events, a database that refuses some, and what of them is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.event import listen as attach
from sqlalchemy.event import remove as detach
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from grader.lab.database import Database
from grader.lab.equality import same
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.observer import Seen
from grader.lab.story import Story

# The names of items that cannot be saved, and what the database has against them.
FAILURES = {
    "item refused": "made the database refuse the item 'item refused'",
    "event refused": "made the database refuse the event of 'event refused'",
    "event broken": "made the database fail with an OperationalError at the event of 'event broken'",
    "commit refused": "made the database refuse the COMMIT after 'commit refused'",
    "stopped": "raised a RuntimeError when the event of 'stopped' was added to the session",
    "commit lost": "lost the connection to the database before the COMMIT after 'commit lost'",
}


class Records:
    """What a check stores, and what it finds stored."""

    def __init__(self, story: Story, seen: Seen, expect: Expect, database: Database, items: Items) -> None:
        self._story = story
        self._seen = seen
        self._expect = expect
        self._database = database
        self._items = items

    def make_writes_fail(self) -> None:
        """Let the database refuse what belongs to the items whose names are in `FAILURES`."""
        database = self._database
        name = "(SELECT name FROM items WHERE id = NEW.item_id)"
        database.refuse("BEFORE INSERT", "items", "NEW.name = 'item refused'")
        database.refuse("BEFORE INSERT", "item_events", f"{name} = 'event refused'")
        database.break_down("BEFORE INSERT", "item_events", f"{name} = 'event broken'")
        database.refuse_commit("items", "NEW.name = 'commit refused'")

    def let_ids_differ(self) -> None:
        """Store an item, 'item 2', so that the ids of the next item and of its event are not the same."""
        self._items.add_many(3)
        self._database.run("DELETE FROM items WHERE name <> 'item 2'")

    @contextmanager
    def losing_connections(self) -> Iterator[None]:
        """Lose the connection before the COMMIT of the item ``commit lost`` in the block, once for each request.

        Then the session is not rolled back by anybody yet, as it is after a failed flush.
        """
        attach(Session, "before_commit", self._lose)
        try:
            yield
        finally:
            detach(Session, "before_commit", self._lose)

    def _lose(self, session: Session) -> None:
        name, moments = "commit lost", self._seen.moments
        sent = any(name in repr(each.parameters) for each in moments if each.session == self._seen.number_of(session))
        pending = any(getattr(each, "name", "") == name for each in session.new)
        if (sent or pending) and all(each.what != "CONNECTION LOST" for each in moments):
            self._seen.note("CONNECTION LOST")
            raise OperationalError("COMMIT", {}, ConnectionError("connection lost"))

    @contextmanager
    def stopping_at_events(self) -> Iterator[list[object]]:
        """Raise a RuntimeError, which is none of the database's, when a new event is added to a session in the block.

        Yields:
            The events that it was raised for: whoever writes without objects never meets it.
        """
        stopped: list[object] = []

        def stop(_session: Session, instance: object) -> None:
            state = inspect(instance)
            if state.key is None and getattr(state.mapper.local_table, "name", "") == "item_events":
                stopped.append(instance)
                raise RuntimeError("stopped between two writes")

        attach(Session, "before_attach", stop)
        try:
            yield stopped
        finally:
            detach(Session, "before_attach", stop)

    def change_with_events(self) -> None:
        """Let the database itself change the description of an item once more when it gets an event."""
        change = "UPDATE items SET description = 'changed with its event' WHERE id = NEW.item_id"
        self._database.make_trigger("AFTER INSERT", "item_events", change)
        self._story.arranged("another trigger changes it when it gets an event")

    def expect_stored(self, item: dict[str, Any], happened: dict[str, Any]) -> None:
        """End the check as failed unless the newest item and the newest event are those that were returned."""
        newest = {
            "add_item": (item, "SELECT id, name FROM items ORDER BY id DESC LIMIT 1"),
            "add_event": (happened, "SELECT id, kind FROM item_events ORDER BY id DESC LIMIT 1"),
        }
        for function, (returned, query) in newest.items():
            stored = self._database.rows(query)[0]
            saw = f"{function} returned {returned}, which is not what it stored: {stored}"
            self._expect(same(returned, stored), saw=saw, wanted=f"{function} returns what it added")

    def saved(self) -> dict[str, list[Any]]:
        """What is in the database: names of items, and of each event its kind and the name of its item."""
        rows = self._database.rows(
            "SELECT kind, name FROM item_events LEFT JOIN items ON items.id = item_id ORDER BY item_events.id"
        )
        events = sorted(f"{row['kind']}: {row['name']}" for row in rows)
        return {"items": sorted(row["name"] for row in self._items.rows()), "events": events}

    def expect_saved(self, *names: str) -> None:
        """End the check as failed unless these items, each with an event of kind created, are what is saved."""
        wanted = {"items": sorted(names), "events": sorted(f"created: {name}" for name in names)}
        self._expect.equal(self.saved(), wanted, "saved:")

    def expect_not_committed(self, function: str, before: dict[str, list[Any]]) -> None:
        """End the check as failed if a COMMIT was sent by now, or more is saved than there was before."""
        saved = self.saved()
        more = [each for what in saved for each in (Counter(saved[what]) - Counter(before[what])).elements()]
        self._expect(
            not self._seen.commits_of_writes() and saved == before,
            saw=f"{function} committed: {more or 'nothing'} is saved",
            wanted="no COMMIT, nothing saved yet",
        )

    @contextmanager
    def looked_at(self) -> Iterator[list[dict[str, list[Any]]]]:
        """What is saved before the block, before each statement and COMMIT in it, and after it.

        So it is seen what was made to last by itself, whatever statement did it.
        """
        steps = [self.saved()]

        def look(_statement: str, _connection: int) -> None:
            with self._database.at_once():
                steps.append(self.saved())

        self._seen.hold = look
        try:
            yield steps
        finally:
            self._seen.hold = None
            steps.append(self.saved())

    def expect_one_transaction(self, steps: list[dict[str, list[Any]]]) -> None:
        """End the check as failed unless some COMMIT made an item and an event last at once, and none did so before.

        Args:
            steps: what was saved, from before the request on.
        """
        more = [{what: len(step[what]) - len(steps[0][what]) for what in step} for step in steps]
        self._expect(
            any({"items", "item_events"} <= tables for tables in self._seen.saved_together())
            and all(each["items"] == each["events"] for each in more),
            saw="the item and its event were saved by different COMMITs",
            wanted="one transaction for both",
        )

    def take_name(self, name: str) -> int:
        """Store an item of this name: names may repeat. Its id."""
        item_id = self._items.add(name=name)
        self._story.arranged(f"stored another item {name!r}")
        return item_id

    def expect_unchanged(self, before: dict[str, list[Any]]) -> None:
        """End the check as failed unless exactly this is saved, and nothing of the last request."""
        saved = self.saved()
        more = {what: list((Counter(saved[what]) - Counter(before[what])).elements()) for what in saved}
        told = "; ".join(f"{what} {names}" for what, names in more.items() if names)
        self._expect(not told, saw=f"saved anyway: {told}", wanted="nothing of this request is saved")
        self._expect.equal(saved, before, "saved:")
