"""In the child: what worked before a chapter began: the start, the endpoints below ``/items/``, no other paths."""

from __future__ import annotations

from typing import Any

from grader.lab.client import Client
from grader.lab.database import Database
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.items import Items
from grader.lab.models import Models
from grader.lab.place import Place
from grader.lab.story import Story
from grader.lab.topics.events import Events
from grader.lab.topics.owners import Owners
from grader.outcomes import Regression, ToDo, as_before

_LAMP = {"name": "lamp", "description": "warm light"}
# What answers show in a chapter in spite of a rule of its own.
_TOLD_ELSEWHERE = {"09_relationships": ("owner", "owner_id")}


class Rest:
    """What a check asks of everything that is none of its chapter's tasks."""

    def __init__(
        self,
        place: Place,
        focus: Focus,
        story: Story,
        expect: Expect,
        database: Database,
        models: Models,
        items: Items,
        events: Events,
        owners: Owners,
        client: Client,
    ) -> None:
        self._place = place
        self._focus = focus
        self._story = story
        self._expect = expect
        self._database = database
        self._models = models
        self._items = items
        self._events = events
        self._owners = owners
        self._client = client

    def expect_start(self, *tables: str) -> None:
        """End the check as failed unless the app makes these tables when it starts, and keeps what is in them."""
        self._models.metadata()  # where there are no models yet, nothing can be made of them
        self._client.app()
        for table in self._database.tables():  # importing the app is not starting it
            self._database.drop_table(table)
        with as_before():
            self._story.begin("started the app on an empty database")
            self._focus.on_name("main.lifespan")
            self._client.start()
            found = self._database.tables()
            saw = f"tables after the start: {', '.join(found) or 'none'}"
            self._expect({*tables} <= {*found}, saw=saw, wanted=_called(tables))
            item_id = self._items.add(**_LAMP)
            self._story.did("stored an item, and started the app again")
            self._client.stop()
            self._client.start()
            self._expect.equal(self._items.row(item_id), {"id": item_id, **_LAMP}, "the item:")

    def expect_items_to_work(self) -> None:
        """End the check as failed unless the endpoints below ``/items/`` do what chapter 06 asked for."""
        with as_before():
            stored = self._answer("POST", "/items/", 201, json=_LAMP)
            row = self._items.rows()[-1]
            self._expect.equal(row, {"id": row["id"], **_LAMP}, "the row:")
            self._expect.equal(stored, row, null="null")
            path = f"/items/{row['id']}"
            self._expect.equal(self._answer("GET", path, 200), row, null="null")
            self._answer("POST", "/items/", 422, json={"name": " "})
            changed = {"id": row["id"], "name": "lamp", "description": None}
            self._expect.equal(self._answer("PATCH", path, 200, json={"description": None}), changed, null="null")
            self._expect.equal(self._items.rows()[-1], changed, "the row:")
            self._expect.equal(
                self._answer("GET", "/items/?offset=1&limit=1", 200), self._items.rows()[1:2], null="null"
            )
            bare = self._answer("POST", "/items/", 201, json={"name": "chair"})
            row = self._items.rows()[-1]
            self._expect.equal(row, {"id": row["id"], "name": "chair", "description": None}, "the row:")
            self._expect.equal(bare, row, null="null")
            for method in ("GET", "DELETE"):
                self._answer(method, f"/items/{row['id'] + 1}", 404)

    def expect_delete_to_take_events(self) -> None:
        """End the check as failed unless an item can be deleted that has events, which go with it."""
        goes, stays = self._items.add(name="chair"), self._items.add(name="table")
        for item_id in (goes, stays, goes):
            self._events.add(item_id, "viewed")
        with as_before():
            self._expect_deleted(goes)
            self._expect.equal(self._events.rows(), [(stays, "viewed")], "events in the database:")

    def expect_delete_to_leave_owners(self) -> None:
        """End the check as failed unless an item can be deleted that has an owner, who stays."""
        owner = self._owners.add("Ada")
        goes, stays = (self._items.add(name=name, owner_id=owner) for name in ("chair", "table"))
        with as_before():
            self._story.begin(f"stored the items {goes} and {stays}, both Ada's")
            self._expect_deleted(goes)
            left = self._owners.rows()[-1]
            gone = f"the owner is gone, too: item {stays}, which is still there, has none any more"
            self._expect(left["owner"] is not None, saw=gone, wanted="only the item is deleted")
            self._expect.equal(left["owner"], {"id": owner, "name": "Ada"}, f"owner of item {stays}, in the database:")

    def expect_nothing_in_the_way(self, method: str, path: str) -> None:
        """End the check as failed unless paths that do not exist answer 404.

        As long as the app has no route for one of the chapter's requests, what stands in for it is still to do. Who
        took only that away is told so here while no other check can: what the request should do is still to do, too.

        Args:
            method: of such a request.
            path: of such a request.
        """
        for unknown in (("GET", "/no-such-path"), ("POST", "/no/such/path")):
            try:
                answer = self._client.only_request(*unknown)
            except ToDo as to_do:
                if not self._client.has_route(method, path):
                    raise
                raise Regression(f"501 {to_do.saw}", "404: the stand-in is no longer needed") from None
            with as_before():
                self._expect.status(answer, 404)
        if self._place.stubs and not self._client.has_route(method, path):
            answer = self._client.only_request(method, path, json=None if method == "GET" else {})
            self._expect(not answer.unrouted, saw=str(answer), wanted=f"a route for {method} {path}")

    def _expect_deleted(self, item_id: int) -> None:
        others = [row for row in self._items.rows() if row["id"] != item_id]
        self._expect.status(self._client.request("DELETE", f"/items/{item_id}"), 204)
        self._expect.equal(self._items.rows(), others, "items in the database:")

    def _answer(self, method: str, path: str, status: int, **options: Any) -> Any:
        """What is shown in the answer to a request, which has to have this status code."""
        answer = self._client.only_request(method, path, **options)
        self._expect.status(answer, status)
        hidden = _TOLD_ELSEWHERE.get(self._place.chapter, ())
        found = answer.json
        for item in found if isinstance(found, list) else [found]:
            for name in hidden:
                if isinstance(item, dict):
                    item.pop(name, None)
        return found


def _called(tables: tuple[str, ...]) -> str:
    return f"a table called {tables[0]}" if len(tables) == 1 else f"the tables {' and '.join(tables)}"
