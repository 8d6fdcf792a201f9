"""Command: repositories of GitHub Classroom, as ``gh classroom clone student-repos`` lays them out.

``crud-submissions/`` holds ``crud-alee/`` for the assignment ``crud`` and the login ``alee``. A clone does not say when
it was handed in; the grades that GitHub Classroom exports do (``--roster``). Published in the source of
``gh-classroom``, ``cmd/gh-classroom/clone/student-repos``.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable
from pathlib import Path

from grader.classroom.intake.layouts.pieces import Piece, printable

TITLE = "clones of GitHub Classroom's repositories"
_FOLDER = "-submissions"


def fits(paths: Iterable[Path]) -> bool:
    """Whether these are clones of one assignment."""
    folders = [path for path in paths if path.is_dir()]
    if not folders or not prefix_of(folders):
        return False
    return folders[0].parent.name.endswith(_FOLDER) or all((path / ".git").exists() for path in folders)


def prefix_of(folders: list[Path]) -> str:
    """What all names begin with before the login: the assignment, as the folder above is called, or what they share."""
    names = [path.name for path in folders]
    above = folders[0].parent.resolve().name if folders else ""
    if above.endswith(_FOLDER) and all(name.startswith(f"{above.removesuffix(_FOLDER)}-") for name in names):
        return f"{above.removesuffix(_FOLDER)}-"
    shared = os.path.commonprefix(names) if len(names) > 1 else ""  # noqa: RUF071  (letters are meant)
    return shared[: shared.rfind("-") + 1]


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The repositories, by login."""
    folders = [path for path in paths if path.is_dir()]
    prefix = prefix_of(folders)
    found = []
    for path in folders:
        name = printable(path.name)
        login = name.removeprefix(prefix) or name
        # Where it is not known how long the assignment's name is, the roster knows: see `matching`.
        found.append(Piece(path, name, login, keys={"login": login, "repository": name}))
    return found
