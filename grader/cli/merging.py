"""Commands: brings what has changed in a given file into the learner's, line by line.

Three texts: what the learner was given, what they made of it, what is given now. A change of one side is taken over;
where both have changed the same lines, it is a conflict (S. Khanna, K. Kunal, B. Pierce, "A Formal Investigation of
Diff3", 2007). Changes that only touch are none: the comment above a task may be reworded while the task is done.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Lines = Sequence[str]

# What stands in the place of a task's code. Other words in it change nothing for a learner who has done the task.
_STUB = re.compile(r'raise NotImplementedError\("\d+\.\d+ .*"\)')


@dataclass(frozen=True)
class Conflict:
    """Lines that both sides have changed: how they were given, the learner's, and how they are given now."""

    given: tuple[str, ...]
    mine: tuple[str, ...]
    new: tuple[str, ...]


Piece = tuple[str, ...] | Conflict


@dataclass(frozen=True)
class _Edit:
    """Lines `first` to `last` (not included) of what was given become others; `is_mine` says by whom."""

    first: int
    last: int
    lines: tuple[str, ...]
    is_mine: bool


def merge(given: Lines, mine: Lines, new: Lines) -> list[Piece]:
    """The learner's file with what has changed in the given one, as lines that are clear, and conflicts.

    Args:
        given: what the learner was given.
        mine: what they made of it.
        new: what is given now.
    """
    edits = sorted([*_edits(given, mine, True), *_edits(given, new, False)], key=lambda edit: (edit.first, edit.last))
    pieces: list[Piece] = []
    place = 0
    for group in _overlapping(_without_idle_stubs(given, edits)):
        first, last = group[0].first, max(edit.last for edit in group)
        pieces.append(tuple(given[place:first]))
        pieces.append(_together(given, first, last, group))
        place = last
    return [*pieces, tuple(given[place:])]


def text_of(pieces: Sequence[Piece], *, keep_mine: bool) -> list[str]:
    """The lines of a merged file, with the learner's or the new lines where there is a conflict."""
    found: list[str] = []
    for piece in pieces:
        found += (piece.mine if keep_mine else piece.new) if isinstance(piece, Conflict) else piece
    return found


def _edits(given: Lines, other: Lines, is_mine: bool) -> Iterator[_Edit]:
    before, after = ([_STUB.sub("to do", line) for line in lines] for lines in (given, other))
    for kind, first, last, begin, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _Edit(first, last, tuple(other[begin:end]), is_mine)
            continue
        for here, there in zip(range(first, last), range(begin, end), strict=True):
            if given[here] != other[there]:
                yield _Edit(here, here + 1, (other[there],), is_mine)


def _without_idle_stubs(given: Lines, edits: Sequence[_Edit]) -> list[_Edit]:
    """The changes without new words in a stub that the learner has replaced by code."""
    mine = [edit for edit in edits if edit.is_mine]

    def is_idle(edit: _Edit) -> bool:
        is_stub = all(_STUB.search(line) for line in (*given[edit.first : edit.last], *edit.lines))
        return is_stub and any(each.first <= edit.first and edit.last <= each.last for each in mine)

    return [edit for edit in edits if edit.is_mine or not is_idle(edit)]


def _overlapping(edits: Sequence[_Edit]) -> Iterator[list[_Edit]]:
    """The edits in order, those together that change the same lines, or bring lines to the same place."""
    group: list[_Edit] = []
    for edit in edits:
        if group:
            last = max(each.last for each in group)
            same_place = edit.first == edit.last == last and any(each.first == each.last == last for each in group)
            if edit.first >= last and not same_place:
                yield group
                group = []
        group.append(edit)
    if group:
        yield group


def _together(given: Lines, first: int, last: int, group: Sequence[_Edit]) -> Piece:
    before = tuple(given[first:last])
    mine = _side(given, first, last, [edit for edit in group if edit.is_mine])
    new = _side(given, first, last, [edit for edit in group if not edit.is_mine])
    if mine in (new, before):
        return new
    return mine if new == before else Conflict(before, mine, new)


def _side(given: Lines, first: int, last: int, edits: Sequence[_Edit]) -> tuple[str, ...]:
    lines: list[str] = []
    for edit in edits:
        lines += [*given[first : edit.first], *edit.lines]
        first = edit.last
    return (*lines, *given[first:last])
