"""Command: writes the gradebook, one row for each learner, a column for each chapter, in a CSV that is safe to open."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from grader.classroom.output.marks import Marks, Terms, possible, shown
from grader.classroom.output.platforms import Grades, mail_of, safe, told
from grader.classroom.store import Row

# What is not known as long as a check has no verdict.
_SUMS = ("total", "percent", "grade")
_Cell = Callable[[Row, Marks], str]


def _columns(chapters: Sequence[str], terms: Terms, more: Sequence[str], grades: Grades) -> list[tuple[str, _Cell]]:
    """The columns, each with what stands in it for a learner."""
    most = possible(terms.weights, chapters).total

    def more_of(name: str) -> _Cell:
        return lambda row, marks: row.learner.shown.get(name, "")

    def points_of(chapter: str) -> _Cell:
        return lambda row, marks: shown(marks.chapters[chapter])

    def late(cell: Callable[[Marks], str]) -> _Cell:
        return lambda row, marks: cell(marks) if marks.late else ""

    columns: list[tuple[str, _Cell]] = [
        ("id", lambda row, marks: row.learner.id),
        ("name", lambda row, marks: row.learner.name),
        *((name, more_of(name)) for name in more),
        ("status", lambda row, marks: row.status),
        *((chapter, points_of(chapter)) for chapter in chapters),
    ]
    # Only what is in use has a column: nobody has to look at empty ones.
    if terms.late is not None:
        columns += [
            ("days_late", late(lambda marks: str(marks.late.days) if marks.late and marks.late.submitted else "")),
            ("late_minus", late(lambda marks: shown(marks.late.minus) if marks.late else "")),
            ("late_computed", late(lambda marks: marks.late.said if marks.late else "")),
        ]
    if terms.by_hand:
        columns += [
            ("by_hand_added", lambda row, marks: shown(marks.added)),
            ("by_hand", lambda row, marks: told(Marks({}, None, marks.by_hand))),
        ]
    columns += [
        ("total", lambda row, marks: shown(marks.total)),
        ("possible", lambda row, marks: shown(most)),
        ("percent", lambda row, marks: f"{100 * marks.total / most:.1f}" if most else "0.0"),
    ]
    if (grades.scale, grades.digits) != (Grades.scale, Grades.digits):
        columns.append(("grade", lambda row, marks: grades.of(marks.total, most)))
    columns += [("isolation", lambda row, marks: row.isolation), ("note", lambda row, marks: row.note)]
    return columns


class Table:
    """A CSV file that is written row by row, and safe to open; a context, whose end puts it in its place.

    Args:
        file: where to.
        names: names of the columns.
    """

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        self._file = file
        self._temporary = file.with_suffix(".tmp")
        self._out = self._temporary.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._out)
        # For programs that take another sign for the end of a cell.
        self._quoting = csv.writer(self._out, quoting=csv.QUOTE_ALL)
        self._plain = True
        self.write(names)

    def write(self, cells: Sequence[str], *, text: str = "") -> None:
        """Write a row.

        Args:
            cells: what stands in it.
            text: a last cell that keeps its lines.
        """
        made = [safe(cell) for cell in cells]
        if text:
            first, *others = text.splitlines()
            made.append("\n".join([safe(first), *others]))
        self._plain = self._plain and all(cell.isascii() for cell in made)
        writer = self._quoting if any(";" in cell or "\t" in cell for cell in made) else self._writer
        writer.writerow(made)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the file in its place, unless writing it has failed."""
        self._out.close()
        if kind is not None:
            self._temporary.unlink(missing_ok=True)
            return
        if not self._plain:  # the mark by which spreadsheets know UTF-8
            marked = self._file.with_suffix(".utf8.tmp")
            with self._temporary.open("rb") as source, marked.open("wb") as target:
                target.write(b"\xef\xbb\xbf")
                while data := source.read(1 << 20):
                    target.write(data)
            self._temporary.unlink()
            self._temporary = marked
        self._temporary.replace(self._file)


class Gradebook(Table):
    """Writes the gradebook row by row.

    Args:
        file: where to.
        chapters: names of the chapters.
        terms: by what points are given.
        more: the roster's other columns.
        grades: how grades are written.
    """

    def __init__(
        self, file: Path, chapters: Sequence[str], terms: Terms, more: Sequence[str] = (), grades: Grades | None = None
    ) -> None:
        self._columns = _columns(chapters, terms, more, grades or Grades())
        super().__init__(file, [name for name, _ in self._columns])

    def add(self, row: Row, marks: Marks, left_open: int = 0) -> None:
        """Write the row of a learner.

        Args:
            row: the learner.
            marks: what they have earned.
            left_open: how many checks could not be judged: then nobody knows what it comes to.
        """
        open_ = _SUMS if left_open else ()
        row = replace(row, status="unfinished") if left_open else row
        self.write(["" if name in open_ else cell(row, marks) for name, cell in self._columns])


class MailMerge(Table):
    """Writes what a mail merge asks for: whom to write to, and the feedback as text.

    Args:
        file: where to.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, ["id", "name", "email", "total", "possible", "feedback"])

    def add(self, row: Row, marks: Marks, most: Marks, text: str, left_open: int = 0) -> None:
        """Write the row of a learner; arguments as for `Gradebook.add`."""
        total = "" if left_open else shown(marks.total)
        self.write([row.learner.id, row.learner.name, mail_of(row), total, shown(most.total)], text=text)
