"""Every process: where the course's files lie, and where the learner works.

In a clone of the project the two are the same folder. Installed from a wheel, the course lies in the package (see
``.packaging/hatch_build.py``), and learners work in a folder that ``workbook init`` has made.
"""

from __future__ import annotations

import os
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

# A table in the file pyproject.toml of a folder that `workbook init` has made.
MARK = "[tool.workbook]"


def other_courses() -> list[Path]:
    """Where else among the libraries of this machine the solutions lie: installed with a wheel, or in a clone."""
    found = {f"{entry}/{PACKAGE.name}" for entry in sys.path}
    for prefix in {sys.prefix, sys.base_prefix, "/usr", "/usr/local"}:
        for place in (*_folders_in(f"{prefix}/lib"), *_folders_in(f"{prefix}/lib64")):
            pythons = [place] if place.rpartition("/")[2].startswith("python3") else []
            if os.access(f"{place}/pyvenv.cfg", os.F_OK):  # somebody's environment
                pythons = _folders_in(f"{place}/lib")
            packages = (f"{python}/{name}" for python in pythons for name in ("site-packages", "dist-packages"))
            found |= {place, *(f"{each}/{PACKAGE.name}" for each in packages)}
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
