"""In the child: keeps the learner's code from what leads to the clerk: frames of other threads, all objects, C.

Python asks whoever listens before it gives them (PEP 578). It does so often, so that who listens to everything has to
be quick: here this is a dictionary's own ``get``, and its keys refuse to be compared. A key is only compared with a
word that is the same.
"""

from __future__ import annotations

import ctypes
import gc
import sqlite3
import sys
from _thread import allocate_lock
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import compress, count, repeat
from operator import contains
from types import MappingProxyType, ModuleType
from typing import Any

OF_CTYPES = (
    *("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.call_function", "ctypes.PyObj_FromPtr"),
    *("ctypes.cdata", "ctypes.cdata/buffer", "ctypes.string_at", "ctypes.wstring_at", "ctypes.addressof"),
)
_REFUSED = (
    *("sys._current_frames", "sys._current_exceptions"),
    *("gc.get_objects", "gc.get_referrers"),
    "sys.addaudithook",  # which hears of the grader's own connection, and is heard in its threads
    "cpython.PyInterpreterState_New",
    *OF_CTYPES,
)
# What gives every thread's frames, or watches all threads, the grader's too: lines could be skipped (PEP 669).
_GONE = ("_current_frames", "_current_exceptions", "monitoring", "_settraceallthreads", "_setprofileallthreads")
_OF_MEMORY = ("memmove", "memset", "cast", "string_at", "wstring_at")
# Of an object that describes a class: whether that may be changed, what compares its objects, and what makes them; of
# one that describes a module, what a second copy of it has. Source: Python, "Type Objects", tp_flags, tp_richcompare
# and tp_new; "PyModuleDef", m_base.
_WORD = ctypes.sizeof(ctypes.c_void_p)
_FLAGS, _UNCHANGEABLE, _COMPARES, _NEW, _COPY = 21 * _WORD, 1 << 8, 25 * _WORD, 39 * _WORD, 4 * _WORD
_NUMBERS, _OR = 12 * _WORD, 15 * _WORD  # tp_as_number; nb_or in that


def _refusal(event: str) -> str:
    """The name of something that is refused: whoever compares it hears, by a TypeError, that it is no number.

    A function of C says so, in the place where the class has its own: no name that could be given to something else.
    """
    kind = type(event, (str,), {"__slots__": ()})
    says = ctypes.cast(ctypes.pythonapi.PyNumber_Index, ctypes.c_void_p)
    ctypes.c_void_p.from_address(id(kind) + _COMPARES).value = says.value
    keep_as_it_is(kind)
    key: str = kind(event)
    return key


def keep_as_it_is(kind: type) -> None:
    """Let nobody change a class any more, nor give its objects another one. Source: Python, "Type Objects"."""
    flags = ctypes.c_ulong.from_address(id(kind) + _FLAGS)
    if flags.value == kind.__flags__:
        flags.value |= _UNCHANGEABLE


_REFERENTS = "gc.get_referents"
_permits: dict[str, bool] = {}
_one_at_a_time = allocate_lock()


class _KeyOfReferents(str):
    """The same, by a KeyError, where it is not permitted this once."""

    __slots__ = ()
    __hash__ = str.__hash__
    __eq__ = _permits.pop  # type: ignore[assignment]


def held_by(something: object) -> list[Any]:
    """What an object holds, for the grader itself."""
    with _one_at_a_time:
        _permits[_REFERENTS] = True  # used up by being asked for
        return gc.get_referents(something)


_FOLLOWS = "sys.settrace"
_times = count(1)


class _KeyOfFollowing(str):
    """Counts how often somebody follows each step, and lets that be; nobody can count it back."""

    __slots__ = ()
    __hash__ = str.__hash__
    __eq__ = partial(contains, compress(repeat(_FOLLOWS), _times))  # type: ignore[arg-type]


def take_away() -> None:
    """Take away what gives every thread's frames and all objects, before a library keeps it that the code names."""
    for module, gone in ((sys, _GONE), (gc, ("get_objects", "get_referrers"))):
        for names in (vars(module), _names_of_a_copy(module)):
            for name in gone:
                names.pop(name, None)
    sys.modules.pop("sys.monitoring", None)


def keep_to_themselves() -> Callable[[], int]:
    """Refuse all that from now on, for good, and what follows every step or has garbage collected.

    Returns:
        counts how often a function that follows each step was set, and how often this was asked.
    """
    refusals = [*map(_refusal, _REFUSED)]
    for key in (_KeyOfReferents, _KeyOfFollowing):
        keep_as_it_is(key)
    for names in (vars(sys), _names_of_a_copy(sys)):
        names.update(settrace=_follow_nobody, setprofile=_follow_nobody)
    for module in (ctypes, sys.modules["_ctypes"]):
        for name in [name for name in vars(module) if name.strip("_").removesuffix("_addr") in _OF_MEMORY]:
            with suppress(KeyError):
                del vars(module)[name]
    for kind in [*_and_below(ctypes.Structure.__mro__[1])]:
        ctypes.c_void_p.from_address(id(kind) + _NEW).value = None
        gc.get_referents(vars(kind))[0].pop("__new__", None)
    # Into the grader's own connection code could put a database of its choice.
    for kind in sqlite3.Connection.__mro__[:-1]:
        gc.get_referents(vars(kind))[0].pop("deserialize", None)
    _show_no_more_than_a_copy()
    refused: dict[str, Any] = dict.fromkeys([*refusals, _KeyOfReferents(_REFERENTS), _KeyOfFollowing(_FOLLOWS)])
    sys.addaudithook(refused.get)
    return _times.__next__


def _show_no_more_than_a_copy() -> None:
    """Let what shows a class's dictionary hand that to nobody: where it compares or joins, the other side gets it."""
    kind = MappingProxyType
    (names,) = gc.get_referents(vars(kind))
    for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__or__", "__ror__"):
        names.pop(name, None)
    ctypes.c_void_p.from_address(id(kind) + _COMPARES).value = None
    numbers = ctypes.c_void_p.from_address(id(kind) + _NUMBERS).value
    if numbers:
        ctypes.c_void_p.from_address(numbers + _OR).value = None


def _names_of_a_copy(module: ModuleType) -> dict[str, Any]:
    """What another copy of a built-in module would have."""
    definition = ctypes.pythonapi.PyModule_GetDef
    definition.restype, definition.argtypes = ctypes.c_void_p, [ctypes.py_object]
    names = ctypes.c_void_p.from_address(definition(module) + _COPY)
    return ctypes.cast(names, ctypes.py_object).value if names else {}


def _and_below(kind: type) -> Iterator[type]:
    """A class, and all that are made of it."""
    yield kind
    below: list[type] = type.__subclasses__(kind)
    for each in below:
        yield from _and_below(each)


def _follow_nobody(function: object, /) -> None:
    if function is not None:
        raise RuntimeError("code cannot follow each step while it is graded (sys.settrace, sys.setprofile)")
