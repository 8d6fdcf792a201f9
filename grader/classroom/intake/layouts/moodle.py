"""Command: Moodle's "Download all submissions" of an assignment.

With folders, which is the default, ``Ann Lee_12345_assignsubmission_file/`` (with a ``_`` at the end in older
versions), else ``Ann Lee_12345_assignsubmission_file_work.zip``; text typed in lies in ``..._onlinetext``. The number
is that of the participant in the grading worksheet; a ``_`` in a person's name becomes a blank, so the first number
counts. Published in Moodle's source,
``mod/assign/classes/downloader.php``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from grader.classroom.intake.layouts.pieces import Piece, printable

TITLE = "Moodle's download of an assignment"
_NAME = re.compile(r"(?P<name>.*?)(?:_(?P<number>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL)


def fits(paths: Iterable[Path]) -> bool:
    """Whether any name is one of Moodle's."""
    return bool(places(paths))


def places(paths: Iterable[Path]) -> list[int]:
    """Where Moodle's own part begins in each name that is one of Moodle's."""
    matches = (_NAME.fullmatch(printable(path.name)) for path in paths)
    return [match.end("name") for match in matches if match]


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The folders and files that Moodle names, by participant."""
    found = []
    for path in paths:
        match = _NAME.fullmatch(printable(path.name))
        if match is None:
            continue
        name, number = match["name"].strip(), match["number"] or ""
        file = (match["file"] or "") if not path.is_dir() else path.name
        keys = {"name": name, **({"number": number} if number else {})}
        is_text = match["kind"] != "file"
        found.append(Piece(path, "" if is_text else file, number or name, name, keys))
    return found
