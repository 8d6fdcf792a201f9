"""Command: what the layouts have in common: pieces of submissions, put together by learner."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from grader.classroom.intake.entry import Entry, Source
from grader.shown import harmless


@dataclass(frozen=True)
class Piece:
    """A folder or file of a download.

    Attributes:
        path: where it lies.
        file: what the learner called it; empty for what is none of the learner's files, such as a receipt.
        learner: the learner's id, as the layout has it.
        name: the learner's name, where the layout has it.
        keys: other things that a roster may know the learner by, see `Entry`.
        submitted: when it was handed in, where the layout says so.
        note: what there is to say about it, in a sentence.
        otherwise: what its name may say instead, if the roster has that one.
    """

    path: Path
    file: str
    learner: str
    name: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    submitted: datetime | None = None
    note: str = ""
    otherwise: tuple[Piece, ...] = ()


def put_together(pieces: Iterable[Piece]) -> list[Entry]:
    """The pieces of each learner; of several attempts the last one counts."""
    by_learner: dict[str, list[Piece]] = {}
    doubtful = []
    for piece in pieces:
        if piece.otherwise:
            doubtful.append(replace(_entry([piece]), otherwise=tuple(_entry([each]) for each in piece.otherwise)))
        else:
            by_learner.setdefault(folded(piece.learner), []).append(piece)
    return [*(_entry(found) for found in by_learner.values()), *doubtful]


def put_in_rows(entries: Iterable[Entry]) -> list[Entry]:
    """One for each learner where there is no roster: names say what they say first."""
    rows: dict[str, list[Entry]] = {}
    for entry in entries:
        rows.setdefault(folded(entry.learner), []).append(entry)
    return [put_in_one(row) for row in rows.values()]


def _entry(pieces: list[Piece]) -> Entry:
    times = sorted({piece.submitted for piece in pieces if piece.submitted is not None})
    last = [piece for piece in pieces if not times or piece.submitted == times[-1]]
    notes = list(dict.fromkeys(piece.note for piece in last if piece.note))
    if not times and len({printable(piece.path.name) for piece in last if piece.file}) > 1 and _are_whole(last):
        notes.append(f"{len(last)} submissions: {', '.join(printable(piece.path.name) for piece in last)}")
    if len(times) > 1:
        notes.append(f"{len(times)} attempts; the last one counts, of {times[-1]:%Y-%m-%d %H:%M}")
    return Entry(
        learner=last[0].learner,
        sources=tuple(Source(piece.path, piece.file) for piece in last if piece.file),
        name=next((piece.name for piece in last if piece.name), ""),
        keys={kind: value for piece in last for kind, value in piece.keys.items()},
        submitted=times[-1] if times else None,
        notes=tuple(notes),
        names=tuple(printable(piece.path.name) for piece in last),
    )


def _are_whole(pieces: Sequence[Piece]) -> bool:
    """Whether each of them is called by the learner's id alone: the platform did not give out its parts."""
    return all(not piece.keys for piece in pieces)


def put_in_one(entries: Sequence[Entry]) -> Entry:
    """Several submissions of one learner as one; where their times are known, the last of them."""
    times = [entry.submitted for entry in entries if entry.submitted is not None]
    if len(entries) == 1:
        return entries[0]
    last = [entry for entry in entries if len(times) < len(entries) or entry.submitted == max(times)]
    names = [name for entry in entries for name in entry.names]
    counts = f"; the last one counts, {', '.join(last[0].names)}" if len(last) < len(entries) else ""
    return Entry(
        learner=last[0].learner,
        sources=tuple(source for entry in last for source in entry.sources),
        name=last[0].name,
        keys=last[0].keys,
        submitted=max(times, default=None),
        notes=(f"{len(entries)} submissions: {', '.join(names)}{counts}", *(n for each in last for n in each.notes)),
        names=tuple(name for entry in last for name in entry.names),
    )


def shared_beginning(names: Collection[str], dash: str) -> str:
    """What several names begin with, up to a dash; empty for a single one."""
    shared = os.path.commonprefix(list(names)) if len(names) > 1 else ""  # noqa: RUF071  (letters are meant)
    return shared[: shared.rfind(dash) + 1]


def folded(text: str) -> str:
    """Text as ids are compared: after Unicode normalisation, without case; ``Weiß`` and ``Weiss`` are two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())


def loosely(text: str) -> str:
    """Text as systems change it that know fewer letters: by this alone nobody is somebody else."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())


def printable(name: str) -> str:
    """A file name as text that can be written anywhere; two names are two texts, also where they are no UTF-8."""
    told = os.fsencode(_LIKE_AN_ESCAPE.sub(r"\\\\", name)).decode("utf-8", "backslashreplace")
    return harmless(told.strip().replace("\n", "\\n").replace("\t", "\\t"))


# What stands for a letter where it cannot be shown.
_LIKE_AN_ESCAPE = re.compile(r"\\(?=x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])")
