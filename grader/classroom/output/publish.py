"""Command: writes everything that people read: gradebook, results, pages, exports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from grader.classroom.grading.plan import Plan, checks_of, isolated
from grader.classroom.output.exporters import FORMATS
from grader.classroom.output.feedback import feedback
from grader.classroom.output.gradebook import Gradebook
from grader.classroom.output.marks import marks_of, possible
from grader.classroom.output.site import Site
from grader.classroom.store import Store
from grader.report import Report


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


def publish(store: Store, plan: Plan, weights: Mapping[str, float], folder: Path, formats: Sequence[str] = ()) -> None:
    """Write the gradebook, the results and the pages.

    Args:
        store: what is known.
        plan: what was to be found out.
        weights: points by rule id.
        folder: the report's folder.
        formats: exports for other programs, by name.
    """
    more: dict[str, None] = {}
    for row in store.learners():
        more |= dict.fromkeys(row.learner.shown)
    gradebook = Gradebook(folder / "gradebook.csv", plan.chapters, weights, tuple(more))
    results = Folder(folder / "results", ".json")
    pages = Folder(folder / "feedback", ".html")
    site = Site(plan, weights)
    most = possible(weights, plan.chapters)
    exports = {name: Folder(folder / "exports" / name, FORMATS[name].ending) for name in formats}
    names = Names()
    for row in store.learners():
        checks = checks_of(store, plan, row)
        marks = marks_of(checks, weights, plan.chapters)
        gradebook.add(isolated(store, plan, row), marks)
        name = names.of(row.learner.id)
        if row.status != "missing":
            report = Report(submission=row.learner.id, database=plan.database, checks=checks)  # type: ignore[arg-type]
            results.write(name, report.to_json())
            for format_, export in exports.items():
                export.write(name, FORMATS[format_].make(row.learner.id, checks, weights))
        pages.write(name, feedback(row, checks, marks, most, plan.chapters))
        site.add(row, checks, marks, name)
    gradebook.close()
    for written in (results, pages, *exports.values()):
        written.close()
    site.write(store, folder / "index.html")
