"""In server and child: loads what machine code there may be, before the walls let no more of it in.

Python's library loads parts of itself when they are first asked for, and so do others. Behind the walls no memory
becomes machine code any more (`grader.lab.seccomp`), whoever wants to load it, and by whatever name.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

# Of Python's library: what no app has a use for, and what calls functions of C, or runs programs of Tcl's.
_LEFT_OUT = re.compile(r"_ctypes_test|_test\w*|_?xx\w+|_tkinter|_curses\w*|readline|nis|ossaudiodev")
_CALLING_C = ("_cffi_backend",)  # by it, code can call functions of C
# Libraries that have none, and need none that is not there.
_WITHOUT = ("app", "fastapi", "grader", "httpx", "pytest", "sqlmodel", "starlette")
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w.*)", re.MULTILINE)
_DRIVER = re.compile(r"postgresql|psycopg")


@cache
def load_pythons_own() -> None:
    """Load the machine code of Python's own library; once for the process."""
    for folder in map(Path, sys.path):
        if folder.name != "lib-dynload":
            continue
        for name in sorted({file.name.split(".")[0] for file in folder.glob(f"*{EXTENSION_SUFFIXES[-1]}")}):
            if name not in sys.modules and not _LEFT_OUT.fullmatch(name):
                with suppress(ImportError):  # what it needs of the system is not there
                    importlib.import_module(name)


def load_named(root: Path) -> None:
    """Import the libraries that code in this folder names, as it will itself."""
    for name in _CALLING_C:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # it cannot be imported
    for name in dict.fromkeys(_named(root)):
        if name not in sys.modules and _is_a_librarys(name.split(".")[0]):
            with suppress(Exception):  # the code will find out the same
                importlib.import_module(name)
    for name in _CALLING_C:
        if sys.modules[name] is None:
            del sys.modules[name]


def _named(root: Path) -> Iterator[str]:
    for file in sorted(root.glob("app/**/*.py")):
        with suppress(OSError):
            code = file.read_text(errors="replace")
            for names in _IMPORT.findall(code):
                yield from (found[0] for each in names.split(",") if (found := re.findall(r"^\s*([\w.]+)", each)))
            if _DRIVER.search(code):
                yield "psycopg"


def _is_a_librarys(name: str) -> bool:
    """Whether this is a package of an installed library that may have machine code."""
    if name in sys.stdlib_module_names or name in _WITHOUT:
        return False
    with suppress(Exception):
        file = Path(spec.origin or "") if (spec := find_spec(name)) else Path()
        return not {"site-packages", "dist-packages"}.isdisjoint(file.parts)
    return False
