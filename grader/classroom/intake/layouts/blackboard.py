"""Command: Blackboard's "Assignment File Download".

``Homework 5_alee_attempt_2026-10-02-11-05-30_work.zip`` for each file, and a receipt without a file's name, ``.txt``,
that begins with ``Name: Ann Lee (alee)``. The times are those of the server's time zone, which it does not name; they
are taken for those of this machine's. Published in Blackboard's help for instructors, "Download assignments".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from grader.classroom.intake.layouts.pieces import Piece, printable, shared_beginning

TITLE = "Blackboard's download of an assignment"
# What comes after the first time is the learner's own name for a file, which may hold anything.
_NAME = re.compile(
    r"(?P<before>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(?P<receipt>\.txt))?",
    re.DOTALL | re.IGNORECASE,
)
_RECEIPT = re.compile(r"\s*Name:(?P<name>[^\n]*)\((?P<login>[^()\n]+)\)[ \t\r]*(?:\n|$)")
_LONGEST_RECEIPT = 4096


def fits(paths: Iterable[Path]) -> bool:
    """Whether any name is one of Blackboard's."""
    return bool(places(paths))


def places(paths: Iterable[Path]) -> list[int]:
    """Where Blackboard's own part begins in each name that is one of Blackboard's."""
    matches = (_NAME.fullmatch(printable(path.name)) for path in paths)
    return [match.end("before") for match in matches if match]


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The files that Blackboard names, by login; receipts tell the learner's name."""
    matches = [(path, match) for path in paths if (match := _NAME.fullmatch(printable(path.name)))]
    names: dict[str, str] = {}
    logins: dict[str, str] = {}
    for path, match in matches:
        before = match["before"]
        if match["receipt"] and (receipt := _receipt(path)) and before.endswith(f"_{receipt['login']}"):
            names[before], logins[before] = receipt["name"].strip(), receipt["login"]
    assignments = {before.removesuffix(login) for before, login in logins.items()}
    shared = shared_beginning({match["before"] for _, match in matches}, "_")
    found = []
    for path, match in matches:
        before = match["before"]
        known = [before.removeprefix(each) for each in assignments if before.startswith(each)]
        login = logins.get(before) or (known[0] if len(known) == 1 else "")
        name = names.get(before, "")
        keys = {"login": login, **({"name": name} if name else {})}
        if not login:  # assignments and logins may hold a "_": the roster knows where a login begins, see `matching`
            login = before.removeprefix(shared) if shared else before.rpartition("_")[2]
            keys |= {"login": login, "behind assignment": before}
        found.append(Piece(path, match["file"] or "", login, name, keys, _time(match["time"])))
    return found


def _receipt(path: Path) -> re.Match[str] | None:
    with suppress(OSError):
        if not path.is_symlink() and path.is_file():
            with path.open("rb") as file:
                return _RECEIPT.match(file.read(_LONGEST_RECEIPT).decode("utf-8-sig", "replace"))
    return None


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S").astimezone()
    except (ValueError, OverflowError):
        return None
