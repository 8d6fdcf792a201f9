"""Every process: where the course's files lie, and where the learner works.

In a clone of the project the two are the same folder. Installed from a wheel, the course lies in the package (see
``.packaging/hatch_build.py``), and learners work in a folder that ``workbook init`` has made.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from grader import BadInput

PACKAGE = Path(__file__).resolve().parent
# What has to be on Python's path for the grader to be imported; in a clone it is the clone.
PROJECT = PACKAGE.parent
IS_INSTALLED = (PACKAGE / "course").is_dir()
COURSE = PACKAGE / "course" if IS_INSTALLED else PROJECT
SOLUTIONS = COURSE / "solutions"
NOTEBOOKS = COURSE / "notebooks"
CASES = COURSE / "tests" / "cases"
CONSTRAINTS = COURSE / "constraints.txt"

# Where Python lies, and what belongs to it there, beside its libraries.
PREFIXES = tuple(dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)))
OF_PYTHON = "ssl", "etc/ssl", "pyvenv.cfg", "share/zoneinfo", "share/locale"
SHARED = "/usr/share/zoneinfo", "/usr/share/locale", "/usr/share/mime", "/usr/share/zoneinfo-icu"
_LIBRARIES = "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"
_OF_THE_SYSTEM = re.compile(
    r"[a-z0-9_]+-linux-(gnu|musl)\w*|os-release|locale|gconv|ssl|openssl|ossl-modules|engines-[\d.]+|sasl2|python3|"
    rf"python{sys.version_info[0]}\.?{sys.version_info[1]}\w*(\.zip)?"
)
_SHARED_LIBRARY = re.compile(r".*\.so(\.\d+)*")
_A_SOLUTION = "solutions/05_crud"
_MOST_LIBRARIES = 300  # to be told apart: each takes a rule, and an open file

MOST_READ = 50 << 20  # bytes of a file in a learner's folder

# A table in the file pyproject.toml of a folder that `workbook init` has made.
MARK = "[tool.workbook]"


def library_folders() -> list[Path]:
    """The folders on this machine that hold libraries, the system's and Python's."""
    named = (*(f"{prefix}/{name}" for prefix in PREFIXES for name in ("lib", "lib64")), *_LIBRARIES)
    return list(dict.fromkeys(path for path in map(Path.resolve, map(Path, named)) if path.is_dir()))


def is_a_library(path: Path) -> bool:
    """Whether something in a folder of libraries is the system's, or of the Python that runs: anybody may have put
    something else there, a course too."""
    shared = _SHARED_LIBRARY.fullmatch(path.name) is not None and not path.is_dir()
    return shared or _OF_THE_SYSTEM.fullmatch(path.name) is not None


def libraries_in(folder: Path) -> list[Path]:
    """What is the system's, or Python's, in a folder of libraries; the folder itself where that is too much."""
    try:
        found = [path.resolve() for path in folder.iterdir() if is_a_library(path)]
    except OSError:
        return []
    return found if len(found) <= _MOST_LIBRARIES else [folder]


def other_courses() -> list[Path]:
    """Where else among the libraries of Python the solutions lie: installed with a wheel."""
    pythons = (path for folder in library_folders() for path in libraries_in(folder) if path.name.startswith("python"))
    places = {*sys.path, *(f"{path}/{name}" for path in pythons for name in ("site-packages", "dist-packages"))}
    found = {f"{place}/{PACKAGE.name}" for place in places}
    found |= {each for place in places if place.endswith("-packages") for each in _folders_in(place)}
    found |= {f"{each}/{PACKAGE.name}" for each in found}
    held = {each for each in found for course in ("", "/course") if os.access(f"{each}{course}/{_A_SOLUTION}", os.F_OK)}
    return sorted({Path(each).resolve() for each in held} - {PACKAGE})


def _folders_in(folder: str) -> list[str]:
    """Paths of the folders in a folder; `Path.glob` takes ten times as long."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [entry.path for entry in entries if entry.is_dir()]
    return []


def read_file(file: Path, most: int = MOST_READ) -> bytes:
    """What a file holds that may be a stranger's: nothing is waited for, and not more is read than is sensible.

    Args:
        file: the file; a link is followed.
        most: how many bytes it may have.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger.
    """
    place = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(place, "rb") as opened:
        about = os.fstat(place)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(0, "it is no regular file")
        if about.st_size > most:
            raise OSError(0, f"it is larger than {most // 1024 // 1024} MB")
        return opened.read(most)


def is_made_by_init(folder: Path) -> bool:
    """Whether ``workbook init`` has made a folder."""
    try:
        return MARK in read_file(folder / "pyproject.toml").decode().splitlines()
    except (OSError, ValueError):
        return False


def is_a_clone(folder: Path) -> bool:
    """Whether a folder is a clone of the project, this one or another."""
    return (folder / "chapters").is_dir() and (folder / "grader" / "rules.py").is_file()


def home_around(place: Path) -> Path | None:
    """The folder that holds the learner's ``chapters/``: above a place, or the clone; None where there is none."""
    for folder in (place, *place.parents):
        if is_made_by_init(folder) or (folder == PROJECT and not IS_INSTALLED):
            return folder
    return None if IS_INSTALLED else PROJECT


@cache
def found_home() -> Path | None:
    """The learner's folder of this process; None where there is none."""
    return home_around(Path.cwd().resolve())


def home() -> Path:
    """The learner's folder of this process.

    Raises:
        BadInput: there is none.
    """
    found = found_home()
    if found is None:
        raise BadInput(
            "There is no workbook in this folder, nor above it; 'workbook init' makes one, then go into its folder. "
            "Or name other code with --submission DIR."
        )
    return found


def refuse_links(top: Path, names: Iterable[str]) -> None:
    """Make sure that files below a folder lie there, before anything is written: no folder on the way is a link.

    Args:
        top: the folder; it may be a link itself.
        names: the files, as they are called from there; a link to a file is one.

    Raises:
        BadInput: one of them lies elsewhere, or is no file.
    """
    names = list(names)
    for name in names:
        if (top / name).exists() and not (top / name).is_file():
            raise BadInput(f"'{_called(top, name)}' is no ordinary file; remove it, and try again.")
    for folder in dict.fromkeys(parent for name in names for parent in reversed(Path(name).parents)):
        if folder.parts and (top / folder).is_symlink():
            raise BadInput(
                f"'{_called(top, folder.as_posix())}' is a link; put the folder itself there, and try again."
            )


def _called(top: Path, name: str) -> str:
    """A file below a folder, as the learner calls it, who is in theirs."""
    return name if top == found_home() else f"{top.name}/{name}"


def refuse_what_is_no_file(top: Path, names: Iterable[str]) -> None:
    """Make sure that files below a folder are files, or not there, before they are read or written.

    Args:
        top: the folder; it may be a link itself.
        names: the files, as they are called from there.

    Raises:
        BadInput: one of them is a link, or lies elsewhere; or it is something else than a file.
    """
    names = list(names)
    refuse_links(top, names)
    for name in names:
        if (top / name).is_symlink():
            raise BadInput(f"'{_called(top, name)}' is a link; remove it, and try again.")


def is_clone() -> bool:
    """Whether the learner works in a clone of the project, where ``solutions/`` and ``lessons/`` lie beside."""
    return found_home() == PROJECT and not IS_INSTALLED
