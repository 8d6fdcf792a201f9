"""In the child: imports a module of the learner's, and waits for the threads that the import begins.

What such a thread does belongs to the import: it must not come before or after the check's next look by chance, nor
into the folder and the environment of a later import. Only a thread that goes on for long is not waited for.
"""

from __future__ import annotations

import importlib
import sys
from sys import _current_frames  # by its own name: `looks` knows whoever asks for it by that
from time import monotonic, sleep
from types import ModuleType

# Seconds that they get to come to their end; and once one in this process has not.
_LONG, _SHORT = 0.5, 0.05
_going_on: set[int] = set()
_NONE = -1  # no thread has this number


def go_on() -> bool:
    """Whether one has not come to its end while it was waited for."""
    return bool(_going_on)


def wait_no_longer() -> None:
    """Wait for them as if one had not come to its end here."""
    _going_on.add(_NONE)


def import_module(name: str) -> ModuleType:
    """The module of this name, once the threads are at their end that its first import has begun."""
    if name in sys.modules:
        return importlib.import_module(name)
    known = {*_current_frames()}
    try:
        return importlib.import_module(name)
    finally:
        latest = monotonic() + (_SHORT if _going_on else _LONG)
        while (begun := _current_frames().keys() - known) and monotonic() < latest:
            sleep(0.002)
        _going_on.update(begun)
