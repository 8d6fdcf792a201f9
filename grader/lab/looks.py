"""In the child: whether code asks for what lies outside of it: the frames above it, all objects, functions of C.

Python itself tells who asks, before it gives anything: nobody can take that away. Nothing is refused here, and no
verdict depends on it, as a helper that wants its caller's name asks as well; the bench is told once. What libraries
ask for themselves is no part of what code does. Sources: Python, "Audit events table", PEP 578.
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

from pydantic._internal import _typing_extra

from grader.lab.guard import OF_CTYPES

Handlers = dict[str, Callable[[tuple[Any, ...]], None]]

# What is asked for, in words; which attribute it is, where it is one.
KINDS = FRAMES, OBJECTS, FUNCTIONS, NAMES = "frames", "objects", "functions of C", "names of files"
_EVENTS = {
    "sys._getframe": (FRAMES, "_getframe"),
    "sys._current_frames": (FRAMES, "_current_frames"),
    "sys._current_exceptions": (FRAMES, "_current_exceptions"),
    "sys.settrace": (FRAMES, "settrace"),
    "sys.setprofile": (FRAMES, "setprofile"),
    "gc.get_objects": (OBJECTS, "get_objects"),
    "gc.get_referrers": (OBJECTS, "get_referrers"),
    "gc.get_referents": (OBJECTS, "get_referents"),
    **dict.fromkeys(OF_CTYPES, (FUNCTIONS, "")),
}
_ATTRIBUTES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
# Functions of the standard library that give away the frames that they ask for.
_GIVE_AWAY = {
    inspect.__file__: {"currentframe", "stack", "trace", "getinnerframes"},
    logging.__file__: {"currentframe", "<lambda>"},
    traceback.__file__: {"walk_stack", "walk_tb"},
    base_tasks.__file__: {"_task_get_stack"},
    _typing_extra.__file__: {"parent_frame_namespace"},
}
# What is made to look at frames gives away whatever it gets.
_DEBUGGERS = "bdb.py", "pdb.py"
_STANDARD = Path(inspect.__file__).parent
_OF_CTYPES = f"{Path(_CTYPES).parent}{os.sep}"


def handlers(heard: list[tuple[str, str]], notice: Callable[[], object], root: str) -> Handlers:
    """What is to be done with each event of Python's.

    Args:
        heard: gets what was asked for, and where; code that raises an exception here finds it, and nothing else.
        notice: called once, when something was asked for.
        root: folder of the code.
    """
    libraries = (*(f"{each}{os.sep}" for each in _libraries()), "<frozen ")
    debuggers = *(str(_STANDARD / name) for name in _DEBUGGERS), *(f"{each}_pytest{os.sep}" for each in libraries)
    inside, graders = f"{root}{os.sep}", f"{Path(__file__).parents[1]}{os.sep}"
    asking: dict[tuple[int, str], tuple[CodeType, bool]] = {}  # a code object is kept, so that no other has its number
    told = False
    # Nothing is called here that the code could have given another meaning, as that could look up: no name is looked
    # up but variables of these functions, and a text may be of a class of its own.
    begins, plain, caller_of = str.startswith, str.__str__, _getframe
    frames_kind, functions, names, slash, text = FRAMES, FUNCTIONS, NAMES, os.sep, str
    give_away, attributes, of_ctypes = dict(_GIVE_AWAY), _ATTRIBUTES, _OF_CTYPES
    length, kin, number = len, isinstance, id

    def is_librarys(code: CodeType) -> bool:
        name = code.co_filename
        return not begins(name, inside) and begins(name, libraries) and not begins(name, debuggers)

    def asks_itself(code: CodeType, word: str) -> bool:
        """Whether a library's code has the word in it; else somebody has handed it the function that asks.

        Without a word every library's may have asked.
        """
        key = number(code), word
        if key not in asking:
            here = is_librarys(code) and (not word or word in code.co_names or word in code.co_consts)
            asking[key] = code, here
        return asking[key][1]

    def look(kind: str, word: str, frame: FrameType | None) -> None:
        nonlocal told
        if told or frame is None:
            return
        code = frame.f_code
        if kind == functions:
            while frame is not None and begins(frame.f_code.co_filename, of_ctypes):
                frame = frame.f_back
            if frame is None or is_librarys(frame.f_code):
                return
        elif asks_itself(code, word):
            if plain(code.co_name) not in give_away.get(plain(code.co_filename), ()):
                return
            frame = frame.f_back
            if frame is None or is_librarys(frame.f_code):
                return
        told = True
        notice()
        while frame is not None and not begins(frame.f_code.co_filename, inside):
            frame = frame.f_back
        where = plain(frame.f_code.co_filename)[length(inside) :] if frame is not None else ""
        heard.append((kind, where.replace(slash, "/")))

    def of(event: str) -> Callable[[tuple[Any, ...]], None]:
        kind, word = _EVENTS[event]

        def asked(_arguments: tuple[Any, ...]) -> None:
            look(kind, word, caller_of().f_back.f_back)  # type: ignore[union-attr]

        return asked

    def attribute(arguments: tuple[Any, ...]) -> None:
        name = plain(arguments[1])
        if name in attributes:
            look(frames_kind, name, caller_of().f_back.f_back)  # type: ignore[union-attr]

    def frames(arguments: tuple[Any, ...]) -> None:
        code = arguments[0].f_code
        for each in own:
            if code is each:  # one of these asks for its own frame
                return
        asker = frame = caller_of().f_back.f_back  # type: ignore[union-attr]
        if begins(code.co_filename, graders):  # which a library is not to get at in the name of the code
            while frame is not None and is_librarys(frame.f_code) and not begins(frame.f_code.co_filename, graders):
                frame = frame.f_back
            if frame is not None and begins(frame.f_code.co_filename, inside):
                asker = frame
        look(frames_kind, "_getframe", asker)

    def named(arguments: tuple[Any, ...]) -> None:
        name = arguments[1]
        if kin(name, text) and not begins(name, inside) and begins(name, libraries):
            look(names, "", caller_of().f_back.f_back)  # type: ignore[union-attr]

    def loaded(_arguments: tuple[Any, ...]) -> None:
        look(names, "", caller_of().f_back.f_back)  # type: ignore[union-attr]

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
