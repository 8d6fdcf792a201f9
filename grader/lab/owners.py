"""For chapter 09: items with their owners, and what the learner's code makes of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.lab.lab import Answer, Lab

PATH = "/items-with-owner/"
_NOT_LOADED = re.compile(r"DetachedInstanceError|is not available due to lazy=")
_FIELD = re.compile(r"attribute '(\w+)'|'\w+\.(\w+)' is not available")


class Owners:
    """What a check of chapter 09 arranges and asks."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def add(self, name: str) -> int:
        """Write a row into ``owners`` through the grader's own connection, and return its id, which no item has."""
        owner_id = 501 + len(self._lab.database.rows("SELECT id FROM owners"))
        with self._lab.database.engine.connect() as connection:
            connection.execute(self._lab.table("owners").insert().values(id=owner_id, name=name))
        return owner_id

    def add_items(self, *ids: int, owners: int = 1000) -> None:
        """Write items with these ids, each with an owner of its own as long as there are that many owners."""
        owner_of = {each: 1000 + each % owners for each in ids}
        items = [{"id": each, "name": f"item {each}", "owner_id": owner} for each, owner in owner_of.items()]
        with self._lab.database.engine.connect() as connection:
            named = [{"id": each, "name": f"owner {each}"} for each in sorted(set(owner_of.values()))]
            connection.execute(self._lab.table("owners").insert(), named)
            connection.execute(self._lab.table("items").insert(), items)

    def rows(self) -> list[dict[str, Any]]:
        """What the database holds, in the form of the answer, ordered by id."""
        found = self._lab.database.rows(
            "SELECT items.id, items.name, items.description, owners.id AS owner_id, owners.name AS owner_name "
            "FROM items LEFT JOIN owners ON owners.id = items.owner_id ORDER BY items.id"
        )
        for row in found:
            owner_id, name = row.pop("owner_id"), row.pop("owner_name")
            row["owner"] = None if owner_id is None else {"id": owner_id, "name": name}
        return found

    # -- HTTP -----------------------------------------------------------------------------------

    def get(self, query: str = "") -> list[Any]:
        """The items in the answer, in its order.

        Raises:
            Wrong: the answer is not 200 with a list.
            Waits: an owner was read that was not loaded; another rule tells that.
        """
        answer = self._lab.request("GET", PATH + query)
        if _not_loaded(answer.error):
            raise self._lab.waits(str(answer), "loaded_before_the_session_closes")
        if answer.error is not None and hasattr(answer.error, "errors"):
            where = self._lab.where_of(answer.error)
            self._lab.expect(False, saw=f"a crash: {_told(answer.error)}", wanted="200", where=where)
        self._lab.expect_status(answer, 200)
        found = answer.json
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self._lab.wrong(str(answer), "a list of items")
        return found

    def expect_all(self) -> None:
        """End the check as failed unless the answer shows every item as it is stored, in whatever order."""
        found, rows = self.get(), self.rows()
        ids = sorted((item.get("id") for item in found), key=str)
        self._lab.expect_equal(ids, [row["id"] for row in rows], "ids of the items:")
        for row in rows:
            item = next(each for each in found if each.get("id") == row["id"])
            self._lab.expect_equal(item, row)

    def ids(self, query: str = "") -> list[Any]:
        """The ids in the answer, in its order."""
        return [item.get("id") for item in self.get(query)]

    def expect_answer_was_loaded(self) -> None:
        """End the check as failed if the answer needed something that was not loaded; a route to do is none."""
        try:
            answer: Answer = self._lab.request("GET", PATH)
        except Exception:  # the route is still to do
            return
        if _not_loaded(answer.error):
            raise self._lab.wrong(_told(answer.error), "an answer whose owners were loaded")

    def statements(self, count: int) -> list[tuple[str, int, str]]:
        """How many statements this many items take: for what, how many, and where in the learner's code."""
        found = []
        for what, statements_of in (
            ("list_items_with_owner, with the owners read", self._statements_of_list),
            ("GET /items-with-owner/", self._statements_of_answer),
        ):
            statements = statements_of(count)
            found.append((what, statements, self._lab.focus))
        return found

    def _statements_of_answer(self, count: int) -> int:
        before = self._lab.seen.statements()
        self._lab.expect_equal(len(self.get()), count, "items in the answer:")
        return self._lab.seen.statements() - before

    # -- crud -----------------------------------------------------------------------------------

    def listed(self, session: Any, **page: int) -> list[Any]:
        """What the learner's ``list_items_with_owner`` gives.

        Raises:
            Wrong: it raised.
            Waits: it raised, and the answer is broken as well.
        """
        try:
            found = self._lab.call("crud.list_items_with_owner", session, **page)
            with self._lab.learner_code("an iterable of items"):
                return list(found)
        except Exception as verdict:
            if getattr(verdict, "outcome", "") == "failed" and self._answer_is_broken():
                raise self._lab.waits(str(verdict), "owner_is_in_the_answer") from None
            raise

    def listed_anyhow(self, session: Any) -> list[Any]:
        """The same for the first page; where the function has no defaults, which is one rule's business, with both."""
        defaults = self._lab.takes("crud.list_items_with_owner", session)
        return self.listed(session, **({} if defaults else {"offset": 0, "limit": 100}))

    def shown(self, items: list[Any]) -> list[Any]:
        """What ``ItemWithOwner`` makes of each of the objects.

        Raises:
            Waits: it refuses one; another rule tells that.
        """
        schema = self._schema()
        try:
            return [schema.model_validate(item) for item in items]
        except Exception as error:
            raise self._lab.waits(_told(error), "loaded_before_the_session_closes") from None

    def expect_accepted(self, items: list[Any]) -> None:
        """End the check as failed if there are no objects, or ``ItemWithOwner`` refuses one.

        Raises:
            Waits: so it is, and the answer is broken as well.
        """
        if not items and self._answer_is_broken():
            raise self._lab.waits("no items", "owner_is_in_the_answer")
        self._lab.expect(bool(items), saw="no items", wanted="the items that were stored")
        schema = self._schema()
        try:
            for item in items:
                schema.model_validate(item)
        except Exception as error:
            if not _not_loaded(error) and self._answer_is_broken():
                raise self._lab.waits(_told(error), "owner_is_in_the_answer") from None
            raise self._lab.wrong(_told(error), "ItemWithOwner.model_validate(item) works for each item") from None

    def _statements_of_list(self, count: int) -> int:
        before = self._lab.seen.statements()
        session = self._lab.session()
        shown = self._shown_and_closed(session, self.listed_anyhow(session))
        if len(shown) != count:
            raise self._lab.waits(f"{len(shown)} items instead of {count}", "list_pages")
        return self._lab.seen.statements() - before

    def listed_ids(self, **page: int) -> list[Any]:
        """The ids that ``list_items_with_owner`` gives, in its order."""
        session = self._lab.session()
        items = self._shown_and_closed(session, self.listed(session, **page))
        return [getattr(item, "id", None) for item in items]

    def _shown_and_closed(self, session: Any, items: list[Any]) -> list[Any]:
        """The same as `shown`; then the session is closed, as in SQLite it may keep the next request out."""
        shown = self.shown(items)
        with self._lab.learner_code("a session that can be closed"):
            session.close()
        return shown

    def _schema(self) -> Any:
        focus = self._lab.focus
        schema = self._lab.schemas.schema("ItemWithOwner")
        self._lab.focus = focus
        return schema

    def _answer_is_broken(self) -> bool:
        story, focus = list(self._lab.story), self._lab.focus
        try:
            answer = self._lab.request("GET", PATH)
        except Exception:  # the route is still to do
            return False
        finally:
            self._lab.story[:], self._lab.focus = story, focus
        return (answer.status != 200 or answer.json == []) and not _not_loaded(answer.error)


def _not_loaded(error: BaseException | None) -> bool:
    return error is not None and _NOT_LOADED.search(str(error) + repr(error)) is not None


def _told(error: BaseException | None) -> str:
    """Why an object was refused, in one line."""
    if _not_loaded(error):
        words = str(error) + repr(error)
        field = _FIELD.search(words)
        kind = "DetachedInstanceError" if "DetachedInstanceError" in words else "an error, because of lazy='raise'"
        named = f".{field[1] or field[2]}" if field else "an item"
        return f"reading {named} raised {kind}: its value was not loaded"
    if error is not None and hasattr(error, "errors"):
        first = error.errors()[0]
        refused = ".".join(part for part in first["loc"] if isinstance(part, str) and part != "response")
        return f"ItemWithOwner refused {refused or 'the item'}: {first['msg']}"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
