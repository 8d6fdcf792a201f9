"""In the child: imports a module of the learner's, and waits for the threads that the import begins.

What such a thread does belongs to the import: it must not come before or after the check's next look by chance, nor
into the folder and the environment of a later import. Only a thread that goes on for long is not waited for.
"""

from __future__ import annotations

import importlib
import sys
from _thread import _count as count_threads
from time import monotonic, sleep
from types import ModuleType

# Seconds that they get to come to their end; and once one in this process has not.
_LONG, _SHORT = 0.5, 0.05
_going_on: list[bool] = []


def go_on() -> bool:
    """Whether one has not come to its end while it was waited for."""
    return bool(_going_on)


def wait_no_longer() -> None:
    """One has not come to its end, here or in another child."""
    _going_on[:] = [True]


def import_module(name: str) -> ModuleType:
    """The module of this name, once the threads are at their end that its first import has begun."""
    if name in sys.modules:
        return importlib.import_module(name)
    before = count_threads()
    try:
        return importlib.import_module(name)
    finally:
        latest = monotonic() + (_SHORT if _going_on else _LONG)
        while (begun := count_threads() > before) and monotonic() < latest:
            sleep(0.002)
        if begun:
            wait_no_longer()
