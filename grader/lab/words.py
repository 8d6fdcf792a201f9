"""In the child: values and exceptions in one short line, for people to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from grader.lab.equality import same

# Equal values in a list, from which on one is shown with their number.
_MANY = 8
_REPEATED = re.compile(r"'(\w)\1{29,}'")
_ADDRESS = re.compile(r"<(?:[a-z_]\w*\.)*((?:\w+ )*?\w+)(?: object)? at 0x[0-9a-fA-F]+>")
_OF_THIS_RUN = re.compile(r"\b(thread id|process id|pid|at) (?:0x[0-9a-fA-F]+|(?<!at )\d{4,})")


def describe(error: BaseException) -> str:
    """An exception in one line, as Python would name it last; of a validation, the first thing that is wrong."""
    lines = str(error).strip().split("\n")
    message = f"{lines[0]} {lines[-1].strip()}" if lines[0].endswith(":") and lines[1:] else lines[0]  # what it was
    with suppress(Exception):
        first: Any = error.errors()[0]  # type: ignore[attr-defined]
        message = ": ".join(part for part in (".".join(map(str, first["loc"])), first["msg"]) if part)
        if first["type"] != "missing":
            message += f", not {show(first['input'])}"
    message = _steady(message).partition(" (Background on this error")[0]
    # Advice of FastAPI's and Pydantic's that is the same whatever is wrong.
    message = message.partition(" If you are using a return type annotation")[0]
    message = message.partition(". Set `arbitrary_types_allowed=True`")[0]
    return shorten(f"{type(error).__name__}: {message}" if message else type(error).__name__, 200)


def _steady(words: str) -> str:
    """A text without what is another in each run: the addresses of objects, the numbers of threads."""
    return _OF_THIS_RUN.sub(r"\1 ...", _ADDRESS.sub(r"<\1>", words))


def some_of(ids: list[Any]) -> str:
    """Ids in a few words: all of a few, of many the first and the last."""
    return show(ids) if len(ids) < 9 else f"{', '.join(map(str, ids[:3]))}, ..., {ids[-1]} ({len(ids)} of them)"


def show(value: Any) -> str:
    """A value in one short line."""
    if hasattr(type(value), "__tablename__"):
        known = {name: vars(value)[name] for name in ("id", "name") if name in vars(value)}
        return f"{type(value).__name__}({', '.join(f'{name}={shown!r}' for name, shown in known.items())})"
    try:
        if type(value) is list and len(value) > _MANY and all(each == value[0] for each in value):
            return f"[{show(value[0])}] * {len(value)}"
        shown = _steady(repr(value))
        return shorten(_REPEATED.sub(lambda text: f"'{text[1]}' * {len(text[0]) - 2}", shown), 160)
    except Exception as error:
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


class _Null:
    """What None is called where it is not Python's; shown in the place of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


_NULLS = {"null": _Null("null"), "NULL": _Null("NULL")}


def with_null(value: Any, name: str) -> Any:
    """A value to show in which None is called as it is where the value comes from.

    Args:
        value: plain data, or anything else, which stays as it is.
        name: ``null`` for JSON, ``NULL`` for a database, ``None`` for Python.
    """
    if value is None:
        return _NULLS.get(name)
    if type(value) is dict:
        return {key: with_null(each, name) for key, each in value.items()}
    if type(value) is list or type(value) is tuple:
        return type(value)(with_null(each, name) for each in value)
    return value


def show_both(actual: Any, wanted: Any) -> tuple[str, str]:
    """Two values in one short line each; of long lists, what is not the same in both, and how many there are."""
    shown, wish = show(actual), show(wanted)
    cut = [each.endswith("...") for each in (shown, wish)]
    if not (any(cut) and isinstance(actual, list) and isinstance(wanted, list)):
        return shown, wish
    ids = _ids_of(actual), _ids_of(wanted)
    if all(ids) and ids[0] != ids[1]:
        return f"ids {some_of(ids[0]).strip('[]')}", f"ids {some_of(ids[1]).strip('[]')}"
    if not all(cut) and len(actual) != len(wanted):
        return _counted(shown, actual), _counted(wish, wanted)
    shortest = min(len(actual), len(wanted))
    first = next((place for place in range(shortest) if not same(actual[place], wanted[place])), shortest)
    rest = shortest - first
    last = next((place for place in range(rest) if not same(actual[-1 - place], wanted[-1 - place])), rest)
    shown, wish = (_between(each, first, last) for each in (actual, wanted))
    return (shown, wish) if len(actual) == len(wanted) else (_counted(shown, actual), _counted(wish, wanted))


def _counted(shown: str, values: list[Any]) -> str:
    """A list as it is shown, and how many values it has where some are not shown."""
    if "..." not in shown:
        return shown
    cut = shorten(shown, 100)
    whole = cut.rfind("}, {")  # a row is shown as a whole, or not at all
    return f"{cut[: whole + 1]}, ...] ({len(values)} in all)" if whole > 0 else f"{cut} ({len(values)} in all)"


def _ids_of(values: list[Any]) -> list[Any]:
    """The ids of items; empty where these are something else."""
    ids = [each.get("id") if type(each) is dict else None for each in values]
    return ids if all(type(each) is int for each in ids) else []


def _between(values: list[Any], first: int, last: int) -> str:
    """A list without the values at its beginning and at its end that need no telling."""
    shown = [show(each) for each in values[first : len(values) - last]]
    told = ", ".join([*(["..."] if first else []), *shown, *(["..."] if last else [])])
    return shorten(f"[{told}]", 160)


def shorten(words: str, limit: int = 120) -> str:
    """A text cut to at most this many characters."""
    return words if len(words) <= limit else words[: limit - 3] + "..."


def instead_of_begin(error: BaseException | None) -> str:
    """What to do instead, where this came of a begin() on a session that is in use; empty where it did not."""
    return _NO_BEGIN if "transaction is already begun" in str(error) else ""


_NO_BEGIN = "no begin(): any use of the session begins a transaction, even loading the item. It only needs its commit()"


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any], sent: Sequence[tuple[Any, str]] = ()) -> str:
    """What a function was called with, as a reader would write it.

    Args:
        args: its positional arguments.
        kwargs: its keyword arguments.
        sent: values of which it is known in words what they were made of.
    """
    shown = ["db" if isinstance(value, Session) else _argument(value, sent) for value in args]
    return ", ".join([*shown, *(f"{name}={_argument(value, sent)}" for name, value in kwargs.items())])


def _argument(value: Any, sent: Sequence[tuple[Any, str]]) -> str:
    known = next((words for made, words in sent if made is value), "")
    if known:
        return known
    if hasattr(value, "__table__"):
        return "item" if value.__tablename__ == "items" else str(value.__tablename__)
    if isinstance(value, BaseModel):
        fields = ", ".join(
            f"{name}={show(getattr(value, name))}"
            for name in type(value).model_fields
            if name in value.model_fields_set
        )
        return f"{type(value).__name__}({fields})"
    return show(value)
