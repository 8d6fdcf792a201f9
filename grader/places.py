"""Every process: where the course's files lie, and where the learner works.

In a clone of the project the two are the same folder. Installed from a wheel, the course lies in the package (see
``.packaging/hatch_build.py``), and learners work in a folder that ``workbook init`` has made.
"""

from __future__ import annotations

import os
import re
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
_LIBRARIES = "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"
_OF_THE_SYSTEM = re.compile(
    r".*\.so(\..*)?|.*-linux-.*|python3.*|os-release|locale|gconv|nss|ssl|openssl|ossl-modules|engines-.*|sasl2|charset.*"
)
_MOST_LIBRARIES = 300  # to be told apart: each takes a rule, and an open file

# A table in the file pyproject.toml of a folder that `workbook init` has made.
MARK = "[tool.workbook]"


def library_folders() -> list[Path]:
    """The folders on this machine that hold libraries, the system's and Python's."""
    named = (*(f"{prefix}/{name}" for prefix in PREFIXES for name in ("lib", "lib64")), *_LIBRARIES)
    return list(dict.fromkeys(path for path in map(Path.resolve, map(Path, named)) if path.is_dir()))


def is_a_library(name: str) -> bool:
    """Whether what has this name in a folder of libraries is the system's, or Python's: anybody may have put something
    else there, a course too."""
    return _OF_THE_SYSTEM.fullmatch(name) is not None


def libraries_in(folder: Path) -> list[Path]:
    """What is the system's, or Python's, in a folder of libraries; the folder itself where that is too much."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry).resolve() for entry in entries if is_a_library(entry.name)]
    except OSError:
        return []
    return found if len(found) <= _MOST_LIBRARIES else [folder]


def other_courses() -> list[Path]:
    """Where else among the libraries of Python the solutions lie: installed with a wheel."""
    found = {f"{entry}/{PACKAGE.name}" for entry in sys.path}
    for folder in library_folders():
        pythons = (place for place in _folders_in(str(folder)) if place.rpartition("/")[2].startswith("python3"))
        found |= {f"{each}/{name}/{PACKAGE.name}" for each in pythons for name in ("site-packages", "dist-packages")}
    held = {each for each in found for course in ("", "/course") if os.access(f"{each}{course}/solutions", os.F_OK)}
    return sorted({Path(each).resolve() for each in held} - {PACKAGE})


def _folders_in(folder: str) -> list[str]:
    """Paths of the folders in a folder; `Path.glob` takes ten times as long."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [entry.path for entry in entries if entry.is_dir()]
    return []


def is_made_by_init(folder: Path) -> bool:
    """Whether ``workbook init`` has made a folder."""
    try:
        return MARK in (folder / "pyproject.toml").read_text(encoding="utf-8").splitlines()
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
        names: the files, as they are called from there.

    Raises:
        BadInput: one of them lies elsewhere.
    """
    for folder in dict.fromkeys(parent for name in names for parent in reversed(Path(name).parents)):
        if folder.parts and (top / folder).is_symlink():
            raise BadInput(f"'{top.name}/{folder.as_posix()}' is a link; put the folder itself there, and try again.")


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
        file = top / name
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise BadInput(f"'{top.name}/{name}' is a link, or no ordinary file; remove it, and try again.")


def is_clone() -> bool:
    """Whether the learner works in a clone of the project, where ``solutions/`` and ``lessons/`` lie beside."""
    return found_home() == PROJECT and not IS_INSTALLED
