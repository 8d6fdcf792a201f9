"""Command: the grades in the form in which learning platforms take them in.

Where the roster is the platform's own export, its columns say who is who, and which column the grade belongs in.

- Canvas: the gradebook's CSV, as ``lib/gradebook_importer.rb`` of instructure/canvas-lms reads it: ``Student``, ``ID``,
  ``SIS User ID``, ``SIS Login ID``, ``Section``, then ``Name of the assignment (its id)``; a line ``Points Possible``.
- Moodle: the offline grading worksheet, as ``mod/assign/feedback/offline/importgradeslib.php`` of moodle/moodle reads
  it: ``Identifier`` is "Participant" and a number; ``Grade`` and ``Last modified (grade)`` have to be there.
- Blackboard: the Grade Center's tab-separated UTF-16 file. A learner is known by ``Username``, a column by its id:
  ``Name [Total Pts: 100 Score] |12345``. Source: "Uploading or Downloading Grade Center Items for Working Offline" in
  Blackboard's help for instructors.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from grader import BadInput
from grader.classroom.output.marks import Marks
from grader.classroom.store import Row

# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBERED = {
    "canvas": re.compile(r"^(?P<name>.+?)\s*\((?P<id>\d+)\)$"),
    "blackboard": re.compile(r"^(?P<name>.+?)\s*\[Total Pts: .+\]\s*\|(?P<id>\d+)$"),
}


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, or breaks a line at."""
    text = "".join(letter if letter.isprintable() else " " for letter in cell)
    return f"'{text}" if cell.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


@dataclass(frozen=True)
class Grades:
    """How grades are written.

    Attributes:
        scale: ``points``, ``percent``, or the number of points that everything is worth on the platform.
        digits: decimals; the half is rounded up.
        assignment: the platform's name of the assignment, with or without its number.
    """

    scale: str = "points"
    digits: int = 2
    assignment: str = "Databases in FastAPI"

    def __post_init__(self) -> None:
        good = self.scale in ("points", "percent") or re.fullmatch(r"\d{1,6}(\.\d{1,4})?", self.scale)
        if not good or (self.scale not in ("points", "percent") and not float(self.scale)):
            raise BadInput(f"--scale {self.scale!r} is no scale; give points, percent, or a number such as 20.")
        if not 0 <= self.digits <= 6:
            raise BadInput("Give --round as a number of decimals from 0 to 6.")

    def most(self, possible: float) -> float:
        """The best grade that there is.

        Args:
            possible: the points for everything.
        """
        return possible if self.scale == "points" else 100.0 if self.scale == "percent" else float(self.scale)

    def of(self, total: float, possible: float) -> str:
        """A grade as text.

        Args:
            total: the points of a learner.
            possible: the points for everything.
        """
        value = Decimal(repr(total)) if self.scale == "points" else Decimal(0)
        if self.scale != "points" and possible:
            value = Decimal(repr(total)) * Decimal(repr(self.most(possible))) / Decimal(repr(possible))
        return self.text(value)

    def text(self, value: Decimal | float) -> str:
        """A number with as many decimals as it needs, and no more than are asked for."""
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        rounded = number.quantize(Decimal(1).scaleb(-self.digits), rounding=ROUND_HALF_UP)
        return f"{rounded:f}".rstrip("0").rstrip(".") if self.digits else f"{rounded:f}"


@dataclass(frozen=True)
class Line:
    """What a platform's file needs to know of a learner.

    Attributes:
        row: the learner.
        grade: the grade; empty where it could not be found out.
        comment: what is told with it.
    """

    row: Row
    grade: str
    comment: str = ""


def told(marks: Marks) -> str:
    """What is told with a grade: late work and what was given by hand, in one line."""
    parts = [f"Late work: {marks.late.said}."] if marks.late and marks.late.days else []
    for each in marks.by_hand:
        points = "" if each.points is None else f"{each.points:g} points" if each.rule else f"{each.points:+g} points"
        what = ", ".join(part for part in (each.rule, points) if part)
        parts.append(f"By hand: {': '.join(part for part in (what, each.comment) if part)}")
    return " ".join(parts)


def column(row: Row, name: str) -> str:
    """What a column of the roster says of a learner, however its name is written; empty where there is none."""
    wanted = name.casefold()
    return next((text for known, text in row.learner.more.items() if known.strip().casefold() == wanted), "")


def has_column(row: Row, name: str) -> bool:
    """Whether the roster has such a column."""
    return name.casefold() in {known.strip().casefold() for known in row.learner.more}


def mail_of(row: Row) -> str:
    """A learner's e-mail address; empty where nobody knows it."""
    return row.learner.keys.get("email") or column(row, "email") or (row.learner.id if "@" in row.learner.id else "")


def moodle_number(row: Row) -> str:
    """The number by which Moodle knows a participant of the assignment; empty where only Moodle knows it.

    The worksheet has it, and so have the names in the download. A number that a roster of somebody else's gives, a
    student's say, is none: it may be that of another participant.
    """
    for name in row.names:
        if match := re.search(r"_(\d+)_assign(?:submission|feedback)_", name):
            return match[1]
    own = next((name for name in ("Maximum Grade", "Last modified (grade)") if has_column(row, name)), "")
    told = column(row, "Identifier") or (row.learner.id if own else "")
    match = re.fullmatch(r"(?:\D+ )?(\d+)", told)
    return match[1] if match else ""


def assignment_of(platform: str, rows: Iterable[Row], asked: str) -> str:
    """The assignment's column as the platform's own export names it, with its number; else what was asked for.

    Raises:
        BadInput: several columns have this name.
    """
    pattern = _NUMBERED.get(platform)
    first = next((row for row in rows if row.learner.more), None)
    if pattern is None or first is None:
        return asked
    found = [name for name in first.learner.more if name == asked]
    for name in first.learner.more:
        match = pattern.match(name)
        if match and asked in (match["name"], match["id"]) and name not in found:
            found.append(name)
    if len(found) > 1:
        raise BadInput(
            f"Several columns of the roster are called '{asked}': {', '.join(found)}. Give --assignment in full."
        )
    return found[0] if found else asked


def canvas(lines: Sequence[Line], grades: Grades, possible: float) -> bytes:
    """Canvas's gradebook."""
    rows = [line.row for line in lines]
    title = assignment_of("canvas", rows, grades.assignment)
    percent = grades.scale == "percent"
    table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]]
    # Canvas changes nothing in what it is worth where this cell is empty.
    table.append(["    Points Possible", "", "", "", "", "" if percent else grades.text(grades.most(possible))])
    for line in lines:
        row = line.row
        number = column(row, "ID")
        own = has_column(row, "SIS Login ID") or has_column(row, "SIS User ID")
        if own and not has_column(row, "ID") and row.learner.id.isdecimal():
            number = row.learner.id  # the roster is Canvas's own, and its number was taken for the id
        login = column(row, "SIS Login ID") or ("" if number else row.learner.id)
        cells = [row.learner.name or row.learner.id, number, column(row, "SIS User ID"), login, column(row, "Section")]
        table.append([*cells, f"{line.grade}%" if percent and line.grade else line.grade])
    return _csv(table, plain_rows=2)


def moodle(lines: Sequence[Line], grades: Grades, possible: float) -> bytes:
    """Moodle's offline grading worksheet."""
    table = [
        [
            "Identifier",
            "Full name",
            "Email address",
            "Status",
            "Grade",
            "Maximum Grade",
            "Grade can be changed",
            "Last modified (submission)",
            "Last modified (grade)",
            "Feedback comments",
        ]
    ]
    for line in lines:
        row = line.row
        number = moodle_number(row)
        identifier = f"Participant {number}" if number else row.learner.id
        most = column(row, "Maximum Grade") or grades.text(grades.most(possible))
        table.append(
            [
                *(identifier, row.learner.name, mail_of(row)),
                *(column(row, "Status"), line.grade, most, column(row, "Grade can be changed") or "Yes"),
                *(column(row, "Last modified (submission)") or "-", column(row, "Last modified (grade)") or "-"),
                line.comment,
            ]
        )
    return _csv(table, keep=("-",))


def blackboard(lines: Sequence[Line], grades: Grades, possible: float) -> bytes:
    """Blackboard's Grade Center, tab-separated UTF-16."""
    title = assignment_of("blackboard", [line.row for line in lines], grades.assignment)
    if "[Total Pts:" not in title:
        title = f"{title} [Total Pts: {grades.text(grades.most(possible))} Score]"
    table = [["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability", title]]
    for line in lines:
        row = line.row
        first, _, last = row.learner.name.rpartition(" ")
        names = [column(row, "Last Name") or last, column(row, "First Name") or first]
        known = [column(row, "Username") or row.learner.id, column(row, "Student ID")]
        table.append([*names, *known, column(row, "Last Access"), column(row, "Availability"), line.grade])
    out = io.StringIO()
    csv.writer(out, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [[safe(cell) for cell in cells] for cells in table]
    )
    return b"\xff\xfe" + out.getvalue().encode("utf-16-le")


def warning(platform: str, lines: Sequence[Line], grades: Grades, possible: float) -> str:
    """What will go wrong when a platform takes the grades in, as a sentence; empty where nothing is known to."""
    unknown = [line.row.learner.id for line in lines if platform == "moodle" and not moodle_number(line.row)]
    if unknown:
        who = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        return f"Moodle will not know {len(unknown)}; give its grading worksheet as the roster: {who}"
    limit = next((column(line.row, "Maximum Grade") for line in lines), "") if platform == "moodle" else ""
    try:
        too_much = bool(limit) and grades.most(possible) > float(limit.replace(",", "."))
    except ValueError:
        return ""
    if not too_much:
        return ""
    most = grades.text(grades.most(possible))
    return f"Moodle leaves out grades over its {limit}, and here there are up to {most}: give --scale {limit}."


def _csv(table: Sequence[Sequence[str]], plain_rows: int = 1, keep: Sequence[str] = ()) -> bytes:
    """CSV in UTF-8; the first rows are the platform's own words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, cells in enumerate(table):
        own = number < plain_rows
        writer.writerow([cell if own or cell in keep else safe(cell) for cell in cells])
    return out.getvalue().encode("utf-8")


@dataclass(frozen=True)
class Platform:
    """How a platform's file is made, and what it is called."""

    make: Callable[[Sequence[Line], Grades, float], bytes]
    file: str


PLATFORMS = {
    "canvas": Platform(canvas, "gradebook-canvas.csv"),
    "moodle": Platform(moodle, "gradebook-moodle.csv"),
    "blackboard": Platform(blackboard, "gradebook-blackboard.txt"),
}
