"""Command: what a run is to find out, and which part of it is not known yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.classroom.intake import Chapter
from grader.classroom.store import Row, Store, content_of
from grader.report import Check, entry_of, no_verdict
from grader.rules import NO_FOLDER, Rule, roster, rules_of
from grader.versions import Versions, current


@dataclass(frozen=True)
class Plan:
    """What all submissions of a run are judged by.

    Attributes:
        chapters: names of the chapters.
        database: ``sqlite`` or ``postgresql``.
        seconds: longest time for one check.
        versions: the rules, the code that judges, the libraries.
        chapter_limit: longest time for a chapter, where it is not the usual.
        submission_limit: longest time for a submission, where it is not the usual.
    """

    chapters: tuple[str, ...]
    database: str
    seconds: float
    versions: Versions
    chapter_limit: float | None = None
    submission_limit: float | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules of these chapters."""
        return roster(self.chapters)

    def content(self, chapter: str, digest: str) -> str:
        """The key of the verdicts on one chapter's code."""
        version = self.versions.of(rule for rule in self.versions.rules if rule.startswith(f"{chapter}."))
        limits = (self.seconds, self.chapter_limit, self.submission_limit)
        return content_of(chapter, digest, self.database, " ".join(f"{each:g}" for each in limits if each), version)

    def facts(self) -> dict[str, Any]:
        """The same as plain data, to be kept with the verdicts."""
        return {
            "chapters": list(self.chapters),
            "database": self.database,
            "seconds": self.seconds,
            "chapter_limit": self.chapter_limit,
            "submission_limit": self.submission_limit,
            "versions": self.versions.to_dict(),
        }


def plan_of(
    chapters: tuple[str, ...],
    database: str,
    seconds: float,
    chapter_limit: float | None = None,
    submission_limit: float | None = None,
) -> Plan:
    """The plan of a run of the grader as it is now."""
    return Plan(chapters, database, seconds, current(roster(chapters)), chapter_limit, submission_limit)


@dataclass(frozen=True)
class Piece:
    """One chapter's code and what is to be found out about it.

    Attributes:
        chapter: name of the chapter.
        content: the key under which its verdicts are kept.
        own: the key of those that hold in this submission alone.
        code: what was handed in.
        rules: names of the rules to judge.
        known: outcomes of rules that were judged before, by name.
    """

    chapter: str
    content: str
    own: str
    code: Chapter
    rules: tuple[str, ...]
    known: Mapping[str, str]


@dataclass(frozen=True)
class Task:
    """What is still to be found out about one submission."""

    learner: str
    pieces: tuple[Piece, ...]


class Tasks:
    """What is left to do, one submission after the other; the same code is never under way twice.

    Args:
        store: what is known.
        plan: what is to be found out.
    """

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._rows = store.learners()
        # Who waits for each content that is under way: where it comes to no verdict, theirs is still to be judged.
        self._under_way: dict[str, list[Row]] = {}
        self._again: deque[Row] = deque()
        self.passed_over = 0

    def next(self) -> Task | None:
        """The next submission of which something is not known and not under way; counts those known in full.

        None where there is none now: there may be one again when a task is done.
        """
        while (row := self._again.popleft() if self._again else next(self._rows, None)) is not None:
            task, waits_for = self._task(row)
            if waits_for:
                self._under_way[waits_for].append(row)
            if task.pieces:
                self._under_way.update((piece.content, []) for piece in task.pieces)
                return task
            if row.status == "graded" and not waits_for:
                self.passed_over += 1
        return None

    def done(self, task: Task) -> None:
        """Everything about a task is in the store."""
        for piece in task.pieces:
            self._again += self._under_way.pop(piece.content)

    def _task(self, row: Row) -> tuple[Task, str]:
        """What is to be found out about a submission now, and some content of it that is under way."""
        pieces, waits_for = [], ""
        for chapter in self._plan.chapters:
            digest = row.digest(chapter)
            content = self._plan.content(chapter, digest) if digest else ""
            if content in self._under_way:
                waits_for = content
            elif digest:
                found = _outcomes(self._store, chapter, content, row)
                known = {rule.partition(".")[2]: outcome for rule, outcome in found.items()}
                left = tuple(rule.name for rule in rules_of(chapter) if rule.name not in known)
                if left:
                    pieces.append(Piece(chapter, content, row.own(content), self._store.source(digest), left, known))
        return Task(row.learner.id, tuple(pieces)), waits_for


def _outcomes(store: Store, chapter: str, content: str, row: Row) -> dict[str, str]:
    """What is known of some code of a learner's; where others' time was enough for it, their verdict counts."""
    known = store.outcomes(content)
    return known if len(known) == len(rules_of(chapter)) else store.outcomes(row.own(content)) | known


def verdicts_on(store: Store, chapter: str, content: str, own: str) -> list[Check]:
    """The verdicts on some code, and where there is none, what holds in one submission alone."""
    rules = rules_of(chapter)
    found = store.checks(content, rules)
    known = {check.id for check in found}
    return found if len(found) == len(rules) else [*found, *(e for e in store.checks(own, rules) if e.id not in known)]


def checks_of(store: Store, plan: Plan, row: Row) -> list[Check]:
    """An entry for every rule of the plan, in order; none for a learner who handed in nothing."""
    if row.status == "missing":
        return []
    found: list[Check] = []
    for chapter in plan.chapters:
        digest = row.digest(chapter)
        content = plan.content(chapter, digest)
        known = {check.id: check for check in verdicts_on(store, chapter, content, row.own(content))}
        found += [known.get(rule.id) or _unjudged(row, rule) for rule in rules_of(chapter)]
    return found


def isolated(store: Store, plan: Plan, row: Row) -> Row:
    """The same learner, with what kept the code apart while it was judged."""
    contents = [plan.content(chapter, digest) for chapter in plan.chapters if (digest := row.digest(chapter))]
    own = [row.own(content) for content in contents]
    return replace(row, isolation=store.isolation([*contents, *own]))


def _unjudged(row: Row, rule: Rule) -> Check:
    """The entry for a rule that needed no judging, or was not judged."""
    refused = (row.refused or {}).get(rule.chapter, "")
    if row.status == "unreadable":
        told: dict[str, Any] = {"outcome": "error", "observed": f"the submission was not graded: {row.note}"}
        told["expected"] = "a folder, zip or tar archive that holds the chapters"
    elif refused:
        told = {"outcome": "error", "observed": refused, "expected": f"files of your own in {rule.chapter}/app"}
    elif row.digest(rule.chapter):
        return no_verdict(rule)
    else:
        told = {"outcome": "todo", "observed": f"{NO_FOLDER} {rule.chapter} yet"}
    return entry_of(rule, **told)


def known_in_full(store: Store, plan: Plan, row: Row) -> bool:
    """Whether there is a verdict for every rule of everything that this learner handed in."""
    for chapter in plan.chapters:
        digest = row.digest(chapter)
        if digest and len(_outcomes(store, chapter, plan.content(chapter, digest), row)) < len(rules_of(chapter)):
            return False
    return True
