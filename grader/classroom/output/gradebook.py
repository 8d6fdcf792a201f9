"""Command: writes the gradebook, one row for each learner, a column for each chapter, in a CSV that is safe to open."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from grader.classroom.output.marks import Marks, possible, shown
from grader.classroom.store import Row

# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, or breaks a line at."""
    text = "".join(letter if letter.isprintable() else " " for letter in cell)
    return f"'{text}" if cell.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _columns(
    chapters: Sequence[str], most: Marks, more: Sequence[str]
) -> list[tuple[str, Callable[[Row, Marks], str]]]:
    """The columns, each with what stands in it for a learner."""

    def more_of(name: str) -> Callable[[Row, Marks], str]:
        return lambda row, marks: row.learner.more.get(name, "")

    def points_of(chapter: str) -> Callable[[Row, Marks], str]:
        return lambda row, marks: shown(marks.chapters[chapter])

    return [
        ("id", lambda row, marks: row.learner.id),
        ("name", lambda row, marks: row.learner.name),
        *((name, more_of(name)) for name in more),
        ("status", lambda row, marks: row.status),
        *((chapter, points_of(chapter)) for chapter in chapters),
        ("total", lambda row, marks: shown(marks.total)),
        ("possible", lambda row, marks: shown(most.total)),
        ("percent", lambda row, marks: f"{100 * marks.total / most.total:.1f}" if most.total else "0.0"),
        ("isolation", lambda row, marks: row.isolation),
        ("note", lambda row, marks: row.note),
    ]


class Gradebook:
    """Writes the gradebook row by row.

    Args:
        file: where to.
        chapters: names of the chapters.
        weights: points by rule id.
        more: the roster's other columns.
    """

    def __init__(
        self, file: Path, chapters: Sequence[str], weights: Mapping[str, float], more: Sequence[str] = ()
    ) -> None:
        self._file = file
        self._columns = _columns(chapters, possible(weights, chapters), more)
        self._temporary = file.with_suffix(".tmp")
        self._out = self._temporary.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._out)
        self._plain = True
        self._write([name for name, _ in self._columns])

    def add(self, row: Row, marks: Marks) -> None:
        """Write the row of a learner."""
        self._write([cell(row, marks) for _, cell in self._columns])

    def close(self) -> None:
        """Put the file in its place; one that is not plain ASCII gets the mark by which spreadsheets know UTF-8."""
        self._out.close()
        if not self._plain:
            marked = self._file.with_suffix(".utf8.tmp")
            with self._temporary.open("rb") as source, marked.open("wb") as target:
                target.write(b"\xef\xbb\xbf")
                while data := source.read(1 << 20):
                    target.write(data)
            self._temporary.unlink()
            self._temporary = marked
        self._temporary.replace(self._file)

    def _write(self, cells: Sequence[str]) -> None:
        made = [safe(cell) for cell in cells]
        self._plain = self._plain and all(cell.isascii() for cell in made)
        self._writer.writerow(made)
