"""In the child: whether code asks for what lies outside of it: the frames above it, all objects, functions of C.

Python itself tells who asks, before it gives anything: nobody can take that away. Nothing is refused, and no verdict
depends on it, as a helper that wants its caller's name asks as well; it is told to the bench, once and at once. What
libraries ask for themselves is no part of what code does. Sources: Python, "Audit events table", PEP 578.
"""

from __future__ import annotations

import inspect
import logging
import os
import sys
import sysconfig
import traceback
from asyncio import base_tasks
from collections.abc import Callable
from ctypes import __file__ as _CTYPES
from pathlib import Path
from sys import _getframe
from types import CodeType, FrameType
from typing import Any

Handlers = dict[str, Callable[[tuple[Any, ...]], None]]

# What is asked for, in words; which attribute it is, where it is one.
FRAMES, OBJECTS, FUNCTIONS, NAMES = "frames", "objects", "functions of C", "names of files"
_EVENTS = {
    "sys._getframe": (FRAMES, "_getframe"),
    "sys._current_frames": (FRAMES, "_current_frames"),
    "sys.settrace": (FRAMES, "settrace"),
    "sys.setprofile": (FRAMES, "setprofile"),
    "gc.get_objects": (OBJECTS, "get_objects"),
    "gc.get_referrers": (OBJECTS, "get_referrers"),
    "gc.get_referents": (OBJECTS, "get_referents"),
    "ctypes.dlopen": (FUNCTIONS, ""),
    "ctypes.dlsym": (FUNCTIONS, ""),
    "ctypes.PyObj_FromPtr": (FUNCTIONS, ""),
}
_ATTRIBUTES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
# Functions of the standard library that give away the frames that they ask for.
_GIVE_AWAY = {
    inspect.__file__: {"currentframe", "stack", "trace", "getinnerframes"},
    logging.__file__: {"currentframe", "<lambda>"},
    traceback.__file__: {"walk_stack", "walk_tb"},
    base_tasks.__file__: {"_task_get_stack"},
}
_OF_CTYPES = f"{Path(_CTYPES).parent}{os.sep}"
_FARTHEST = 50


def handlers(tell: Callable[[dict[str, Any]], None], root: str) -> Handlers:
    """What is to be done with each event of Python's.

    Args:
        tell: sends a message to the bench.
        root: folder of the code.
    """
    libraries = (*(f"{each}{os.sep}" for each in _libraries()), "<frozen ")
    inside = f"{root}{os.sep}"
    asking: dict[tuple[int, str], tuple[CodeType, bool]] = {}  # a code object is kept, so that no other has its number
    told = False

    def is_librarys(code: CodeType) -> bool:
        return not code.co_filename.startswith(inside) and code.co_filename.startswith(libraries)

    def asks_itself(code: CodeType, word: str) -> bool:
        """Whether a library's code has the word in it; else somebody has handed it the function that asks.

        Without a word every library's may have asked.
        """
        key = id(code), word
        if key not in asking:
            asking[key] = code, is_librarys(code) and (not word or _is_in(word, code))
        return asking[key][1]

    def look(kind: str, word: str, frame: FrameType | None) -> None:
        nonlocal told
        if told or frame is None:
            return
        code = frame.f_code
        if kind == FUNCTIONS:
            while frame is not None and frame.f_code.co_filename.startswith(_OF_CTYPES):
                frame = frame.f_back
            if frame is None or is_librarys(frame.f_code):
                return
        elif asks_itself(code, word):
            if code.co_name not in _GIVE_AWAY.get(code.co_filename, ()):
                return
            frame = frame.f_back
            if frame is None or is_librarys(frame.f_code):
                return
        told = True
        for _ in range(_FARTHEST):
            if frame is None or frame.f_code.co_filename.startswith(inside):
                break
            frame = frame.f_back
        where = frame.f_code.co_filename[len(inside) :] if frame is not None else ""
        tell({"event": "looks", "at": kind, "where": where.replace(os.sep, "/")})

    def of(event: str) -> Callable[[tuple[Any, ...]], None]:
        kind, word = _EVENTS[event]

        def asked(_arguments: tuple[Any, ...]) -> None:
            look(kind, word, _getframe().f_back.f_back)  # type: ignore[union-attr]

        return asked

    def attribute(arguments: tuple[Any, ...]) -> None:
        if arguments[1] in _ATTRIBUTES:
            look(FRAMES, arguments[1], _getframe().f_back.f_back)  # type: ignore[union-attr]

    def frames(arguments: tuple[Any, ...]) -> None:
        code = arguments[0].f_code
        if not any(code is each for each in own):  # one of these asks for its own frame
            look(FRAMES, "_getframe", _getframe().f_back.f_back)  # type: ignore[union-attr]

    def named(arguments: tuple[Any, ...]) -> None:
        name = arguments[1]
        if isinstance(name, str) and not name.startswith(inside) and name.startswith(libraries):
            look(NAMES, "", _getframe().f_back.f_back)  # type: ignore[union-attr]

    def loaded(_arguments: tuple[Any, ...]) -> None:
        look(NAMES, "", _getframe().f_back.f_back)  # type: ignore[union-attr]

    found = {event: of(event) for event in _EVENTS}
    own = [each.__code__ for each in (frames, attribute, named, loaded, *found.values())]
    found |= {"sys._getframe": frames, "object.__getattr__": attribute}
    # Code whose file is said to be a library's would pass for that.
    return found | {"compile": named, "code.__new__": named, "marshal.loads": loaded}


def listen(handlers: Handlers) -> None:
    """Hear of these events from now on; once for the process, as nobody can end it.

    All that Python tells then takes its time, so that nobody listens who need not.
    """
    if not handlers:
        return
    handler_of = dict(handlers).get

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        handler = handler_of(event)
        if handler is not None:
            handler(arguments)

    sys.addaudithook(heard)


def _libraries() -> list[str]:
    """Folders of Python and its libraries, and this project's."""
    own = str(Path(__file__).parents[2])
    return sorted({own, *(each for each in (*sys.path, *sysconfig.get_paths().values()) if Path(each).is_absolute())})


def _is_in(word: str, code: CodeType) -> bool:
    return word in code.co_names or word in code.co_consts
