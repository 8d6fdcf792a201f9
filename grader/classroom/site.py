"""The pages: ``index.html`` for the instructor, and one page of feedback for each learner, without any solution.

Each page is one file that needs nothing else. What is known about single submissions lies compressed in
``index.html``, once for the same code, and is unpacked when somebody looks at it: 1,000 learners open at once.
"""

from __future__ import annotations

import base64
import difflib
import gzip
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from grader.classroom.gradebook import Marks, possible
from grader.classroom.intake import Chapter
from grader.classroom.plan import Plan
from grader.classroom.store import Row, Store
from grader.classroom.weights import shown
from grader.report import Check
from grader.rules import rules_of
from grader.starters import SOLUTIONS
from grader.terminal import next_step

LETTERS = {"passed": "p", "failed": "f", "error": "e", "timeout": "t", "blocked": "b", "todo": "d"}
WORDS = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "timeout",
    "blocked": "blocked",
    "todo": "to do",
}
_TEMPLATES = Path(__file__).with_name("templates")
_SHOWN = ("observed", "expected", "where", "trace", "did", "printed", "traceback")
_LONGEST = 2_000
_MOST_LINES = 3_000
_MOST_SAYINGS = 100


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> Markup:
    """A file of the project's own that goes into a page as it is."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


# -- feedback -----------------------------------------------------------------------------------


def feedback(row: Row, checks: Sequence[Check], marks: Marks, most: Marks, chapters: Sequence[str]) -> str:
    """The page for a learner: what passed, what did not and why. It holds no solution.

    Args:
        row: the learner.
        checks: the verdicts, in order.
        marks: what was earned.
        most: what could be earned.
        chapters: names of the chapters.
    """
    groups = []
    for name in chapters:
        group = [check for check in checks if check.chapter == name]
        outcomes = {check.outcome for check in group}
        groups.append(
            {
                "name": name,
                "checks": group,
                "passed": sum(check.outcome == "passed" for check in group),
                "to_do": outcomes == {"todo"},
                "open": bool(outcomes & {"failed", "error", "timeout"}),
            }
        )
    return (
        _environment()
        .get_template("feedback.html")
        .render(
            style=_asset("style.css"),
            learner=row.learner,
            status=row.status,
            note=row.note,
            checks=checks,
            chapters=groups,
            passed=sum(check.outcome == "passed" for check in checks),
            total=shown(marks.total),
            possible=shown(most.total),
            step=(step := next_step(checks))[:1].upper() + step[1:],
            letters=LETTERS,
            words=WORDS,
        )
    )


# -- the instructor's page ----------------------------------------------------------------------


@dataclass
class _Count:
    """How one rule was met by the class."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, check: Check) -> None:
        self.outcomes[check.outcome] += 1
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
        outcomes = "".join(LETTERS[check.outcome] for check in checks)
        texts = [learner.id, learner.name, row.status, row.note, *learner.more.values()]
        self._learners.append(
            {
                "id": learner.id,
                "name": learner.name,
                "status": row.status,
                "note": row.note,
                "more": [f"{name}: {value}" for name, value in learner.more.items() if value],
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
        script = _asset("site.js")
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
            _environment()
            .get_template("index.html")
            .generate(
                style=_asset("style.css"),
                script=script,
                script_hash=_hash(script),
                database={"sqlite": "SQLite", "postgresql": "PostgreSQL"}[self._plan.database],
                chapters=chapters,
                rules=rules,
                learners=self._learners,
                statuses=sorted({each["status"] for each in self._learners}),
                tiles=self._tiles(),
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
                solutions={chapter: _lines_of(_solution(chapter)) for chapter in self._plan.chapters},
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
                "files": compare(store.source(digest), _solution(chapter)),
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
    # The end of a traceback, or of what was printed, says most; of a sentence it is the beginning.
    ends = ("traceback", "printed")
    return {
        name: value if not isinstance(value, str) else value[-_LONGEST:] if name in ends else value[:_LONGEST]
        for name, value in found.items()
    }


@cache
def _solution(chapter: str) -> Chapter:
    folder = SOLUTIONS / chapter
    return Chapter({file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.glob("app/**/*.py")})


def _lines_of(chapter: Chapter) -> dict[str, list[str]]:
    return {path: content.decode("utf-8", "replace").splitlines() for path, content in chapter.files.items()}


def compare(mine: Chapter, solution: Chapter) -> dict[str, dict[str, Any]]:
    """What differs between a submission and the solution, file by file.

    Returns:
        For each file that is not the same: its lines, and how they become the solution's, in steps
        ``[equal, first and last line here, first and last line there]``.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in sorted({*mine.files, *solution.files}):
        content, other = mine.files.get(path, b""), solution.files.get(path, b"")
        if content == other and (path in mine.files) == (path in solution.files):
            continue
        lines = content.decode("utf-8", "replace").splitlines()
        if len(lines) > _MOST_LINES or len(content) > 100 * _MOST_LINES:
            found[path] = {"skipped": f"too long to be shown ({len(lines)} lines)"}
            continue
        matcher = difflib.SequenceMatcher(None, lines, other.decode("utf-8", "replace").splitlines(), autojunk=False)
        found[path] = {"lines": lines, "steps": [[tag == "equal", *at] for tag, *at in matcher.get_opcodes()]}
    return found
