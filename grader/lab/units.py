"""For chapter 07: writes that belong together, a database that refuses some, and who ends their transaction."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from grader.lab.verdicts import ToDo
from grader.lab.words import show

if TYPE_CHECKING:
    from grader.lab.lab import Answer, Lab

ONE, BATCH = "/items-uow", "/items-uow/batch"
# The names of items that cannot be saved, and what the database has against them.
FAILURES = {
    "item refused": "made the database refuse the item 'item refused'",
    "event refused": "made the database refuse the event of 'event refused'",
    "event broken": "made the database fail with an OperationalError at the event of 'event broken'",
    "commit refused": "made the database refuse the COMMIT after 'commit refused'",
}
# Items with these names are sent with a description, all others without one.
_DESCRIBED = ("lamp", "chair")


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
    """What a check of chapter 07 arranges and asks."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._handover: Handover | None = None

    # -- the database ---------------------------------------------------------------------------

    def make_writes_fail(self) -> None:
        """Let the database refuse what belongs to the items whose names are in `FAILURES`."""
        database = self._lab.database
        name = "(SELECT name FROM items WHERE id = NEW.item_id)"
        database.refuse("BEFORE INSERT", "items", "NEW.name = 'item refused'")
        database.refuse("BEFORE INSERT", "item_events", f"{name} = 'event refused'")
        database.break_down("BEFORE INSERT", "item_events", f"{name} = 'event broken'")
        database.refuse_commit("items", "NEW.name = 'commit refused'")

    def saved(self) -> dict[str, list[Any]]:
        """What is in the database: names of items, and of each event its kind and the name of its item."""
        rows = self._lab.database.rows(
            "SELECT kind, name FROM item_events LEFT JOIN items ON items.id = item_id ORDER BY item_events.id"
        )
        events = sorted(f"{row['kind']}: {row['name']}" for row in rows)
        return {"items": sorted(row["name"] for row in self._lab.items()), "events": events}

    def expect_saved(self, *names: str) -> None:
        """End the check as failed unless these items, each with an event of kind created, are what is saved."""
        wanted = {"items": sorted(names), "events": sorted(f"created: {name}" for name in names)}
        self._lab.expect_equal(self.saved(), wanted, "saved:")

    def expect_not_committed(self, function: str, before: dict[str, list[Any]]) -> None:
        """End the check as failed if a COMMIT was sent by now, or more is saved than there was before."""
        saved = self.saved()
        more = [each for what in saved for each in (Counter(saved[what]) - Counter(before[what])).elements()]
        self._lab.expect(
            not self._lab.seen.commits_of_writes() and saved == before,
            saw=f"{function} committed: {more or 'nothing'} is saved",
            wanted="no COMMIT, nothing saved yet",
        )

    def flush(self, session: Session) -> None:
        """Send what the session holds to the database: the functions under test need not do it."""
        with self._lab.learner_code("a session that can be flushed"):
            session.flush()

    def end(self, session: Session, how: str) -> None:
        """End the caller's transaction with ``commit`` or ``rollback``."""
        self._lab.did(f"db.{how}()")
        with self._lab.learner_code(f"a session that can {how}"):
            getattr(session, how)()
            session.close()

    # -- requests -------------------------------------------------------------------------------

    def take_name(self, name: str) -> int:
        """Store an item of this name: names may repeat. Its id."""
        item_id = self._lab.add_item(name=name)
        self._lab.arranged(f"stored another item {name!r}")
        return item_id

    def post_batch(self, *names: str) -> Told | None:
        """Send a batch of items with these names; None where that is still to do, or fails, or does not save them.

        Whether it does is the business of `batch_is_all_or_nothing`.
        """
        before = len(self._lab.items())
        try:
            told = self.post(BATCH, *names)
        except ToDo:
            return None
        saved = len(self._lab.items()) - before == len(names)
        return told if told.status < 400 and saved else None

    def good_paths(self) -> Iterator[tuple[str, dict[str, list[Any]]]]:
        """The path of each endpoint that is no longer to do, and what is saved after it took two good items."""
        yield ONE, self.post_good(ONE)
        try:
            saved = self.post_good(BATCH)
        except ToDo:
            return
        yield BATCH, saved

    def post(self, path: str, *names: str) -> Told:
        """Send an item, or a batch of items, with these names."""
        bodies = [body(name) for name in names]
        for session in self._lab.seen.sessions:  # what an earlier request left open would lock this one out
            with suppress(Exception):
                session.close()
        self._lab.seen.moments.clear()
        self._lab.tell_from_here(*(FAILURES[name] for name in names if name in FAILURES))
        if self._handover is not None:
            self._handover.begin()
        answer = self._lab.request("POST", path, json=bodies if path == BATCH else bodies[0])
        sent = [moment.what for moment in self._lab.seen.moments if moment.what.startswith("ANSWER")]
        return Told(int(sent[-1].split()[1]) if sent else answer.status, answer)

    def post_good(self, path: str) -> dict[str, list[Any]]:
        """Send two items that cannot fail, so that the failures after it say something; what is saved then.

        Raises:
            Waits: they failed, or they are not saved with their events.
        """
        wanted = self.saved()
        requests = [("first", "second")] if path == BATCH else [("first",), ("second",)]
        told = [self.post(path, *names) for names in requests]
        for name in ("first", "second"):
            wanted["items"].append(name)
            wanted["events"].append(f"created: {name}")
        saved = self.saved()
        if max(each.status for each in told) >= 400:
            raise self._lab.waits(str(told[-1]), "batch_is_all_or_nothing" if path == BATCH else "create_answers_201")
        if saved != {key: sorted(value) for key, value in wanted.items()}:
            rule = "batch_is_all_or_nothing" if path == BATCH else "item_and_event_are_saved_together"
            raise self._lab.waits(f"saved: {saved}", rule)
        return saved

    def expect_unchanged(self, before: dict[str, list[Any]]) -> None:
        """End the check as failed unless exactly this is saved, and nothing of the last request."""
        saved = self.saved()
        more = {what: list((Counter(saved[what]) - Counter(before[what])).elements()) for what in saved}
        told = "; ".join(f"{what} {names}" for what, names in more.items() if names)
        self._lab.expect(not told, saw=f"saved all the same: {told}", wanted="nothing of this request is saved")
        self._lab.expect_equal(saved, before, "saved:")

    def fail(self, path: str, name: str) -> Told:
        """Send what the database refuses; in a batch it comes last."""
        return self.post(path, *(["chair", name] if path == BATCH else [name]))

    def expect_item(self, shown: Any, name: str, other_than: int = 0) -> None:
        """End the check as failed unless this item is shown, with its id and nothing else.

        Whether it is saved is another rule's business.
        """
        self._lab.expect_equal(without_id(shown), body(name) | {"id": "a number"}, "the answer:")
        new = [row["id"] for row in self._lab.items() if row["id"] != other_than]
        its_own = shown["id"] in new if new else shown["id"] != other_than
        saw = f"the answer: {show(shown)}, which is not the id of a new item"
        self._lab.expect(its_own, saw=saw, wanted="a new item, and its id in the answer")

    def expect_items(self, shown: Any, *names: str) -> None:
        """End the check as failed unless these items, the newest, are shown, each with its id and nothing else."""
        found = [without_id(each) for each in shown] if isinstance(shown, list) else shown
        wanted = [body(name) | {"id": "a number"} for name in names]
        self._lab.expect_equal(sorted_by("name", found), sorted_by("name", wanted), "the answer:")
        newest = [row["id"] for row in self._lab.items()][-len(names) :]
        self._lab.expect_equal(sorted(each["id"] for each in shown), newest, "ids in the answer:")

    def expect_stored(self, shown: Any, rows: list[dict[str, Any]]) -> None:
        """End the check as failed unless what is shown, in whatever order, are these rows."""
        self._lab.expect_shows(sorted_by("id", shown), rows)

    @contextmanager
    def handovers(self) -> Iterator[Handover]:
        """Watch how the transactions of sessions end while the block runs."""
        self._handover = Handover(self._lab)
        self._handover.start()
        try:
            yield self._handover
        finally:
            self._handover.stop()


def body(name: str) -> dict[str, Any]:
    """What is sent to create the item with this name."""
    return {"name": name, "description": "warm light"} if name in _DESCRIBED else {"name": name}


def without_id(shown: Any) -> Any:
    """An item as it is shown, with words in the place of its id if that is a number."""
    known = isinstance(shown, dict) and isinstance(shown.get("id"), int)
    return shown | {"id": "a number"} if known else shown


def sorted_by(key: str, shown: Any) -> Any:
    """A list of objects ordered by one of their values; anything else as it is."""
    try:
        return sorted(shown, key=lambda each: each[key])
    except (TypeError, KeyError):
        return shown


@dataclass
class Ending:
    """The end of a session's transaction.

    Attributes:
        session: the session.
        how: ``COMMIT``, ``ROLLBACK``, or ``close`` where it was ended by neither.
        phase: ``before``, ``inside`` or ``after`` the endpoint's work.
        wrote: whether something was written in it, or was to be.
    """

    session: Session
    how: str
    phase: str
    wrote: bool


class Handover:
    """Watches in which state the endpoint hands its session back.

    A session that was opened for the endpoint is closed after it, and closing ends a transaction that was left
    open. That is not what this asks. Whoever commits has to roll back too: the endpoint before it is done, or a
    dependency that commits in the endpoint's place, after it.

    Source: SQLAlchemy, "ORM Events" (``after_begin``, ``after_transaction_end``, ...).
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.phase = "before"
        self._endings: list[Ending] = []
        self._committed: list[Session] = []
        self._connections: dict[int, int] = {}
        self._endpoint_commits = True
        self._routing: Any = importlib.import_module("fastapi.routing")
        self._run_endpoint = self._routing.run_endpoint_function
        self._listeners: dict[str, Callable[..., Any]] = {
            "after_begin": self._on_begin,
            "after_commit": self._on_commit,
            "after_transaction_end": self._on_end,
            "after_soft_rollback": self._on_rollback,
        }

    def start(self) -> None:
        """Begin to watch."""

        async def run_endpoint(**arguments: Any) -> Any:
            self.phase = "inside"
            try:
                return await self._run_endpoint(**arguments)
            finally:
                self.phase = "after"

        self._routing.run_endpoint_function = run_endpoint
        for name, listener in self._listeners.items():
            event.listen(Session, name, listener)

    def stop(self) -> None:
        """Watch no longer."""
        self._routing.run_endpoint_function = self._run_endpoint
        for name, listener in self._listeners.items():
            event.remove(Session, name, listener)

    def begin(self) -> None:
        """Watch a new request: how the transactions of those before it ended is no longer asked."""
        self.phase = "before"
        self._endings.clear()

    def learn(self) -> None:
        """Take from what has just succeeded who commits: the endpoint, or a dependency after it."""
        commits = {ending.phase for ending in self._endings if ending.how == "COMMIT"}
        self._endpoint_commits = commits != {"after"}

    def expect_done(self, told: Told) -> None:
        """End the check as failed if, after an error, the endpoint handed its session back in a transaction."""
        left = [each for each in self._endings if each.how == "close" and each.wrote and each.phase != "inside"]
        self._lab.expect(
            not (told.status >= 400 and left and self._endpoint_commits),
            saw="the endpoint was done, and its session still in a transaction: only close() ended that",
            wanted="a rollback() before the endpoint lets the error go on",
        )
        self._lab.expect_all_closed()

    def _wrote(self, session: Session) -> bool:
        """Whether a statement that writes was sent since the session's connection began its transaction."""
        connection = self._connections.pop(id(session), 0)
        for moment in reversed(self._lab.seen.moments):
            if moment.connection == connection:
                if moment.writes_to():
                    return True
                if moment.what == "BEGIN":
                    break
        return False

    def _on_begin(self, session: Session, _transaction: Any, connection: Connection) -> None:
        self._connections[id(session)] = id(connection.connection.dbapi_connection)

    def _on_commit(self, session: Session) -> None:
        if not session.in_nested_transaction():
            self._committed.append(session)

    def _on_end(self, session: Session, transaction: Any) -> None:
        if transaction.parent is None:
            how = "COMMIT" if session in self._committed else "close"
            self._committed = [each for each in self._committed if each is not session]
            self._endings.append(Ending(session, how, self.phase, self._wrote(session)))

    def _on_rollback(self, session: Session, transaction: Any) -> None:
        # It comes after the end of the transaction that was rolled back; close() alone never gets here.
        for ending in reversed(self._endings):
            if transaction.parent is None and ending.session is session:
                ending.how = "ROLLBACK"
                return
