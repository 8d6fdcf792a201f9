"""In the child: why an item could not be shown with its owner."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from grader.diagnosis.reading import an
from grader.lab.words import describe

_NOT_LOADED = re.compile(r"DetachedInstanceError|is not available due to lazy=")
_FIELD = re.compile(r"attribute '(\w+)'|'\w+\.(\w+)' is not available")


def not_loaded(error: BaseException | None) -> bool:
    """Whether a value was read that was not loaded."""
    return error is not None and _NOT_LOADED.search(str(error) + repr(error)) is not None


def refusal(error: BaseException | None, item: Any = None) -> str:
    """Why an object was refused, in one line.

    Args:
        error: what was raised.
        item: the object, where it is known.
    """
    if not_loaded(error):
        words = str(error) + repr(error)
        field = _FIELD.search(words)
        kind = "DetachedInstanceError: its value was not loaded"
        if "DetachedInstanceError" not in words:
            kind = "an error: its value was not loaded, and lazy='raise' does not let it be loaded later"
        of_owner = "owner." if "<Owner at" in words else ""
        named = f".{of_owner}{field[1] or field[2]}" if field else "an item"
        return f"reading {named} raised {kind}"
    if error is not None and hasattr(error, "errors"):
        first = error.errors()[0]
        refused = ".".join(part for part in first["loc"] if isinstance(part, str) and part != "response")
        if first["loc"] == ("response",) and isinstance(first.get("input"), list):
            return "ItemWithOwner was given the whole list"
        if first["loc"][:1] == ("response",) and hasattr(error, "body") and not _has_several(error.body):
            return f"the endpoint returned {_in_a_word(error.body)}"
        raised = _raised_by(item, refused) if first["type"] == "missing" else ""
        by = getattr(error, "title", "ItemWithOwner")
        whole = "the item" if by == "ItemWithOwner" else f"what it was given, {_briefly(first.get('input'))}"
        return raised or f"{by} refused {refused or whole}: {first['msg']}{_kind_of(item)}"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _has_several(value: Any) -> bool:
    """Whether a value may be a list of items, for whoever goes through it."""
    return isinstance(value, Iterable) and not isinstance(value, dict | str | BaseModel)


def _briefly(value: Any) -> str:
    """What a schema was given: None, or what kind of object."""
    return "None" if value is None else an(type(value).__name__)


def _in_a_word(value: Any) -> str:
    """What an endpoint has returned in the place of a list."""
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"one {kind}" if isinstance(value, BaseModel) or hasattr(type(value), "__table__") else an(kind)


def _raised_by(item: Any, name: str) -> str:
    """What reading an attribute raises that the class has: Pydantic takes an AttributeError for a missing field."""
    if not name.isidentifier() or not hasattr(type(item), name):
        return ""
    try:
        getattr(item, name)
    except AttributeError as error:
        return f"reading .{name} raised {describe(error)}"
    except Exception:  # which is not what Pydantic met
        pass
    return ""


def _kind_of(item: Any) -> str:
    """What an object is, where it is no model."""
    if item is None or hasattr(type(item), "__table__"):
        return ""
    if isinstance(item, tuple) or hasattr(item, "_mapping"):
        return f"; what the list holds is a row ({', '.join(type(each).__name__ for each in item)})"
    kind = type(item).__name__
    return f"; what the list holds is {an(kind)}"
