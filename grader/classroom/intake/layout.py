"""Command: which folder of a submission holds the chapters."""

from __future__ import annotations

from collections.abc import Iterable

# Folders of a clone that hold no work of the learner's, or copies of what is not theirs.
NOT_THEIRS = {"solutions", "tests", "grader", "notebooks", "node_modules", "__MACOSX", "__pycache__", "site-packages"}
DEEPEST = 4


def root_of(places: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Of all folders that hold chapters the one that is meant: the topmost; ``chapters`` before its neighbours."""

    def rank(place: tuple[str, ...]) -> tuple[int, bool, tuple[str, ...]]:
        in_chapters = place[-1:] == ("chapters",)
        return len(place) - in_chapters, not in_chapters, place

    allowed = [place for place in places if not NOT_THEIRS & set(place) and len(place) <= DEEPEST]
    return min((place for place in allowed if not any(part.startswith(".") for part in place)), key=rank, default=None)
