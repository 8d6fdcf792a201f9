"""In the child: equality in which the code under test has no say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NONE = type(None)


def same(actual: Any, wanted: Any) -> bool:
    """Whether a value is equal to the one that is wanted, in the eyes of the latter.

    ``==`` asks both, and an object can say of itself that it equals everything (``unittest.mock.ANY``). Where a number
    or a truth value is wanted, the type counts: for Python ``1``, ``1.0`` and ``True`` are equal, in JSON they differ.

    Args:
        actual: a value of the learner's.
        wanted: plain data, or lists, tuples and dictionaries of it.
    """
    kind = type(actual)
    # `in` would ask the type, which may say that it equals these.
    if kind is str or kind is int or kind is float or kind is bool or kind is bytes or kind is _NONE:
        return bool(actual == wanted) and (type(wanted) not in (int, bool) or kind is type(wanted))
    if _is_mapping(wanted) and _is_mapping(actual):
        return len(actual) == len(wanted) and all(key in actual and same(actual[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list | tuple) and isinstance(actual, type(wanted)):
        return len(actual) == len(wanted) and all(same(*pair) for pair in zip(actual, wanted, strict=True))
    return wanted.__eq__(actual) is True  # the operator would ask the other one too


def _is_mapping(value: object) -> bool:
    """Whether a value is a mapping; of a plain dictionary nobody has to be asked."""
    return type(value) is dict or isinstance(value, Mapping)
