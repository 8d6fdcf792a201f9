"""In the child: objects of the learner's model ``Item``, as schemas meet them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import configure_mappers

from grader.lab.code import Code
from grader.lab.items import Items
from grader.lab.models import Models
from grader.lab.sessions import Sessions, begin_by_hand
from grader.lab.tables import Tables


class Objects:
    """Makes them."""

    def __init__(self, code: Code, models: Models, tables: Tables, items: Items, sessions: Sessions) -> None:
        self._code = code
        self._models = models
        self._tables = tables
        self._items = items
        self._sessions = sessions

    def plain(self, **values: Any) -> Any:
        """An Item of the learner's models."""
        item = self._code.need("models.Item")
        self._models.metadata()  # where there is no table yet, nothing can be made of the model
        with self._code.running("an Item"):
            configure_mappers()
            made = inspect(item).class_manager.new_instance()  # whatever its __init__ takes
            for name, value in values.items():
                setattr(made, name, value)
        return made

    def committed(self, **values: Any) -> Any:
        """An Item as it is after a commit: its values are loaded when they are read."""
        self._tables.create()
        session = self._sessions.new()
        item = self._sessions.load_item(session, self._items.add(**values))
        begin_by_hand(session)
        session.expire(item)
        return item

    def with_secrets(self, **values: Any) -> Any:
        """An Item with a column and an attribute that are nobody's business."""
        self._models.add_secret_column()
        item = self.plain(**values)
        item.internal_note = "bought for 3"
        vars(item)["shelf"] = "B 4"  # not every class lets others set it
        return item
