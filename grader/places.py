"""Every process: where the course's files lie, and where the learner works.

In a clone of the project the two are the same folder. Installed from a wheel, the course lies in the package (see
``.packaging/hatch_build.py``), and learners work in a folder that ``workbook init`` has made.
"""

from __future__ import annotations

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


def kept() -> Path:
    """Where backups and what is known are kept."""
    return (found_home() or Path.cwd()) / ".workbook"


def is_clone() -> bool:
    """Whether the learner works in a clone of the project, where ``solutions/`` and ``lessons/`` lie beside."""
    return found_home() == PROJECT and not IS_INSTALLED
