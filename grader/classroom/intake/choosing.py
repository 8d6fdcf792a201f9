"""Command: which of several copies of a chapter counts, by the rule that the README states, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.classroom.intake.layout import Parts, is_spare, starter_files
from grader.classroom.intake.submission import Chapter, shown
from grader.rules import CHAPTERS


@dataclass(frozen=True)
class Copy:
    """One copy of a chapter.

    Attributes:
        chapter: name of the chapter.
        place: path of its folder, with the archives that it lies in.
        exact: whether it is called as the chapter is.
        code: what it holds.
        note: how it was understood, where that is not plain.
    """

    chapter: str
    place: Parts
    exact: bool
    code: Chapter
    note: str = ""


def choose(copies: Iterable[Copy]) -> tuple[dict[str, Chapter], list[str]]:
    """The copy of each chapter that counts.

    Returns:
        The chapters by name, and what was chosen, in sentences.
    """
    by_chapter: dict[str, list[Copy]] = {}
    for copy in copies:
        by_chapter.setdefault(copy.chapter, []).append(copy)
    ranked = {name: sorted(by_chapter[name], key=_rank) for name in CHAPTERS if name in by_chapter}
    chosen = {name: found[0] for name, found in ranked.items()}
    notes = [copy.note for copy in chosen.values() if copy.note]
    places = {_above(copy) for copy in chosen.values()}
    if len(places) > 1:
        said = [
            f"{shown(place or '.')} ({_few([name for name, copy in chosen.items() if _above(copy) == place])})"
            for place in sorted(places)
        ]
        notes.append(f"chapters from {len(places)} places: {', '.join(said)}")
    return {name: copy.code for name, copy in chosen.items()}, notes + _left_out(ranked)


def _rank(copy: Copy) -> tuple[object, ...]:
    """The lowest counts. The README states this rule."""
    above = copy.place[:-1]
    in_chapters = above[-1:] == ("chapters",)
    return (
        bool(copy.code.refused),
        is_starter(copy),
        not copy.exact,
        any(is_spare(part) for part in above),
        len(above) - in_chapters,
        not in_chapters,
        [part.endswith((".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz")) for part in above],
        copy.place,
    )


def is_starter(copy: Copy) -> bool:
    """Whether a copy is the starter's code, line ends aside."""
    given = starter_files(copy.chapter)
    return copy.code.files.keys() == given.keys() and all(
        content.replace(b"\r\n", b"\n") == given[path] for path, content in copy.code.files.items()
    )


def _above(copy: Copy) -> str:
    return "/".join(copy.place[:-1])


def _left_out(ranked: dict[str, list[Copy]]) -> list[str]:
    """One sentence for the chapters that were chosen and left out in the same way."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for name, (first, *others) in ranked.items():
        if not others:
            continue
        if first.place[-1] == name and all(other.place[-1] == name for other in others):
            took, left = _above(first) or ".", tuple((_above(other) or ".", _why(first, other)) for other in others)
        else:
            took = "/".join(first.place)
            left = tuple(("/".join(other.place), _why(first, other)) for other in others)
        groups.setdefault((took, left), []).append(name)
    return [
        f"{len(left) + 1} copies of {_few(names)}: took {shown(took)}, not "
        + ", ".join(f"{shown(place)} ({why})" for place, why in left)
        for (took, left), names in groups.items()
    ]


def _why(first: Copy, other: Copy) -> str:
    if first.code.digest == other.code.digest:
        return "the same code"
    if other.code.refused:
        return "cannot be graded"
    return "the untouched starter" if is_starter(other) else "other code"


def _few(names: Sequence[str]) -> str:
    """Chapters in few words."""
    numbers = [CHAPTERS.index(name) for name in names]
    if len(names) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)
