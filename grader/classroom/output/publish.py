"""Command: writes everything that people read: gradebook, results, pages, exports."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from grader.classroom.grading.plan import Plan, checks_of, isolated
from grader.classroom.output import feedback, feedback_zips, platforms, similar
from grader.classroom.output.exporters import FORMATS
from grader.classroom.output.feedback import feedback_of
from grader.classroom.output.feedback_zips import Handout
from grader.classroom.output.gradebook import Gradebook, MailMerge
from grader.classroom.output.marks import Terms, final_marks, possible
from grader.classroom.output.platforms import Grades, Line
from grader.classroom.output.site import Site
from grader.classroom.store import Store
from grader.report import Check, Report


class Names:
    """A file name for each learner: readable, possible on every system, never that of another."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, learner: str) -> str:
        """The file name, without its ending."""
        name = quote(learner, safe=" @+,=~()äöüßéèàçñ")
        if not name or name.startswith((".", " ")) or name.endswith((".", " ")) or len(name) > 100:
            name = f"{name.strip('. ')[:80]}-{hashlib.sha256(learner.encode()).hexdigest()[:12]}"
        number, made = 1, name
        while made.casefold() in self._taken:
            number += 1
            made = f"{name}~{number}"
        self._taken.add(made.casefold())
        return made


class Folder:
    """A folder of the report that holds one file for each learner, and none of former ones.

    Args:
        path: the folder.
        ending: ending of its files.
    """

    def __init__(self, path: Path, ending: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._ending = ending
        self._written: set[str] = set()

    def write(self, name: str, text: str) -> None:
        """Write a learner's file."""
        file = f"{name}{self._ending}"
        (self._path / file).write_text(text, encoding="utf-8", newline="\n")
        self._written.add(file)

    def close(self) -> None:
        """Remove the files of learners who are no longer there."""
        for file in self._path.glob(f"*{self._ending}"):
            if file.name not in self._written:
                file.unlink()


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside the report's own files.

    Attributes:
        formats: exports for other programs, by name.
        platforms: gradebooks for learning platforms, by name.
        grades: how grades are written.
        feedback: zips to hand back, by platform.
        similar: whether to look whose code has the most in common.
    """

    formats: Sequence[str] = ()
    platforms: Sequence[str] = ()
    grades: Grades = field(default_factory=Grades)
    feedback: Sequence[str] = ()
    similar: bool = False


def publish(store: Store, plan: Plan, terms: Terms, folder: Path, wanted: Wanted | None = None) -> list[str]:
    """Write the gradebook, the results and the pages.

    Args:
        store: what is known.
        plan: what was to be found out.
        terms: by what points are given.
        folder: the report's folder.
        wanted: what is asked for beside.

    Returns:
        What there is to say about it, in sentences.
    """
    wanted = wanted or Wanted()
    more: dict[str, None] = {}
    for row in store.learners():
        more |= dict.fromkeys(row.learner.shown)
    most = possible(terms.weights, plan.chapters)
    results = Folder(folder / "results", ".json")
    pages, texts = Folder(folder / "feedback", ".html"), Folder(folder / "feedback", ".txt")
    site = Site(plan, terms.weights)
    exports = {name: Folder(folder / "exports" / name, FORMATS[name].ending) for name in wanted.formats}
    names = Names()
    files: dict[str, str] = {}
    lines: list[Line] = []
    handouts: list[Handout] = []
    with (
        Gradebook(folder / "gradebook.csv", plan.chapters, terms, tuple(more), wanted.grades) as gradebook,
        MailMerge(folder / "mail-merge.csv") as mails,
    ):
        for row in store.learners():
            checks = checks_of(store, plan, row)
            marks = final_marks(row, checks, terms, plan.chapters)
            if left_open := sum(check.is_open for check in checks):
                row = replace(row, note="; ".join(filter(None, [_not_finished(left_open), row.note])))
            row = replace(row, note="; ".join(filter(None, [row.note, *_looks(checks)])))
            gradebook.add(isolated(store, plan, row), marks, left_open)
            name = files[row.learner.id] = names.of(row.learner.id)
            if row.status != "missing":
                report = Report(submission=row.learner.id, database=plan.database, checks=checks)  # type: ignore[arg-type]
                results.write(name, report.to_json())
                # A program that reads an export would take what is open for wrong.
                for format_, export in exports.items() if not left_open else ():
                    export.write(name, FORMATS[format_].make(row.learner.id, checks, terms.weights))
            told = feedback_of(row, checks, marks, most, plan.chapters)
            html, text = feedback.page(told), feedback.text(told)
            pages.write(name, html)
            texts.write(name, text)
            mails.add(row, marks, most, text, left_open)
            site.add(row, checks, marks, name)
            if wanted.platforms:
                grade = "" if left_open else wanted.grades.of(marks.total, most.total)
                passed = sum(check.outcome == "passed" for check in checks)
                summary = f"{passed} of {len(checks)} checks passed." if checks else "Nothing was handed in."
                lines.append(Line(row, grade, f"{summary} {platforms.told(marks)}".strip()))
            if wanted.feedback and row.status != "missing":
                handouts.append(Handout(row, html, text))
    for written in (results, pages, texts, *exports.values()):
        written.close()
    pairs = similar.compare(store, plan, files, folder) if wanted.similar else []
    site.write(store, folder / "index.html", pairs)
    said = []
    for name in wanted.platforms:
        platform = platforms.PLATFORMS[name]
        (folder / platform.file).write_bytes(platform.make(lines, wanted.grades, most.total))
        said.append(f"For {name.capitalize()}: {folder / platform.file}")
        if warning := platforms.warning(name, lines, wanted.grades, most.total):
            said.append(warning)
    for name in wanted.feedback:
        file = folder / f"feedback-{name}.zip"
        left_out = feedback_zips.write(name, handouts, file)
        said.append(f"Feedback for {name.capitalize()}: {file}")
        if left_out:
            who = ", ".join(left_out[:5]) + (f" and {len(left_out) - 5} more" if len(left_out) > 5 else "")
            said.append(f"  Without {len(left_out)}, whose number in {name.capitalize()} is not known: {who}")
    return said


def _looks(checks: Sequence[Check]) -> list[str]:
    """What code asks for that lies outside of it, each with the places where it does."""
    found: dict[str, list[str]] = {}
    for said in dict.fromkeys(check.looks for check in checks if check.looks):
        what, _, place = said.partition(": ")
        found.setdefault(what, []).append(place)
    return [
        f"{what}: {', '.join(places[:_MOST_PLACES])}"
        + (f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else "")
        for what, places in found.items()
    ]


_MOST_PLACES = 3


def _not_finished(left_open: int) -> str:
    checks = "1 check" if left_open == 1 else f"{left_open} checks"
    return f"not finished: {checks} could not be judged; grade again with --resume"
