"""Command: the instructor's page, ``index.html``, one file that needs nothing else.

What is known about single submissions lies compressed in it, once for the same code, and is unpacked when somebody
looks at it: 1,000 learners open at once.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.classroom.grading.plan import Plan
from grader.classroom.output.differences import compare, lines_of, solution_of
from grader.classroom.output.marks import Marks, possible, shown
from grader.classroom.output.pages import LETTERS, WORDS, asset, environment
from grader.classroom.store import Row, Store
from grader.databases import NAMES
from grader.diagnosis.catalogue import mistake_named, title_of
from grader.report import Check
from grader.rules import rules_of

_SHOWN = (
    "observed",
    "expected",
    "where",
    "line",
    "function",
    "mistake",
    "trace",
    "did",
    "printed",
    "traceback",
)
_LONGEST = 2_000
_MOST_SAYINGS = 100


@dataclass
class _Count:
    """How one rule was met by the class, and by which mistakes it was broken."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    mistakes: Counter[str] = field(default_factory=Counter)

    def add(self, check: Check) -> None:
        self.outcomes[check.outcome] += 1
        if check.mistake:
            self.mistakes[check.mistake] += 1
        said = check.observed[:200]
        if check.outcome in ("failed", "error", "timeout") and (said in self.seen or len(self.seen) < _MOST_SAYINGS):
            self.seen[said] += 1


class Site:
    """Collects, learner by learner, what the instructor's page shows, and writes it.

    Args:
        plan: what was to be found out.
        weights: points by rule id.
    """

    def __init__(self, plan: Plan, weights: Mapping[str, float]) -> None:
        self._plan = plan
        self._most = possible(weights, plan.chapters)
        self._learners: list[dict[str, Any]] = []
        self._counts = {rule.id: _Count() for rule in plan.rules}
        self._mistakes: Counter[str] = Counter()
        self._blobs: dict[str, int] = {}
        self._sources: list[tuple[str, str]] = []

    def add(self, row: Row, checks: Sequence[Check], marks: Marks, file: str) -> None:
        """Take a learner in.

        Args:
            row: the learner.
            checks: the verdicts, in order.
            marks: what was earned.
            file: name of the learner's files, without ending.
        """
        learner = row.learner
        if row.status == "graded":
            for check in checks:
                self._counts[check.id].add(check)
            # A mistake may break several rules, in several chapters; a learner who makes it counts once.
            self._mistakes.update({check.mistake for check in checks if check.mistake})
        outcomes = "".join(LETTERS[check.outcome] for check in checks)
        texts = [learner.id, learner.name, row.status, row.note, *learner.shown.values()]
        self._learners.append(
            {
                "id": learner.id,
                "name": learner.name,
                "status": row.status,
                "note": row.note,
                "more": [f"{name}: {value}" for name, value in learner.shown.items() if value],
                "key": " ".join(texts).lower(),
                "total": shown(marks.total),
                "points": marks.total,
                "outcomes": outcomes,
                "full": set(outcomes) == {"p"},
                "file": file,
                "refused": dict(row.refused or {}),
                "blobs": [self._blob(chapter, row.digest(chapter)) for chapter in self._plan.chapters],
            }
        )

    def _blob(self, chapter: str, digest: str) -> int | None:
        """Number of what is known about some code; None where there is none."""
        if not digest:
            return None
        content = self._plan.content(chapter, digest)
        if content not in self._blobs:
            self._blobs[content] = len(self._sources)
            self._sources.append((chapter, digest))
        return self._blobs[content]

    def write(self, store: Store, file: Path) -> None:
        """Write the page."""
        script = asset("site.js")
        chapters, first = [], 0
        for name in self._plan.chapters:
            rules = [
                {"number": first + place, "task": rule.task, "name": rule.name}
                for place, rule in enumerate(rules_of(name))
            ]
            chapters.append({"name": name, "first": first, "count": len(rules), "rules": rules})
            first += len(rules)
        about = ("id", "task", "title", "why", "hint")
        rules = [{name: getattr(rule, name) for name in about} for rule in self._plan.rules]
        sizes = [len(rules_of(name)) for name in self._plan.chapters]
        parts = (
            environment()
            .get_template("index.html")
            .generate(
                style=asset("style.css"),
                script=script,
                script_hash=_hash(script),
                database=NAMES[self._plan.database],
                chapters=chapters,
                rules=rules,
                learners=self._learners,
                statuses=sorted({each["status"] for each in self._learners}),
                tiles=self._tiles(),
                mistakes=self._most_mistakes(),
                statistics=self._statistics(),
                cells=lambda outcomes: _cells(outcomes, sizes),
                letters=LETTERS,
                words=WORDS,
                data={
                    "learners": self._learners,
                    "rules": rules,
                    "chapters": [{key: chapter[key] for key in ("name", "first", "count")} for chapter in chapters],
                    "letters": {letter: outcome for outcome, letter in LETTERS.items()},
                    "words": WORDS,
                },
                solutions={chapter: lines_of(solution_of(chapter)) for chapter in self._plan.chapters},
                blobs=self._packed(store),
            )
        )
        temporary = file.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(parts)
        temporary.replace(file)

    def _packed(self, store: Store) -> Iterator[tuple[int, str]]:
        for number, (chapter, digest) in enumerate(self._sources):
            checks = store.checks(self._plan.content(chapter, digest), rules_of(chapter))
            told = {
                "checks": {check.id: _brief(check) for check in checks},
                "files": compare(store.source(digest), solution_of(chapter)),
            }
            data = gzip.compress(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"), 6, mtime=0)
            yield number, base64.b64encode(data).decode()

    def _tiles(self) -> list[tuple[str, str]]:
        handed_in = [each for each in self._learners if each["status"] != "missing"]
        points = sorted(each["points"] for each in handed_in)
        median = points[len(points) // 2] if points else 0.0
        tiles = [("learners", str(len(self._learners))), ("handed in", str(len(handed_in)))]
        tiles += [("everything passed", str(sum(each["full"] for each in self._learners)))]
        tiles += [(f"median of {shown(self._most.total)} points", shown(median))]
        for status in ("empty", "unreadable", "missing"):
            count = sum(each["status"] == status for each in self._learners)
            tiles += [(status, str(count))] if count else []
        return tiles

    def _most_mistakes(self) -> list[dict[str, Any]]:
        """The mistakes that were made, those of the most learners first, with the rules that they broke."""
        found = []
        for name, learners in self._mistakes.items():
            broken = [
                {"number": number, "id": rule.id}
                for number, rule in enumerate(self._plan.rules)
                if self._counts[rule.id].mistakes[name]
            ]
            known = mistake_named(name)
            about = {"title": title_of(name), "about": known.about if known else ""}
            found.append({"name": name, **about, "learners": learners, "rules": broken})
        return sorted(found, key=lambda each: (-each["learners"], each["title"]))

    def _statistics(self) -> list[dict[str, Any]]:
        """The rules that are broken, those most often broken first."""
        found = []
        for number, rule in enumerate(self._plan.rules):
            count = self._counts[rule.id]
            outcomes = count.outcomes
            wrong = outcomes["failed"] + outcomes["error"] + outcomes["timeout"]
            total = sum(outcomes.values())
            if not wrong:
                continue
            said, times = count.seen.most_common(1)[0]
            shares = [(LETTERS[name], round(100 * outcomes[name] / total, 1)) for name in LETTERS if outcomes[name]]
            words = ", ".join(f"{outcomes[name]} {WORDS[name]}" for name in LETTERS if outcomes[name])
            judged = total - outcomes["todo"]
            about = {"number": number, "id": rule.id, "title": rule.title, "wrong": wrong, "judged": judged}
            found.append({**about, "shares": shares, "words": words, "said": said, "times": times})
        return sorted(found, key=lambda each: (-each["wrong"], each["number"]))


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _cells(outcomes: str, sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The outcomes of a learner by chapter, equal neighbours taken together."""
    left = iter(outcomes)
    for size in sizes:
        part = list(itertools.islice(left, size))
        runs = [(letter, len(list(group))) for letter, group in itertools.groupby(part)]
        yield {"passed": part.count("p"), "total": size, "runs": runs}


def _brief(check: Check) -> dict[str, Any]:
    """What the page shows of a verdict beside what it knows of the rule."""
    found = {name: getattr(check, name) for name in _SHOWN if getattr(check, name)}
    if check.mistake:
        found |= {"mistake": title_of(check.mistake), "why": check.why, "hint": check.hint}
    # The end of a traceback, or of what was printed, says most; of a sentence it is the beginning.
    ends = ("traceback", "printed")
    return {
        name: value if not isinstance(value, str) else value[-_LONGEST:] if name in ends else value[:_LONGEST]
        for name, value in found.items()
    }
