"""In server and child: loads what machine code there may be, before the walls let no more of it in.

Python's library loads parts of itself when they are first asked for, and so do others. Behind the walls no memory
becomes machine code any more (`grader.lab.seccomp`), whoever wants to load it, and by whatever name.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import islice
from pathlib import Path

_SUFFIX = EXTENSION_SUFFIXES[-1]
# Of Python's library: what no app has a use for, and what calls functions of C, or runs programs of Tcl's.
_LEFT_OUT = re.compile(r"_ctypes_test|_test\w*|_?xx\w+|_tkinter|_curses\w*|readline|nis|ossaudiodev")
_CALLING_C = ("_cffi_backend",)  # by it, code can call functions of C
# Libraries that have none, and need none that is not there.
_WITHOUT = ("app", "fastapi", "grader", "httpx", "pytest", "sqlmodel", "starlette")
_IMPORTS = re.compile(r"import|postgresql")
_NAME = re.compile(r"\w+")
_DRIVERS = {"postgresql": "psycopg"}
_MOST_NAMES, _MOST_FILES = 100, 500


@cache
def load_pythons_own() -> None:
    """Load the machine code of Python's own library; once for the process."""
    _installed()
    for folder in map(Path, sys.path):
        if folder.name != "lib-dynload":
            continue
        for name in sorted({file.name.split(".")[0] for file in folder.glob(f"*{_SUFFIX}")}):
            if name not in sys.modules and not _LEFT_OUT.fullmatch(name):
                with suppress(ImportError):  # what it needs of the system is not there
                    importlib.import_module(name)


def load_named(root: Path) -> None:
    """Import the libraries that code in this folder names, as it will itself, and load what they may load later."""
    named = dict.fromkeys(islice(_named(root), _MOST_NAMES))
    if not named:
        return
    for name in _CALLING_C:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # it cannot be imported
    for name in named:
        before = frozenset(sys.modules)
        with suppress(BaseException):  # the code will find out the same
            importlib.import_module(name)
        new = sys.modules.keys() - before
        for package in sorted({each.partition(".")[0] for each in new}):
            _load_all_of(package)
        for each in new if name not in sys.modules else ():
            if each.startswith(f"{name}."):  # half done, it would be no help
                del sys.modules[each]
    for name in _CALLING_C:
        if sys.modules[name] is None:
            del sys.modules[name]


def _load_all_of(package: str) -> None:
    """Load what lies in the folder of a package, which it may import when it is first asked for it."""
    for folder in getattr(sys.modules.get(package), "__path__", ()):
        for file in islice(sorted(Path(folder).rglob(f"*{_SUFFIX}")), _MOST_FILES):
            if not file.name.startswith(_CALLING_C):
                with suppress(OSError):
                    ctypes.CDLL(str(file))


def _named(root: Path) -> Iterator[str]:
    """Installed libraries whose names stand in a line that imports something, or says which driver an engine takes."""
    for file in sorted(root.glob("app/**/*.py")):
        with suppress(OSError):
            for line in filter(_IMPORTS.search, file.read_text(errors="replace").splitlines()):
                names = (_DRIVERS.get(each, each) for each in _NAME.findall(line))
                yield from (each for each in names if each in _installed() and each not in sys.modules)


@cache
def _installed() -> frozenset[str]:
    """The names of libraries beside Python's own, without those that can have no machine code that is missing."""
    places = (place for place in map(Path, sys.path) if place.name in ("site-packages", "dist-packages"))
    names = {entry.name.split(".")[0] for place in places if place.is_dir() for entry in place.iterdir()}
    return frozenset(names) - frozenset(_WITHOUT) - sys.stdlib_module_names
