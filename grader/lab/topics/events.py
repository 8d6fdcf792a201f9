"""In the child: events of items, written and read through the grader's own connection."""

from __future__ import annotations

from grader.lab.database import Database
from grader.lab.story import Story
from grader.lab.tables import Tables


class Events:
    """What is stored of them, and what the database refuses."""

    def __init__(self, tables: Tables, database: Database, story: Story) -> None:
        self._tables = tables
        self._database = database
        self._story = story

    def add(self, item_id: int, kind: str) -> None:
        """Write an event through the grader's own connection: an item may have several of a kind."""
        self._database.insert(self._tables.named("item_events"), {"item_id": item_id, "kind": kind})
        self._story.arranged(f"stored an event {kind!r} for item {item_id}")

    def rows(self) -> list[tuple[int, str]]:
        """The events in the database, oldest first: the item's id and the kind."""
        found = self._database.rows("SELECT item_id, kind FROM item_events ORDER BY id")
        return [(row["item_id"], row["kind"]) for row in found]

    def count_at_once(self) -> int:
        """How many there are, while the learner's code is at work; 0 where that would have to be waited for."""
        with self._database.at_once():
            return len(self.rows())
        return 0

    def make_writes_fail(self) -> None:
        """Let the database refuse events of kind ``refused``, fail at ``broken``, refuse the COMMIT of ``lost``."""
        for moment in ("BEFORE INSERT", "BEFORE UPDATE"):
            self._database.refuse(moment, "item_events", "NEW.kind = 'refused'")
            self._database.break_down(moment, "item_events", "NEW.kind = 'broken'")
        self._database.refuse_commit("item_events", "NEW.kind = 'lost'")
