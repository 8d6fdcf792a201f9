"""In the child: keeps the learner's code from what leads to the clerk: frames of other threads, all objects, C.

Python asks whoever listens before it gives them (PEP 578). It does so often, so that who listens to everything has to
be quick: here this is a dictionary's own ``get``, and its keys refuse to be compared. A key is only compared with a
word that is the same.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from _thread import allocate_lock
from contextlib import suppress
from typing import Any

OF_CTYPES = (
    *("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.call_function", "ctypes.PyObj_FromPtr"),
    *("ctypes.cdata", "ctypes.cdata/buffer", "ctypes.string_at", "ctypes.wstring_at", "ctypes.addressof"),
)
_REFUSED = (
    *("sys._current_frames", "sys._current_exceptions"),
    *("gc.get_objects", "gc.get_referrers"),
    "cpython.PyInterpreterState_New",
    *OF_CTYPES,
)
_OF_MEMORY = ("memmove", "memset", "cast", "string_at", "wstring_at")
# Of an object that describes a class, and whether that may be changed. Source: Python, "Type Objects", tp_flags.
_FLAGS, _UNCHANGEABLE = 21 * ctypes.sizeof(ctypes.c_void_p), 1 << 8


class _Key(str):
    """The name of something that is refused: it is no number, says a ValueError, and nothing that code could change."""

    __slots__ = ()
    __hash__ = str.__hash__
    __eq__ = int  # type: ignore[assignment]


_REFERENTS = "gc.get_referents"
_permits: dict[str, bool] = {}
_one_at_a_time = allocate_lock()


class _KeyOfReferents(str):
    """The same, where it is not permitted this once."""

    __slots__ = ()
    __hash__ = str.__hash__
    __eq__ = _permits.pop  # type: ignore[assignment]


def held_by(something: object) -> list[Any]:
    """What an object holds, for the grader itself."""
    with _one_at_a_time:
        _permits[_REFERENTS] = True  # used up by being asked for
        return gc.get_referents(something)


def keep_to_themselves() -> None:
    """Refuse all that from now on, for good, and what follows every step or has garbage collected."""
    for key in (_Key, _KeyOfReferents):
        flags = ctypes.c_ulong.from_address(id(key) + _FLAGS)
        if flags.value == key.__flags__:
            flags.value |= _UNCHANGEABLE
    vars(sys).update(settrace=_follow_nobody, setprofile=_follow_nobody)
    vars(gc)["enable"] = gc.disable
    for module in (ctypes, sys.modules["_ctypes"]):
        for name in [name for name in vars(module) if name.strip("_").removesuffix("_addr") in _OF_MEMORY]:
            with suppress(KeyError):
                del vars(module)[name]
    refused: dict[str, Any] = dict.fromkeys([*map(_Key, _REFUSED), _KeyOfReferents(_REFERENTS)])
    sys.addaudithook(refused.get)


def _follow_nobody(function: object, /) -> None:
    if function is not None:
        raise RuntimeError("code cannot follow each step while it is graded (sys.settrace, sys.setprofile)")
