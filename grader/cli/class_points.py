"""Command ``workbook class``: what the instructor says about points and grades; what is not said is as last time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.classroom.intake import by_hand, late
from grader.classroom.output.marks import Terms, terms_of
from grader.classroom.output.platforms import Grades
from grader.classroom.store import Store


class Points:
    """What the instructor says about points beside the weights; what is not given is as last time.

    Args:
        weights_file: the TOML with the weights, which may speak of late work.
        by_hand_file: points and comments by hand.

    Raises:
        BadInput: one of them cannot be read, or means nothing.
    """

    def __init__(self, weights_file: Path | None, by_hand_file: Path | None) -> None:
        self._late = late.load(weights_file)
        self._by_hand = by_hand.load(by_hand_file) if by_hand_file is not None else None
        self._names = {"late": weights_file, "by_hand": by_hand_file}

    def terms(self, store: Store, points: Mapping[str, float]) -> Terms:
        """By what points are given, kept for the next time.

        Raises:
            BadInput: somebody is named who is not in the class.
        """
        ids = [row.learner.id for row in store.learners()]
        if self._names["late"] is not None:
            extended = self._late.extensions if self._late else ()
            by_hand.known_only(extended, ids, f"'{self._names['late']}'")
            store.describe(late=self._late.to_dict() if self._late else None)
        if self._by_hand is not None:
            named = [each.learner for each in self._by_hand if each.learner]
            by_hand.known_only(named, ids, f"'{self._names['by_hand']}'")
            store.describe(by_hand=[vars(each) for each in self._by_hand])
        return terms_of(store, points)


def grades_as_asked(store: Store, scale: str | None, digits: int | None, assignment: str | None) -> Grades:
    """How grades are written; what is not given is as last time."""
    known = store.about("grades") or {}
    given = {"scale": scale, "digits": digits, "assignment": assignment}
    grades = Grades(**{**known, **{name: value for name, value in given.items() if value is not None}})
    store.describe(grades=vars(grades))
    return grades
