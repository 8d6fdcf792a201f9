"""In the child: where an item gets another owner than it has: from the model to the answer, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from grader.diagnosis.evidence import Step
from grader.lab.code import Code
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.sessions import Sessions
from grader.lab.story import Story
from grader.lab.topics.loading import not_loaded, refusal
from grader.lab.topics.owners import Owners
from grader.lab.words import show
from grader.outcomes import Wrong


class OwnerSteps:
    """Goes the way of every item and its owner once more, for the explanation alone.

    ``Item.owner`` comes first, then what ``list_items_with_owner`` gives, then what ``ItemWithOwner`` makes of that.
    """

    def __init__(self, code: Code, focus: Focus, story: Story, seen: Seen, sessions: Sessions, owners: Owners) -> None:
        self._code = code
        self._focus = focus
        self._story = story
        self._seen = seen
        self._sessions = sessions
        self._owners = owners

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let a failure of the block say in which step the first difference is."""
        try:
            yield
        except Wrong as verdict:
            verdict.step = self._first()
            raise

    def _first(self) -> Step | None:
        """The first step in which something is wrong; None where that cannot be told."""
        focus, endpoint, errors = self._focus.at, self._focus.endpoint, len(self._seen.errors)
        try:
            with self._story.untold():
                try:
                    rows = self._owners.rows()
                    return self._of_the_model(rows) or self._of_the_list(rows)
                finally:
                    self._sessions.close()
        except Exception:  # an explanation must never cost a verdict
            return None
        finally:
            self._focus.at, self._focus.endpoint = focus, endpoint
            del self._seen.errors[errors:]

    def _of_the_model(self, rows: list[dict[str, Any]]) -> Step | None:
        item_model = self._code.need("models.Item")
        session = self._sessions.new_begun()
        with self._code.running():
            items = {each.id: each for each in session.scalars(select(item_model))}
        for row in rows:
            try:
                owner = items[row["id"]].owner
            except Exception:  # lazy="raise"; or what the next step meets as well
                return None
            if _is_right(owner, row["owner"]) is False:
                return Step("model", f"the .owner of item {row['id']} is {_named(owner)}", row["id"])
        return None

    def _of_the_list(self, rows: list[dict[str, Any]]) -> Step | None:
        session = self._sessions.new()
        found = list(self._code.call("crud.list_items_with_owner", session, offset=0, limit=100))
        ids = [_part(each, "id") for each in found]
        known = all(type(each) is int for each in ids)
        if known and sorted(ids) != [row["id"] for row in rows]:
            return Step("list", f"list_items_with_owner gave the items {sorted(ids)}")
        by_id = {row["id"]: row for row in rows}
        for each, row in [(each, by_id[item_id]) for each, item_id in zip(found, ids, strict=True) if known]:
            owner = _part(each, "owner")
            right = _is_right(owner, row["owner"])
            if right is False:
                saw = f"list_items_with_owner gave item {row['id']} with {_named(owner)} as its owner"
                return Step("list", saw, row["id"])
            known = known and right is True
        step = self._of_the_schema(found, by_id)
        return step if known or step is None or step.name == "answer" else None

    def _of_the_schema(self, found: list[Any], rows: Mapping[int, dict[str, Any]]) -> Step | None:
        schema = self._code.need("schemas.ItemWithOwner")
        for each in found:
            try:
                shown = schema.model_validate(each).model_dump()
            except Exception as error:
                return None if not_loaded(error) else Step("schema", refusal(error, each))
            if shown != rows.get(shown.get("id")):
                item_id = shown.get("id")
                return Step("schema", f"ItemWithOwner turned it into {shown}", item_id if type(item_id) is int else 0)
        return Step("answer")


def _part(value: Any, name: str) -> Any:
    """A value of an object or of a dictionary; `_part` itself where it has none of this name."""
    try:
        return value[name] if isinstance(value, Mapping) else getattr(value, name)
    except Exception:
        return _part


def _is_right(owner: Any, wanted: dict[str, Any] | None) -> bool | None:
    """Whether an owner is the one that is wanted; None where it cannot be told."""
    if isinstance(owner, list | set):
        return False
    if owner is None or wanted is None:
        return owner is wanted if owner is not _part else None
    shown = {name: _part(owner, name) for name in wanted}
    return None if _part in shown.values() else shown == wanted


def _named(owner: Any) -> str:
    """What an owner is, in words."""
    if isinstance(owner, list | set):
        return "a list" if isinstance(owner, list) else "a set"
    shown = {name: _part(owner, name) for name in ("id", "name")}
    if _part not in shown.values():
        return f"{shown}"
    plain = type(owner) in (type(None), bool, int, float, str, dict, tuple)
    return show(owner) if plain else f"an object of {type(owner).__name__}"
