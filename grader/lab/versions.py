"""In the server and the child: whether what the grader relies on was replaced, and be it for a moment.

What is replaced and put back looks as it was. But CPython numbers each state of a dictionary, a module's names or a
class's, and of a function's code and defaults; no number comes a second time (PEP 509; PEP 699 ends that with
Python 3.13). They are read where they lie in memory, which runs nobody's code and asks nobody.
"""

from __future__ import annotations

import builtins
import ctypes
import functools
import hashlib
import itertools
import operator
import queue
import sqlite3
import sys
import types
from collections.abc import Iterator, Mapping
from functools import cache
from gc import get_referents
from operator import itemgetter
from types import FunctionType, MappingProxyType
from typing import Any, Literal, NamedTuple, cast

from grader.lab.relied import Relied, look_at_the_end_only, own

_number_of = itemgetter(0)


class Numbers(NamedTuple):
    """Numbers in memory, and what they were."""

    views: tuple[memoryview, ...]
    found: tuple[int, ...]


class Versions(NamedTuple):
    """The numbers of what was remembered.

    Attributes:
        own: of the grader's names and functions; empty where this Python has none.
        others: of the libraries' names, which their users change, too.
        rest: what has none.
    """

    own: Numbers
    others: Numbers
    rest: tuple[Relied, ...]


# Of the objects that CPython makes of a dictionary and of a function: at which byte their number lies.
_Layout = tuple[int, int]
_LAYOUTS: dict[tuple[int, int], _Layout] = {(3, 11): (24, 128), (3, 12): (24, 136)}
# CPython numbers a function when it is first called in earnest, from 1 on; these have their number at once.
_NEXT = [0xFFFF_FFF0]
_MADE_BY_PYTHON = 1 << 9  # a class that a class statement made. Source: Python, "Type Objects", Py_TPFLAGS_HEAPTYPE
_own: list[memoryview] = []
_python: list[memoryview] = []  # of Python's own classes
_others: list[memoryview] = []
_rest: list[Relied] = []


def remember() -> None:
    """Find out where the numbers lie of all that is remembered, and was not when this was last done."""
    layout = _layout()
    for names, functions, parts, cells, contents in own()[len(_rest) :]:
        if layout is None:
            _rest.append((names, functions, parts, cells, contents))
            continue
        unnumbered = []
        for each in names:
            if (found := _dictionary_of(each[0])) is None:
                unnumbered.append(each)
            else:
                (_own if _is_own(each[0]) else _others).append(_view(found, layout[0], "Q"))
        _own.extend(_numbered(each, layout[1]) for each in functions)
        _rest.append((tuple(unnumbered), (), (), cells, contents))
    if layout is not None:
        if not _python:
            _python.extend(_view(names, layout[0], "Q") for names in _of_python())
        look_at_the_end_only()


def taken() -> Versions:
    """The numbers, for who is to look at them; nobody else gets them, as who has them could also write there."""
    return Versions(_taken(_own + _python), _taken(_others), tuple(_rest))


def _taken(views: list[memoryview]) -> Numbers:
    found = Numbers(tuple(views), tuple(map(_number_of, views)))
    views.clear()
    return found


def _of_python() -> Iterator[dict[str, Any]]:
    """The names of Python's own classes, which nobody can change who does not get round what guards them."""
    modules = builtins, types, itertools, functools, operator, queue, hashlib, sqlite3
    kinds = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, type)}
    for kind in kinds.values():
        if not kind.__flags__ & _MADE_BY_PYTHON and (names := _dictionary_of(vars(kind))) is not None:
            yield names


def _is_own(names: Mapping[str, Any]) -> bool:
    """Whether they are the grader's, and not a library's, which its users change, nor those of a folder's modules."""
    home = str(names.get("__module__", names.get("__name__")))
    return home.startswith("grader.") and names.get("__path__") is None


def _dictionary_of(names: Mapping[str, Any]) -> dict[str, Any] | None:
    """The dictionary itself, where a class only shows it; None where there is not one that holds them all."""
    if isinstance(names, MappingProxyType):
        (names,) = get_referents(names)
    return names if isinstance(names, dict) else None


def _view(something: object, at: int, kind: Literal["Q", "I"]) -> memoryview:
    size = {"Q": 8, "I": 4}[kind]
    return memoryview((ctypes.c_char * size).from_address(id(something) + at)).cast("B").cast(kind)


def _numbered(function: FunctionType, at: int) -> memoryview:
    view = _view(function, at, "I")
    if not view[0]:
        view[0] = _NEXT[0]
        _NEXT[0] -= 1
    return view


@cache
def _layout() -> _Layout | None:
    """Where the numbers lie in this Python; None where it has none, or others."""
    layout = _LAYOUTS.get(sys.version_info[:2])
    usual = sys.implementation.name == "cpython" and sys.maxsize > 1 << 32 and not hasattr(sys, "gettotalrefcount")
    return layout if layout and usual and _are_numbers(*layout) else None


def _are_numbers(of_dictionary: int, of_function: int) -> bool:
    """Whether they change when something is replaced and put back, and not by being used."""

    class Names:
        one = 1

    def use(given: int = 0) -> int:
        return given

    function = cast("FunctionType", use)
    code, defaults = function.__code__, function.__defaults__
    names = _dictionary_of(vars(Names))
    views = [_view(names, of_dictionary, "Q"), _numbered(function, of_function)]
    before = [*map(_number_of, views)]
    for _ in range(64):
        function(Names.one)
    if [*map(_number_of, views)] != before:
        return False
    Names.one = 2
    Names.one = 1
    function.__code__ = code
    changed = [now != was for now, was in zip(map(_number_of, views), before, strict=True)]
    views = [_numbered(function, of_function)]
    before = [*map(_number_of, views)]
    function.__defaults__ = defaults
    return all(changed) and views[0][0] != before[0]
