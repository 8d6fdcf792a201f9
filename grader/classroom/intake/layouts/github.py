"""Command: repositories of GitHub Classroom, as ``gh classroom clone student-repos`` lays them out.

``crud-submissions/`` holds ``crud-alee/`` for the assignment ``crud`` and the login ``alee``. A clone does not say when
it was handed in; the grades that GitHub Classroom exports do (``--roster``). Published in the source of
``gh-classroom``, ``cmd/gh-classroom/clone/student-repos``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.classroom.intake.layouts.pieces import Piece, printable, shared_beginning

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
    return _named_above(folders) or _shared(folders)


def _named_above(folders: list[Path]) -> str:
    above = folders[0].parent.resolve().name if folders else ""
    prefix = f"{above.removesuffix(_FOLDER)}-"
    return prefix if above.endswith(_FOLDER) and all(path.name.startswith(prefix) for path in folders) else ""


def _shared(folders: list[Path]) -> str:
    return shared_beginning([path.name for path in folders], "-")


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The repositories, by login."""
    folders = [path for path in paths if path.is_dir()]
    prefix = prefix_of(folders)
    # Where the folder above is not the assignment's, or all names share more, nobody knows where a login begins.
    is_known = bool(_named_above(folders)) and _shared(folders) in ("", prefix)
    found = []
    for path in folders:
        name = printable(path.name)
        login = name.removeprefix(prefix) or name
        keys = {"login": login, "repository": name}
        if not is_known:  # the roster knows how long the assignment's name is: see `matching`
            keys["ends with login"] = name
        found.append(Piece(path, name, login, keys=keys))
    return found
