"""Command: finds the submissions in a folder, one for each learner."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grader import BadInput
from grader.rules import CHAPTERS
from grader.shown import harmless

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHER_ARCHIVES = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True)
class Entry:
    """A submission that was found, not yet read."""

    learner: str
    path: Path


def find(folder: Path) -> tuple[list[Entry], list[str]]:
    """The submissions in a folder, by learner.

    Returns:
        The submissions, and the names of files that are none.

    Raises:
        BadInput: the folder does not exist, is itself one submission, holds none, or two of one learner.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder '{folder}'. Give the folder that holds one submission for each learner.")
    if any((folder / chapter).is_dir() or (folder / "chapters" / chapter).is_dir() for chapter in CHAPTERS):
        raise BadInput(
            f"'{folder}' is one submission. Give the folder that holds a folder, zip or tar archive per learner."
        )
    found: dict[str, Entry] = {}
    ignored = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        learner = _learner(path)
        if not learner:
            ignored.append(_printable(path.name))
        elif learner in found:
            raise BadInput(
                f"There are two submissions of '{learner}', {_printable(found[learner].path.name)} and "
                f"{_printable(path.name)}. Rename or remove one."
            )
        else:
            found[learner] = Entry(learner, path)
    if not found:
        raise BadInput(f"'{folder}' holds no submission. Put a folder, zip or tar archive for each learner in it.")
    return list(found.values()), ignored


def _learner(path: Path) -> str:
    """The learner's id: the name of the folder, or of the archive without its ending."""
    name = _printable(path.name)
    if path.is_dir():
        return name
    endings = sorted((*ARCHIVES, *_OTHER_ARCHIVES), key=len, reverse=True)
    ending = next((ending for ending in endings if name.lower().endswith(ending)), "")
    return name[: -len(ending)].strip() if ending else ""


def _printable(name: str) -> str:
    """A file name as text that can be written anywhere."""
    return harmless(os.fsencode(name).decode("utf-8", "replace").strip().replace("\n", "\\n").replace("\t", "\\t"))
