"""Verdict process: what is to be judged, dealt out into runs: one for each child at work."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.bench.children import Child
from grader.rules import ABOUT_IMPORTS, FIRST_IMPORT, WITHOUT_HTTP, Rule
from grader.starters import Misplaced
from grader.stubs import Stub

if TYPE_CHECKING:
    from grader.report import Check

# Milliseconds that a check takes, where that is not about 13; only the order depends on it.
_COST = {"02_models": 7, "04_schemas": 3, "05_crud": 6}
_USUAL_COST = 13


@dataclass(frozen=True)
class Target:
    """One rule to judge against one submission."""

    submission: Path
    rule: Rule


@dataclass
class Shared:
    """What the runs of one chapter of one submission know together.

    Attributes:
        selected: names of the rules that are judged, now or before.
        untouched: tasks whose code is still the starter's.
        given: files that are as the chapter gave them.
        suspicious: files that may be broken.
        stubs: the starter's code of the untouched tasks.
        misplaced: what was written for a task where it does not count.
        taken_back: lines whose name gets the starter's value again, by their places.
        outcomes: what has been judged, by the name of the rule.
        held: failures that wait until the rules that they need are judged.
        unjudged: names of rules that could not be judged.
        cut_off: names of those for which other chapters left no time.
        may_look: the code may ask for what lies outside of it: its callers' frames, say.
        looks: what of that it has asked for, and where, as a child has told it; empty where nobody has.
        threads_go_on: threads that an import of the code begins do not come to an end, as a child has told.
        claims: how often the code has said that a disk was full, or no thread left, which nobody else has seen.
        cheated: what there is to say of all that counts no more, as a child has told what is not so.
    """

    selected: frozenset[str]
    untouched: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    suspicious: tuple[str, ...] = ()
    stubs: tuple[Stub, ...] = ()
    misplaced: dict[str, Misplaced] = field(default_factory=dict)
    taken_back: dict[str, Misplaced] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    held: list[tuple[Rule, Check]] = field(default_factory=list)
    unjudged: set[str] = field(default_factory=set)
    cut_off: set[str] = field(default_factory=set)
    may_look: bool = False
    looks: str = ""
    threads_go_on: bool = False
    claims: int = 0
    cheated: dict[str, Any] | None = None

    def note(self, said: str) -> None:
        """Keep what there is to say of the code; of several things the first."""
        self.looks = self.looks or said


NO_SLOT = -1


@dataclass
class Run:
    """Checks of one chapter of one submission on their way through the bench.

    Attributes:
        waiting: rules that no child has begun to judge.
        slot: number of its place among the runs that work side by side.
        root: the staged copy of the submission.
        copied: what was staged (see `grader.bench.staging.put_back`).
        begun: a child was at work in this copy.
        refused: why it cannot be graded; empty when it is staged, None before.
        timeouts: how many of its checks came to no end.
        unanswered: how many of its children never said a word.
        judged_again: rules that were judged once more, because something of the grader's own had gone wrong.
        taken_back: how often a rule was judged again because the child that had judged it did not prove itself.
        seconds: how long its children were at work.
        child: the one that is at work.
        beside: it works beside those that share out the processors.
    """

    submission: Path
    chapter: str
    waiting: deque[Rule]
    shared: Shared
    slot: int = NO_SLOT
    root: Path = Path()
    copied: dict[str, bytes] = field(default_factory=dict)
    begun: bool = False
    refused: str | None = None
    timeouts: int = 0
    unanswered: int = 0
    judged_again: set[str] = field(default_factory=set)
    taken_back: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    child: Child | None = None
    beside: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether the submission has no folder for the chapter."""
        return not (self.submission / self.chapter).is_dir()


def plan(
    targets: Sequence[Target], known: Mapping[tuple[Path, str], Mapping[str, str]], jobs: int, beside: int
) -> deque[Run]:
    """Deal out what is to be judged, in the order in which it is to begin.

    Args:
        targets: what to judge.
        known: per submission and chapter the outcomes of rules that were judged before, by name.
        jobs: how many runs work side by side.
        beside: how many runs work beside those, of chapters that need little, as the server still imports the rest.
    """
    grouped: dict[tuple[Path, str], list[Rule]] = {}
    for target in targets:
        grouped.setdefault((target.submission, target.rule.chapter), []).append(target.rule)
    # A chapter that would have the machine to itself is dealt out to several children, and so is one that comes
    # late and whose checks share nothing: small pieces leave no processor idle at the end.
    fair = max(1, jobs // max(1, len(grouped)))
    runs: list[Run] = []
    for (submission, chapter), rules in grouped.items():
        rules.sort(key=lambda rule: rule.name != FIRST_IMPORT)
        before = known.get((submission, chapter), {})
        shared = Shared(frozenset({rule.name for rule in rules} | set(before)), outcomes=dict(before))
        late = chapter in ABOUT_IMPORTS and chapter not in WITHOUT_HTTP
        hands = max(fair, min(2, jobs)) if late else fair
        dealt = [deque(rules[start::hands]) for start in range(min(hands, len(rules)))]
        timeouts = list(before.values()).count("timeout")
        runs += [Run(submission, chapter, waiting, shared, timeouts=timeouts) for waiting in dealt]
    # The longest first, so that at the end no processor waits for another; but before them those that
    # run already while the server imports what the others need.
    ordered = sorted(runs, key=lambda run: -len(run.waiting) * _COST.get(run.chapter, _USUAL_COST))
    early = [run for run in ordered if run.chapter in WITHOUT_HTTP][: max(1, beside)]
    if len(early) < len(runs):
        for run in early[:beside]:
            run.beside = True
    return deque([*early, *(run for run in ordered if not any(run is each for each in early))])
