"""Command: which folders and files of a submission hold a chapter's code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath

from grader.places import SOLUTIONS
from grader.rules import CHAPTERS
from grader.starters import files_of, starter_of

Parts = tuple[str, ...]

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
OTHER_ARCHIVES = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")

# Folders of a clone that hold no work of the learner's, or copies of what is not theirs.
NOT_THEIRS = {"solutions", "tests", "grader", "notebooks", "node_modules", "__MACOSX", "__pycache__", "site-packages"}
DEEPEST = 4

# "05_crud (1)", "05_crud - Copy", "Copy of 05_crud", "05_crud_backup": the chapter's name, and words beside it.
_CHAPTER = re.compile(rf"(?:.*[^a-z0-9])?({'|'.join(CHAPTERS)})(?:[^a-z0-9].*)?", re.IGNORECASE | re.DOTALL)
_SPARE = re.compile(
    r"(?:^|[^a-z])(?:backups?|bak|old|older|copy|copies|copia|copie|kopie|orig(?:inal)?|previous|archived?|alt|"
    r"sicherung|temp|tmp|trash|starter|unused)(?:$|[^a-z])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^[ \t]*# (\d{1,2})\.\d+ ", re.MULTILINE)
_COUNTED = re.compile(r"(.+?)(?:-\d+| ?\(\d+\))")


def without_ending(name: str) -> str:
    """The name of an archive without its ending; any other name as it is."""
    endings = sorted((*ARCHIVES, *OTHER_ARCHIVES), key=len, reverse=True)
    ending = next((ending for ending in endings if name.lower().endswith(ending)), "")
    return name[: -len(ending)] if ending else name


@cache
def chapter_of(name: str) -> str:
    """The chapter that a folder's name tells, also with words beside it; empty for none."""
    found = _CHAPTER.fullmatch(name)
    return found[1].lower() if found else ""


def is_theirs(place: Parts) -> bool:
    """Whether a place can hold work of the learner's."""
    return not NOT_THEIRS & set(place) and not any(part.startswith(".") for part in place)


def is_spare(part: str) -> bool:
    """Whether a folder's name says that it is a copy kept aside."""
    return bool(_SPARE.search(part))


def chapter_in(code: str) -> str:
    """The chapter that code belongs to, by its numbered comments, of which later chapters keep the earlier ones."""
    numbers = [int(number) for number in _NUMBERED.findall(code) if 1 <= int(number) <= len(CHAPTERS)]
    return CHAPTERS[max(numbers) - 1] if numbers else ""


@cache
def asked_for() -> dict[str, dict[str, str]]:
    """The files that learners write: by name the chapters that ask for it, each with the path in the chapter."""
    found: dict[str, dict[str, str]] = {}
    for chapter in CHAPTERS:
        for files in files_of(chapter).values():
            for file in files:
                found.setdefault(PurePosixPath(file).name, {})[chapter] = file
    return found


def asked_name(name: str) -> str:
    """The name of a file that a chapter asks for, without the number of a later download; empty for any other."""
    if name in asked_for():
        return name
    stem, ending = Path(name).stem, Path(name).suffix
    counted = _COUNTED.fullmatch(stem)
    return plain if counted and (plain := f"{counted[1]}{ending}") in asked_for() else ""


@cache
def starter_files(chapter: str) -> dict[str, bytes]:
    """The code of a chapter as learners get it, by path below its folder."""
    folder = SOLUTIONS / chapter
    return {
        file.relative_to(folder).as_posix(): starter_of(file.read_text(encoding="utf-8"), int(chapter[:2])).encode()
        for file in sorted((folder / "app").rglob("*.py"))
    }
