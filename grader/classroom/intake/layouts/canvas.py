"""Command: Canvas' "Download Submissions" of an assignment.

``leeann_LATE_123_456_work.zip``: the sortable name without blanks and commas, ``LATE`` where it was, the numbers of
user and attachment, and the file's own name; ``anon_Ab1cd_456_work.zip`` where grading is anonymous. Canvas gives no
time of submission. Published in Canvas' source, ``lib/content_zipper.rb``.

A sortable name may end like ``_123``, which people can see to themselves: all that a file's name may say is told, and
the roster decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from grader.classroom.intake.layouts.pieces import Piece, printable

TITLE = "Canvas' download of an assignment"
_NAME = re.compile(
    r"(?:(?P<name>\S+?)_)?(?:(?P<late>LATE)_)?(?:anon_(?P<anonymous>[A-Za-z0-9]+)|(?P<number>\d+))"
    r"_(?:(?P<attachment>\d+)_(?P<file>.+)|text\.html|link\.html)"
)

# Where a longer name may end, as Canvas' own part may begin there too.
_AGAIN = re.compile(r"_(?=(?:LATE_)?(?P<number>\d+)_(?:(?P<attachment>\d+)_(?P<file>.+)|text\.html|link\.html))")


def fits(paths: Iterable[Path]) -> bool:
    """Whether most names are Canvas'."""
    names = [printable(path.name) for path in paths]
    return 2 * sum(_NAME.fullmatch(name) is not None for name in names) > len(names)


def places(paths: Iterable[Path]) -> list[int]:
    """Where Canvas' own part begins in each name that is one of Canvas'; once for each attachment.

    An attachment has a number of its own: in ``HW_3_1_alee_attempt_...`` the numbers are the assignment's.
    """
    matches = [match for path in paths if (match := _NAME.fullmatch(printable(path.name)))]
    found = {}
    for match in matches:
        number = "number" if match["number"] else "anonymous"
        found[match[number], match["attachment"]] = match.start(number)
    return list(found.values())


def pieces(paths: Iterable[Path]) -> list[Piece]:
    """The files that Canvas names, by the user's number."""
    found = []
    for path in paths:
        match = _NAME.fullmatch(printable(path.name))
        if match is None or path.is_dir():
            continue
        name, learner = match["name"] or "", match["number"] or match["anonymous"]
        keys = {"joined name": name, "number": learner} if name else {"number": learner}
        note = "handed in late, says Canvas" if match["late"] else ""
        piece = Piece(path, match["file"] or "", learner, name, keys, note=note)
        found.append(replace(piece, otherwise=tuple(_otherwise(piece, match)) if match["number"] else ()))
    return found


def _otherwise(piece: Piece, match: re.Match[str]) -> Iterator[Piece]:
    """What a file's name says if more of it is the learner's name."""
    known = {piece.learner}
    for again in _AGAIN.finditer(match.string, match.start("number")):
        name, number = match.string[: again.start()], again["number"]
        if number not in known and not re.search(r"\s", name):
            known.add(number)
            keys = {"joined name": name, "number": number}
            yield replace(piece, file=again["file"] or "", learner=number, name=name, keys=keys)
