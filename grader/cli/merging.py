"""Commands: brings what has changed in a given file into the learner's, line by line.

Three texts: what the learner was given, what they made of it, what is given now. A change of one side is taken over;
where both have changed the same lines, it is a conflict (S. Khanna, K. Kunal, B. Pierce, "A Formal Investigation of
Diff3", 2007). Changes that only touch are none: the comment above a task may be reworded while the task is done.
What a learner wrote stays below the comment that it was written for: a new task comes after it, or it is a conflict.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Lines = Sequence[str]

# What stands in the place of a task's code. Other words in it change nothing for a learner who has done the task.
_STUB = re.compile(r'raise NotImplementedError\("\d+\.\d+ [^"]*"\)')
_TASK = re.compile(r"^\s*# \d+\.\d+ ")


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
    pieces = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    slid = 0  # how many lines an insertion was moved down into the equal piece after it
    for number, (kind, first, last, begin, end) in enumerate(pieces):
        first, begin = first + slid, begin + slid
        if kind == "equal":
            for here, there in zip(range(first, last), range(begin, end), strict=True):
                yield from _one_line(given, here, other[there], is_mine)
            slid = 0
            continue
        if kind == "insert" and not is_mine:
            # Where lines repeat, there are several places; the last one leaves a stub with its own task.
            room = pieces[number + 1][2] - last if number + 1 < len(pieces) else 0
            while slid < room and before[last + slid] == after[begin + slid]:
                yield from _one_line(given, last + slid, other[begin + slid], is_mine)
                slid += 1
            first, last, begin, end = (place + slid for place in (first, last, begin, end))
        yield from _new_tasks_apart(given, _Edit(first, last, tuple(other[begin:end]), is_mine))


def _one_line(given: Lines, place: int, line: str, is_mine: bool) -> Iterator[_Edit]:
    if given[place] != line:
        yield _Edit(place, place + 1, (line,), is_mine)


def _new_tasks_apart(given: Lines, edit: _Edit) -> Iterator[_Edit]:
    """An edit that rewords tasks and adds others after them, as two."""
    tasks = [number for number, line in enumerate(edit.lines) if _TASK.match(line)]
    earlier = sum(bool(_TASK.match(line)) for line in given[edit.first : edit.last])
    if edit.is_mine or not earlier or len(tasks) <= earlier:
        yield edit
        return
    begin = tasks[earlier]
    while begin and not edit.lines[begin - 1].strip():
        begin -= 1
    yield _Edit(edit.first, edit.last, edit.lines[:begin], False)
    yield _Edit(edit.last, edit.last, edit.lines[begin:], False)


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
            follows = same_place and _begins_a_task(edit) and all(each.is_mine for each in group)
            # The learner's lines would end up below the comment of a task that is new.
            below = edit.is_mine and any(
                not each.is_mine and each.last == edit.first and _has_task(each) for each in group
            )
            if edit.first >= last and (follows or not (same_place or below)):
                yield group
                group = []
        group.append(edit)
    if group:
        yield group


def _has_task(edit: _Edit) -> bool:
    """Whether lines are brought, with a task among them."""
    return len(edit.lines) > edit.last - edit.first and any(_TASK.match(line) for line in edit.lines)


def _begins_a_task(edit: _Edit) -> bool:
    """Whether what is brought is a new task, which comes after what the learner wrote for the one before."""
    written = [line for line in edit.lines if line.strip()]
    return not edit.is_mine and bool(written) and _TASK.match(written[0]) is not None


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
