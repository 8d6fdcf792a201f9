"""In the child: equality in which the code under test has no say."""

from __future__ import annotations

# Names of this module: the code under test may give Python's other meanings, be it for a moment.
from builtins import all, bool, dict, frozenset, id, isinstance, issubclass, len, list, map, next, set, tuple, type  # noqa: UP029
from typing import Any

# By identity: a class of somebody else's may say that it equals these.
_PLAIN = frozenset(map(id, (str, int, float, bool, bytes, type(None))))
_NAMES: Any = type({}.keys())


def same(actual: Any, wanted: Any) -> bool:
    """Whether a value is equal to the one that is wanted, in the eyes of the latter.

    ``==`` asks both, and an object can say of itself that it equals everything (``unittest.mock.ANY``). So can one that
    is asked for its parts: only dictionaries, lists, tuples and sets are, in Python's own way. Where a number or a
    truth value is wanted, the type counts: for Python ``1``, ``1.0`` and ``True`` are equal, in JSON they differ.

    Args:
        actual: a value of the learner's.
        wanted: plain data, or lists, tuples, sets and dictionaries of it.
    """
    kind = type(actual)
    if id(kind) in _PLAIN:
        return bool(actual == wanted) and (type(wanted) not in (int, bool) or kind is type(wanted))
    if isinstance(wanted, dict):
        own = as_dict(actual)
        return own is not None and len(own) == len(wanted) and all(k in own and same(own[k], wanted[k]) for k in wanted)
    for each in (list, tuple):
        if isinstance(wanted, each):
            parts = [*each.__iter__(actual)] if issubclass(kind, each) else None
            return parts is not None and len(parts) == len(wanted) and all(map(same, parts, wanted))
    if isinstance(wanted, set):
        own_set = next((each for each in (set, frozenset, _NAMES) if issubclass(kind, each)), None)
        parts = [*own_set.__iter__(actual)] if own_set is not None else None
        return parts is not None and all(map(is_plain, parts)) and set(parts) == wanted
    return wanted.__eq__(actual) is True  # the operator would ask the other one too


def is_plain(value: Any) -> bool:
    """Whether a value is of one of Python's own simple types, and of none that is derived from these."""
    return id(type(value)) in _PLAIN


def as_dict(value: Any) -> dict[Any, Any] | None:
    """What a dictionary holds, in one of Python's own; None where it is none, or has other names than plain ones."""
    if not issubclass(type(value), dict):
        return None
    own = value if type(value) is dict else dict(dict.items(value))
    return own if all(map(is_plain, own)) else None
