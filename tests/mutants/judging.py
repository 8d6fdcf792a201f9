"""Grades mutants, and compares those that survive with the lists of those that are known to behave the same."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.bench import Bench, Target
from grader.rules import rules_of
from tests.mutants.making import Mutant

LISTS = Path(__file__).parent
_AT_ONCE = 40


@dataclass(frozen=True)
class Judged:
    """What came of the mutants of a chapter.

    Attributes:
        noticed: how many the grader finds something wrong with.
        unexplained: survivors that no list explains.
        explained: survivors that behave the same, with the reason.
        outdated: names in the list that are noticed, or that no mutant has.
    """

    noticed: int
    unexplained: tuple[Mutant, ...]
    explained: dict[str, str]
    outdated: tuple[str, ...]


def reasons_for(chapter: str, database: str = "sqlite") -> dict[str, str]:
    """Why mutants of a chapter behave the same on a database, by their names."""
    file = LISTS / f"{chapter}.toml"
    if not file.is_file():
        return {}
    found: dict[str, str] = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["same"]:
        for name in entry["mutants"] if entry.get("database", database) == database else ():
            if name in found:
                raise ValueError(f"{file.name}: {name} is listed twice")
            found[name] = entry["reason"]
    return found


def judge(chapter: str, mutants: Sequence[Mutant], database: str = "sqlite") -> Judged:
    """Grade all mutants of a chapter."""
    reasons = reasons_for(chapter, database)
    with Bench(database) as bench:
        survivors = list(_survivors(bench, mutants))
    names = {mutant.name for mutant in survivors}
    return Judged(
        noticed=len(mutants) - len(survivors),
        unexplained=tuple(mutant for mutant in survivors if mutant.name not in reasons),
        explained={name: reason for name, reason in reasons.items() if name in names},
        outdated=tuple(name for name in reasons if name not in names),
    )


def _survivors(bench: Bench, mutants: Sequence[Mutant]) -> Iterator[Mutant]:
    """Those with which nothing is wrong; what only took too long on a busy machine is graded once more."""
    for start in range(0, len(mutants), _AT_ONCE):
        some = mutants[start : start + _AT_ONCE]
        outcomes = _outcomes(bench, some)
        late = [mutant for mutant in some if outcomes[mutant] == {"passed", "timeout"}]
        outcomes |= _outcomes(bench, late)
        yield from (mutant for mutant in some if outcomes[mutant] == {"passed"})


def _outcomes(bench: Bench, mutants: Sequence[Mutant]) -> dict[Mutant, set[str]]:
    found: dict[Mutant, set[str]] = {mutant: set() for mutant in mutants}
    with tempfile.TemporaryDirectory() as folder:
        places = {Path(folder, str(number)): mutant for number, mutant in enumerate(mutants)}
        for place, mutant in places.items():
            mutant.build(place)
        targets = [Target(place, rule) for place, mutant in places.items() for rule in rules_of(mutant.chapter)]
        for target, check in bench.grade(targets):
            found[places[target.submission]].add(check.outcome)
    return found
