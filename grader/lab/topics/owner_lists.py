"""In the child: what the learner's ``list_items_with_owner`` gives."""

from __future__ import annotations

from typing import Any

from grader.lab.code import Code
from grader.lab.expect import Expect
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.place import Place
from grader.lab.sessions import Sessions
from grader.lab.topics.loading import not_loaded, refusal
from grader.lab.topics.owner_answers import OwnerAnswers, id_and_owner
from grader.lab.topics.schemas import Schemas
from grader.outcomes import ToDo, Waits, Wrong


class OwnerLists:
    """What a check asks of it."""

    def __init__(
        self,
        place: Place,
        code: Code,
        focus: Focus,
        seen: Seen,
        expect: Expect,
        sessions: Sessions,
        schemas: Schemas,
        owner_answers: OwnerAnswers,
    ) -> None:
        self._place = place
        self._code = code
        self._focus = focus
        self._seen = seen
        self._expect = expect
        self._sessions = sessions
        self._schemas = schemas
        self._owner_answers = owner_answers

    def statements(self, count: int) -> list[tuple[str, int, str]]:
        """How many statements so many items take, 0 for a whole page: for what, how many, and where in the code."""
        found = []
        for what, statements_of in (
            ("list_items_with_owner, with the owners read", self._statements_of_list),
            ("GET /items-with-owner/", self._owner_answers.statements),
        ):
            statements = statements_of(count)
            found.append((what, statements, self._focus.at))
        return found

    def listed_and_closed(self) -> list[Any]:
        """The first page, after its session was closed."""
        session = self._sessions.new()
        items = self._listed_anyhow(session)
        with self._code.running("a session that can be closed"):
            session.close()
        return items

    def expect_accepted(self, items: list[Any]) -> None:
        """End the check as failed if there are no objects, ``ItemWithOwner`` refuses one, or reading them takes more
        statements.

        Raises:
            ToDo: the schema does not read an owner yet, so that nobody can tell.
            Waits: so it is, and the answer is broken as well.
        """
        before, told = self._seen.statements(), len(self._seen.moments)
        if not items and self._owner_answers.are_broken():
            raise Waits("no items", "owner_is_in_the_answer")
        self._expect(bool(items), saw="no items", wanted="the items that were stored")
        schema = self._schema()
        for stub in self._place.stubs:
            if stub.name == "ItemWithOwner" and "owner" not in schema.model_fields:
                raise ToDo(f"{stub.task} {stub.words}")
        for item in items:
            try:
                schema.model_validate(item)
            except Exception as error:
                if not not_loaded(error) and self._owner_answers.are_broken():
                    raise Waits(refusal(error), "owner_is_in_the_answer") from None
                saw = refusal(error, item)
                raise Wrong(saw, "ItemWithOwner.model_validate(item) works for each item") from None
        sent = self._seen.statements() - before
        read = dict.fromkeys(moment.what.split()[-1] for moment in self._seen.moments[told:] if moment.sql)
        more = "1 more statement was" if sent == 1 else f"{sent} more statements were"
        saw = f"after the session was closed, {more} sent to read the {' and '.join(read) or 'items'}"
        self._expect(not sent, saw=saw, wanted="everything is loaded")

    def page(self, **page: int) -> list[tuple[Any, Any]]:
        """The ids that ``list_items_with_owner`` gives, in its order, and that of each item's owner."""
        session = self._sessions.new()
        items = self._shown_and_closed(session, self._listed(session, **page))
        return [id_and_owner(item.model_dump()) for item in items]

    def _statements_of_list(self, count: int) -> int:
        before = self._seen.statements()
        session = self._sessions.new()
        shown = self._shown_and_closed(session, self._listed_anyhow(session))
        if count and len(shown) != count:
            raise Waits(f"{len(shown)} items instead of {count}", "list_pages")
        return self._seen.statements() - before

    def _listed(self, session: Any, **page: int) -> list[Any]:
        """What the learner's ``list_items_with_owner`` gives.

        Raises:
            Wrong: it raised.
            Waits: it raised, and the answer is broken as well.
        """
        try:
            found = self._code.call("crud.list_items_with_owner", session, **page)
            with self._code.running("an iterable of items"):
                return list(found)
        except Exception as verdict:
            if getattr(verdict, "outcome", "") == "failed" and self._owner_answers.are_broken():
                raise Waits(str(verdict), "owner_is_in_the_answer") from None
            raise

    def _listed_anyhow(self, session: Any) -> list[Any]:
        """The same for the first page; where the function has no defaults, which is one rule's business, with both."""
        defaults = self._code.takes("crud.list_items_with_owner", session)
        return self._listed(session, **({} if defaults else {"offset": 0, "limit": 100}))

    def _shown(self, items: list[Any]) -> list[Any]:
        """What ``ItemWithOwner`` makes of each of the objects.

        Raises:
            Waits: it refuses one; another rule tells that.
        """
        schema = self._schema()
        try:
            return [schema.model_validate(item) for item in items]
        except Exception as error:
            raise Waits(refusal(error), "loaded_before_the_session_closes") from None

    def _shown_and_closed(self, session: Any, items: list[Any]) -> list[Any]:
        """The same as `_shown`; then the session is closed, as in SQLite it may keep the next request out."""
        shown = self._shown(items)
        with self._code.running("a session that can be closed"):
            session.close()
        return shown

    def _schema(self) -> Any:
        focus = self._focus.at
        schema = self._schemas.schema("ItemWithOwner")
        self._focus.at = focus
        return schema
