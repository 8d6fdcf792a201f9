"""In the child: the endpoints below ``/items/``, and what their answers show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from grader.lab.answer import Answer
from grader.lab.client import Client
from grader.lab.expect import Expect
from grader.lab.items import Items
from grader.lab.observer import Seen
from grader.lab.place import Place
from grader.lab.story import Story
from grader.lab.topics.crud import Crud
from grader.lab.topics.integers import of_32_bits
from grader.lab.words import with_null
from grader.outcomes import ToDo, Verdict, Waits

_FIELDS = ("id", "name", "description")
_LAMP = {"name": "lamp", "description": "warm light"}


class Api:
    """What a check asks of the endpoints below ``/items/``."""

    def __init__(
        self, place: Place, story: Story, seen: Seen, expect: Expect, items: Items, client: Client, crud: Crud
    ) -> None:
        self._place = place
        self._story = story
        self._seen = seen
        self._expect = expect
        self._items = items
        self._client = client
        self._crud = crud
        self._answered_with: list[dict[str, Any]] | None = None

    def expect_to_work(self, method: str, path: str, rule: str, **options: Any) -> Answer:
        """End the check as waiting for another rule, unless a plain request that has to work does.

        Without this a 404 for what is not there would say nothing: perhaps everything is answered with 404.
        """
        answer = self._client.only_request(method, path, **options)
        if answer.status >= 300:
            raise Waits(str(answer), rule, answer.error)
        return answer

    def works(self, method: str, path: str, **options: Any) -> bool:
        """Whether a plain request does; not where it is still to do. The story does not tell of it."""
        story = list(self._story.lines)
        try:
            return self._client.request(method, path, **options).status < 300
        except ToDo:
            return False
        finally:
            self._story.lines[:] = story

    def made_here(self, **sent: Any) -> int:
        """Store an item with a POST to the app, and tell nothing of it; its id.

        Where that does not store one, which is the matter of another rule, the grader does.
        """
        before = self._items.ids()
        with self._story.untold(), suppress(Verdict):
            self._client.request("POST", "/items/", json=sent)
        return self._items.take_new(before) or self._items.add(**sent)

    def expect_patch_to_work(self) -> None:
        """End the check as waiting for `patch_keeps_omitted_fields`, unless a plain PATCH changes a row."""
        rule, sent = "patch_keeps_omitted_fields", {"name": "torch", "description": "cold light"}
        self._items.add(name="chair")  # so that the item is not the first
        item_id = self._items.add(**_LAMP)
        self.expect_to_work("PATCH", f"/items/{item_id}", rule, json=sent)
        if self._items.row(item_id) != {"id": item_id, **sent}:
            raise Waits("PATCH changed nothing", rule)

    def patches_description_alone(self) -> bool:
        """Whether PATCH changes a description that is sent alone; that it should is another rule's business."""
        item_id, sent = self._items.add(**_LAMP), {"description": "cold light"}
        self._client.request("PATCH", f"/items/{item_id}", json=sent)
        return self._items.row(item_id) == {"id": item_id, **_LAMP, **sent}

    def expect_stored(self, sent: dict[str, Any]) -> None:
        """End the check as failed unless the newest row is what was sent, or what a trigger made of it.

        In chapter 08 what ``create_item`` itself makes of it is the business of `create_persists`.
        """
        description = "changed by the database" if sent.get("description") else sent.get("description")
        wanted = {"name": sent["name"], "description": description}
        told_elsewhere = self._place.chapter == "08_sqlmodel"
        if (
            _described(self._items.rows()[-1]) != wanted
            and told_elsewhere
            and _described(self._crud.made_from(sent)) != wanted
        ):
            return
        self._expect.equal(_described(self._items.rows()[-1]), wanted, "the row is")

    def expect_patched(self, before: Mapping[str, Any], sent: dict[str, Any], **more: Any) -> Answer:
        """End the check as failed unless PATCH turns `before` into the same with what was sent, and nothing else.

        Args:
            before: an item, which is stored first.
            sent: the body.
            more: other columns of its row.
        """
        if self._place.chapter == "08_sqlmodel":
            self._crud.wait_for_texts("ItemUpdate")
        item_id = self._items.add(**before, **more)
        self._story.begin(f"stored {with_null(dict(before), 'NULL')}")
        answer = self._client.request("PATCH", f"/items/{item_id}", json=sent)
        if answer.status >= 300:
            self._expect.status(answer, 200)
        self._expect.equal(self._items.row(item_id), {"id": item_id, **before, **sent}, "the row is")
        return answer

    def expect_patch_shows_the_row(self, before: Mapping[str, Any], sent: dict[str, Any]) -> None:
        """End the check as failed unless PATCH answers with the row, of which from now on a trigger changes more."""
        item_id = self._items.add(**before)
        self._items.described_by_the_database("UPDATE")
        answer = self._client.only_request("PATCH", f"/items/{item_id}", json=sent)
        self._expect.status(answer, 200)
        self._expect.equal(self.shown(answer.json), self._items.row(item_id), "the answer is")

    def expect_patched_between_reads(self, before: Mapping[str, Any], sent: dict[str, Any]) -> None:
        """End the check as failed unless an item that a client has read can be changed, and is read anew after that.

        How one item is read is the matter of another rule.
        """
        item_id = self.made_here(**before)
        path, row = f"/items/{item_id}", self._items.row(item_id)
        works = self.works("GET", path)
        self._story.begin(f"stored {with_null(dict(before), 'NULL')}")
        if not works or self.shown(self._client.request("GET", path).json) != row:
            return
        answer = self._client.request("PATCH", path, json=sent)
        self._expect.status(answer, 200)
        self._expect.equal(self._items.row(item_id), {"id": item_id, **before, **sent}, "the row is")
        answer = self._client.request("GET", path)
        self._expect.equal(self.shown(answer.json), self._items.row(item_id), "the answer is", null="null")

    def is_deleted_after_a_read(self, item_id: int) -> bool:
        """Whether the app deletes an item that a client has read; that it should is the matter of other rules."""
        path = f"/items/{item_id}"
        deleted = self.works("GET", path) and self.works("DELETE", path) and self._items.row(item_id) is None
        self._story.begin(f"read item {item_id} and deleted it")
        return deleted

    def expect_no_crash(
        self, method: str, unknown: int, beyond: tuple[int | str, ...], **options: Any
    ) -> Answer | None:
        """End the check as failed if ids that cannot exist are not answered as they should be, or change a row.

        Args:
            method: ``GET``, ``PATCH`` or ``DELETE``.
            unknown: an id that could exist and does not; how that is answered is another rule's business.
            beyond: ids that are too large, or too small, or no number.
            options: as for the request.

        Returns:
            What every id is answered with, where that says nothing about these; None where it does.
        """
        plain = self._client.request(method, f"/items/{unknown}", **options)
        told = plain.status == 404 and not plain.unrouted
        rows = self._items.rows()
        for item_id in beyond:
            self._let_go_of_leaks()
            with of_32_bits():
                answer = self._client.only_request(method, f"/items/{item_id}", **options)
            if not _alike(answer, plain):
                self._expect.status(answer, 404, 422)
                told = True
            self._expect.equal(self._items.rows(), rows, "rows in the database:")
        return None if told else plain

    def expect_page(self, query: str, rows: list[dict[str, Any]], what: str = "") -> None:
        """End the check as failed unless this page of the list shows these rows."""
        answer = self._client.only_request("GET", f"/items/{query}")
        self._expect.status(answer, 200)
        self._expect.equal(self.shown(answer.json), rows, what, null="null")

    def look_at_answers(self) -> None:
        """Look what is saved whenever an answer is sent from now on."""

        def look() -> None:
            self._answered_with = self._items.rows_at_once()

        self._seen.look = look

    def expect_saved_first(self) -> None:
        """End the check as failed if the answer to the last write was sent before its COMMIT."""
        saved = self._seen.commits_of_writes(until="ANSWER 2") > 0
        late = self._answered_with is not None and self._answered_with != self._items.rows()
        saw, wanted = "the answer was sent before the COMMIT of this change", "first the COMMIT, then the answer"
        self._expect(saved and not late, saw=saw, wanted=wanted)

    def expect_refused(self, method: str, path: str, body: object) -> None:
        """End the check as failed unless a bad body is answered with 422; text is sent as it is."""
        self._let_go_of_leaks()
        if isinstance(body, str):
            answer = self._client.only_request(method, path, content=body, headers={"content-type": "application/json"})
        else:
            answer = self._client.only_request(method, path, json=body)
        self._expect.status(answer, 422)

    def expect_no_body_refused(self, create: tuple[str, str], change: tuple[str, str] | None) -> None:
        """End the check as failed unless ``null`` and an empty body create nothing; as a change they may mean none."""
        for body in ("null", ""):
            self.expect_refused(*create, body)
            if change is not None:
                json_type = {"content-type": "application/json"}
                self._expect.status(self._client.only_request(*change, content=body, headers=json_type), 422, 200)

    def expect_accepted(self, method: str, path: str, body: dict[str, Any], rule: str, *also: int) -> None:
        """End the check as failed if a good body is refused; as waiting for a rule if the request does not work at all.

        Args:
            method: ``POST`` or ``PATCH``.
            path: of the request.
            body: the good body.
            rule: the rule that says how the request works.
            also: status codes other than those of success that are right too.
        """
        answer = self._client.only_request(method, path, json=body)
        if answer.status < 300 or answer.status in also:
            return
        with self._story.untold():
            works = answer.status in (400, 422) and self._client.request(method, path, json=_LAMP).status < 300
        if not works:
            raise Waits(str(answer), rule, answer.error)
        self._expect(False, saw=str(answer), wanted="accepted")

    def is_left_to_the_schema(self, answer: Answer, body: Mapping[str, Any]) -> bool:
        """Whether an empty description is refused where the schemas are the learner's: `input_is_validated` says so.

        Raises:
            Waits: their schema makes something else of a text, which that rule says too.
        """
        if self._place.chapter == "08_sqlmodel":
            self._crud.wait_for_texts("ItemCreate")
        return self._place.chapter == "08_sqlmodel" and answer.status == 422 and body.get("description") == ""

    def expect_id_not_taken(self, method: str, path: str, rule: str) -> None:
        """End the check as failed if the client can choose an id; arguments as for `expect_accepted`.

        That ``POST`` takes one is in chapter 08 the business of `create_ignores_a_client_id`.
        """
        chosen = 4711 if method == "POST" else 4712
        self.expect_accepted(method, path, {"id": chosen, "name": "table", "description": None}, rule, 422)
        told_elsewhere = method == "POST" and self._place.chapter == "08_sqlmodel"
        taken = not told_elsewhere and self._items.row(chosen) is not None
        self._expect(not taken, saw="the client chose the id", wanted="an id that the database assigns")

    def expect_closed_after(self, *requests: tuple[str, str, dict[str, Any]]) -> None:
        """End the check as failed if anything is still open after one of these requests.

        Raises:
            Waits: none of them has asked the database for anything.
        """
        for method, path, options in requests:
            answer = self._client.only_request(method, path, **options)
            self._expect.all_closed()
        if not any("items" in moment.sql for moment in self._seen.moments):
            raise Waits(str(answer), "create_answers_201", answer.error)

    def _let_go_of_leaks(self) -> None:
        """Close what was left open before the pool is empty: what is kept for observing would never be collected."""
        if len(self._seen.out) > 8:
            left: list[Any] = [*self._seen.sessions, *self._seen.connections]
            for each in left:
                with suppress(Exception):
                    each.close()

    def shown(self, found: Any) -> Any:
        """An item, or a list of items, without the fields that it should not have: those are one rule's business."""
        if isinstance(found, list):
            return [self.shown(each) for each in found]
        if isinstance(found, dict) and "name" in found:
            return {name: value for name, value in found.items() if name in _FIELDS}
        return found

    def expect_no_more_fields(self, *requests: tuple[str, str, dict[str, Any]]) -> None:
        """End the check as failed if an item in an answer to these requests has a field that it should not have.

        Raises:
            Waits: no answer shows an item.
        """
        shown = 0
        for method, path, options in requests:
            answer = self._client.only_request(method, path, **options)
            items = list(_items_in(answer.json))
            more = sorted({name for item in items for name in item if name not in _FIELDS})
            named = ", ".join(map(repr, more))
            self._expect(not more, saw=f"the answer also shows {named}", wanted="id, name and description")
            shown += len(items)
        if not shown:
            raise Waits(str(answer), "create_answers_201", answer.error)


def _alike(one: Answer, other: Answer) -> bool:
    """Whether two answers have the same status, and come of the same kind of exception, if any."""
    return (one.status, type(one.error)) == (other.status, type(other.error))


def _described(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its id."""
    return {name: row[name] for name in _LAMP}


def _items_in(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict) and ("name" in found or "description" in found):
        yield found
    elif isinstance(found, dict | list):
        for each in found.values() if isinstance(found, dict) else found:
            yield from _items_in(each)
