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
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from grader.classroom.grading.plan import Plan, verdicts_on
from grader.classroom.intake.by_hand import ByHand
from grader.classroom.output.differences import compare, lines_of, solution_of
from grader.classroom.output.marks import Marks, possible, shown
from grader.classroom.output.pages import LETTERS, WORDS, asset, environment
from grader.classroom.output.similar import Pair
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
_FIRST_ROWS = 12
_MOST_SAYINGS = 100
# Columns of a roster by which a class is divided.
_DIVISIONS = ("section", "sections", "group", "groups", "class", "course", "team", "cohort", "tutorial")


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
        self._divisions: dict[str, Counter[str]] = {}
        self._same: dict[tuple[str, str], list[str]] = {}
        self._blobs: dict[str, int] = {}
        self._sources: list[tuple[str, str, str, str]] = []

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
        divided = {name: text for name, text in learner.more.items() if name.strip().lower() in _DIVISIONS and text}
        for name, text in divided.items():
            self._divisions.setdefault(name, Counter())[text] += 1
        begun = {check.chapter for check in checks if check.outcome != "todo"}
        for chapter in begun & set(row.chapters or ()):
            self._same.setdefault((chapter, row.digest(chapter)), []).append(learner.name or learner.id)
        texts = [learner.id, learner.name, row.status, row.note, *learner.shown.values()]
        self._learners.append(
            {
                "id": learner.id,
                "anchor": quote(learner.id, safe=""),
                "name": learner.name,
                "status": row.status,
                "note": row.note,
                "more": [f"{name}: {value}" for name, value in learner.shown.items() if value],
                "key": " ".join(texts).lower(),
                "total": "" if any(check.is_open for check in checks) else shown(marks.total),
                "points": marks.total,
                "outcomes": outcomes,
                "full": set(outcomes) == {"p"},
                "file": quote(file),
                "divided": divided,
                "mistakes": sorted({check.mistake for check in checks if check.mistake}),
                "remarks": list(_remarks(marks)),
                "given": {each.rule: _given(each) for each in marks.by_hand if each.rule},
                "refused": dict(row.refused or {}),
                "blobs": [self._blob(chapter, row, checks) for chapter in self._plan.chapters],
            }
        )

    def _blob(self, chapter: str, row: Row, checks: Sequence[Check]) -> int | None:
        """Number of what is known about some code; None where there is none."""
        digest = row.digest(chapter)
        if not digest:
            return None
        content = self._plan.content(chapter, digest)
        own = row.own(content) if any(check.cut_off and check.chapter == chapter for check in checks) else ""
        if (own or content) not in self._blobs:
            self._blobs[own or content] = len(self._sources)
            self._sources.append((chapter, digest, content, own))
        return self._blobs[own or content]

    def write(self, store: Store, file: Path, similar: Sequence[Pair] = ()) -> None:
        """Write the page.

        Args:
            store: what is known.
            file: where to.
            similar: pairs of learners whose code has the most in common.
        """
        script = asset("site.js")
        chapters, first = [], 0
        for name in self._plan.chapters:
            rules = [
                {"number": first + place, "task": rule.task, "name": rule.name}
                for place, rule in enumerate(rules_of(name))
            ]
            chapters.append({"name": name, "first": first, "count": len(rules), "rules": rules})
            first += len(rules)
        mistakes = self._most_mistakes()
        numbers = {mistake["name"]: number for number, mistake in enumerate(mistakes)}
        for learner in self._learners:
            learner["mistakes"] = sorted(numbers[name] for name in learner["mistakes"] if name in numbers)
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
                mistakes=mistakes,
                first_rows=_FIRST_ROWS,
                divisions=[(name, sorted(found)) for name, found in self._divisions.items() if len(found) > 1],
                widths=" + ".join(f"max({size} * var(--u), 4.4rem) + .6rem" for size in sizes),
                same=self._same_code(),
                similar=[self._similar(pair) for pair in similar],
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
                    "mistakes": [{key: mistake[key] for key in ("title", "about")} for mistake in mistakes],
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
        for number, (chapter, digest, content, own) in enumerate(self._sources):
            checks = verdicts_on(store, chapter, content, own)
            told = {
                "checks": {check.id: _brief(check) for check in checks},
                "files": compare(store.source(digest), solution_of(chapter)),
            }
            data = gzip.compress(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"), 6, mtime=0)
            yield number, base64.b64encode(data).decode()

    def _tiles(self) -> list[tuple[str, str]]:
        handed_in = [each for each in self._learners if each["status"] != "missing"]
        points = sorted(each["points"] for each in handed_in)
        median = statistics.median(points) if points else 0.0
        tiles = [("learners", str(len(self._learners))), ("handed in", str(len(handed_in)))]
        tiles += [("everything passed", str(sum(each["full"] for each in self._learners)))]
        tiles += [(f"median of {shown(self._most.total)} points", shown(median))]
        for status in ("empty", "unreadable", "missing"):
            count = sum(each["status"] == status for each in self._learners)
            tiles += [(status, str(count))] if count else []
        return tiles

    def _similar(self, pair: Pair) -> dict[str, Any]:
        names = {each["id"]: each["name"] or each["id"] for each in self._learners}
        people = [{"name": names[learner], "anchor": quote(learner, safe="")} for learner in pair.learners]
        return {"people": people, "share": round(pair.share, 1), "page": pair.page}

    def _same_code(self) -> list[dict[str, Any]]:
        """Who handed in the same code, byte for byte; what is still the starter's does not count."""
        found: dict[tuple[str, ...], list[str]] = {}
        for (chapter, digest), learners in self._same.items():
            if len(learners) > 1:
                what = " (the solution)" if digest == solution_of(chapter).digest else ""
                found.setdefault(tuple(learners), []).append(f"{chapter}{what}")
        rows = [{"learners": learners, "chapters": sorted(chapters)} for learners, chapters in found.items()]
        return sorted(rows, key=lambda row: (-len(row["chapters"]), row["learners"]))

    def _most_mistakes(self) -> list[dict[str, Any]]:
        """The mistakes that were made, those of the most learners first, with the rules that they broke."""
        found: list[dict[str, Any]] = []
        for name, learners in self._mistakes.items():
            broken = [
                {"number": number, "id": rule.id}
                for number, rule in enumerate(self._plan.rules)
                if self._counts[rule.id].mistakes[name]
            ]
            known = mistake_named(name)
            about = {"title": title_of(name), "about": known.about if known else ""}
            found.append({"name": name, **about, "learners": learners, "rules": broken})
        found.sort(key=lambda each: (-self._mistakes[each["name"]], each["title"]))
        return [{**each, "number": number} for number, each in enumerate(found)]

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


def _given(each: ByHand) -> str:
    points = "" if each.points is None else f"{each.points:g} {'point' if each.points == 1 else 'points'}"
    return ": ".join(part for part in (points, each.comment) if part)


def _remarks(marks: Marks) -> Iterator[str]:
    """What is said of a learner's points as a whole."""
    if marks.late is not None:
        yield f"Late work: {marks.late.said}"
    for each in marks.by_hand:
        if not each.rule:
            points = "" if each.points is None else f"{each.points:+g} points"
            yield f"By hand: {': '.join(part for part in (points, each.comment) if part)}"


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
