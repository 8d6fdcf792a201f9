"""Commands: what is known from earlier runs, kept in ``.workbook/`` by stable ids.

Outcomes are kept with a fingerprint of the chapter's code and one of the grader: as soon as one of them has changed,
they count for nothing. The files can be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader import keeping, versions
from grader.cli.place import Place
from grader.rules import rules_of
from grader.starters import TooMuch, code_files, read_code

_OUTCOMES = "progress.json"
_HINTS = "hints.json"


def fingerprint(place: Place, chapter: str) -> str:
    """A fingerprint of the code of a chapter in a submission."""
    return _digest(place.folder / chapter / "app", place.folder)


def known(place: Place, chapter: str, database: str) -> dict[str, str]:
    """The outcomes of all rules of a chapter, by their ids, or nothing where the code or the grader has changed."""
    entry = _entry(place, chapter, database)
    if entry.get("grader") != versions.fingerprint() or entry.get("code") != fingerprint(place, chapter):
        return {}
    outcomes = entry.get("outcomes")
    if not isinstance(outcomes, dict) or set(outcomes) != {rule.id for rule in rules_of(chapter)}:
        return {}
    return outcomes if all(isinstance(each, str) for each in outcomes.values()) else {}


def is_new(place: Place, chapter: str) -> bool:
    """Whether the code of a chapter was never graded, by whatever version of the grader."""
    return _entry(place, chapter, "sqlite").get("code") != fingerprint(place, chapter)


def _entry(place: Place, chapter: str, database: str) -> dict[str, Any]:
    entry = keeping.read(_OUTCOMES).get(f"{chapter} {database}") if place.own else None
    return entry if isinstance(entry, dict) else {}


def keep(place: Place, chapter: str, database: str, code: str, outcomes: Mapping[str, str]) -> None:
    """Keep the outcomes of some rules of a chapter.

    Args:
        place: the submission; only the learner's own is kept.
        chapter: the chapter's name.
        database: where the checks ran.
        code: fingerprint of the code that was judged.
        outcomes: the outcomes by the rules' ids. What was a matter of time is not kept: it may be different next time.
    """
    if not place.own:
        return
    same = {"grader": versions.fingerprint(), "code": code}
    entry = _entry(place, chapter, database)
    earlier = entry.get("outcomes") if same.items() <= entry.items() else {}
    earlier = earlier if isinstance(earlier, dict) else {}
    merged = {name: outcome for name, outcome in {**earlier, **outcomes}.items() if outcome != "timeout"}
    _write(_OUTCOMES, {**keeping.read(_OUTCOMES), f"{chapter} {database}": {**same, "outcomes": merged}})


def hints_seen(task: str) -> int:
    """How many hints for a task were shown already."""
    seen = keeping.read(_HINTS).get(task, 0)
    return max(0, seen) if isinstance(seen, int) else 0


def see_hints(counts: Mapping[str, int]) -> None:
    """Remember how many hints were shown, by the tasks' numbers."""
    _write(_HINTS, {**keeping.read(_HINTS), **counts})


def rename_tasks(numbers: Mapping[str, str]) -> None:
    """Tasks have another number now: what is known of each goes with it.

    Args:
        numbers: the new number by the old.
    """
    seen = keeping.read(_HINTS)
    if set(numbers) & set(seen):
        others = {number: count for number, count in seen.items() if number not in numbers}
        moved = {new: seen[old] for old, new in numbers.items() if old in seen}
        _write(_HINTS, {**others, **moved})


def _digest(folder: Path, root: Path) -> str:
    parts = ["link"] if folder.is_symlink() or folder.parent.is_symlink() else []
    try:
        for path, file in code_files(folder, root):
            with suppress(OSError):
                parts.append(f"{path.relative_to(root).as_posix()} {_sum(read_code(file))}")
    except TooMuch as problem:
        parts.append(str(problem))
    return _sum("\n".join([str(folder.is_dir()), *parts]).encode())


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(name: str, data: Mapping[str, Any]) -> None:
    """Write a file in ``.workbook/``; where that is not allowed, nothing is kept."""
    with suppress(OSError):
        keeping.write(name, data)
