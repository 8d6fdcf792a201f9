"""In server and child: what SQLModel keeps for the whole process, where anyone has imported it.

It is imported only when it is needed: its import takes longer than many a check.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def sqlmodel() -> Any:
    """The library."""
    return importlib.import_module("sqlmodel")


def warm_up() -> None:
    """Import SQLModel, and make a table model once, in small: what that needs on first use is then there."""
    model = sqlmodel().SQLModel
    fields = {"id": sqlmodel().Field(default=None, primary_key=True), "__annotations__": {"id": int | None}}
    type(model)("WarmUp", (model,), {"__module__": __name__, **fields}, table=True)
    forget_models()


def forget_models() -> None:
    """Forget every model: SQLModel has one registry and one metadata for the whole process."""
    if "sqlmodel" not in sys.modules:
        return
    registry = sqlmodel().main.default_registry
    registry.dispose(cascade=True)
    registry.metadata.clear()
    # A class that could not be mapped would make the name of the next one ambiguous.
    registry._class_registry.clear()
    sqlmodel().SQLModel.metadata = registry.metadata


@contextmanager
def one_more_field() -> Iterator[None]:
    """Give the model ``Item`` one more field and column when it is made, as a later version of the app would.

    A column that is added afterwards would be none of Pydantic's fields, and so would never be shown.
    """
    metaclass: Any = type(sqlmodel().SQLModel)
    original = metaclass.__new__
    annotations_of = importlib.import_module("sqlmodel._compat").get_annotations

    def make(cls: Any, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        config = namespace.get("model_config") or {}
        if name == "Item" and (options.get("table") or config.get("table")):
            note = sqlmodel().Field(default="secret", max_length=20, sa_column_kwargs={"server_default": "secret"})
            annotations = {**annotations_of(namespace), "internal_note": str}
            namespace = {**namespace, "internal_note": note, "__annotations__": annotations}
        return original(cls, name, bases, namespace, **options)

    metaclass.__new__ = staticmethod(make)
    try:
        yield
    finally:
        metaclass.__new__ = staticmethod(original)
