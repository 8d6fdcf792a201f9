"""Command: who is in the class, as Moodle, Canvas, Blackboard, GitHub Classroom or Gradescope export it, or any CSV.

What the columns mean is known by their headers, in the words of these systems:

- Moodle, participants: ``First name,Last name,Email address``, also ``Username``, ``ID number``, ``Groups``; grading
  worksheet: ``Identifier,Full name,Email address,...,Last modified (submission)`` with ``Participant 12345``
  (``mod/assign/gradingtable.php``, ``mod/assign/feedback/offline``).
- Canvas, gradebook: ``Student,ID,SIS User ID,SIS Login ID,Section``, then assignments; the line ``Points Possible``,
  and perhaps one more without a student, stand above the learners (``lib/gradebook_exporter.rb``).
- Blackboard, Grade Center: ``Last Name,First Name,Username,Student ID``, UTF-16 with tabulators.
- GitHub Classroom: ``identifier,github_username,github_id,name``, and its grades with ``submission_timestamp``.
- Gradescope: ``First Name,Last Name,SID,Email,Sections``, and its grades with ``Submission Time``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import BadInput
from grader.classroom.intake import table
from grader.classroom.intake.layouts.pieces import folded

# What a column holds, by its header in small letters. Of those that can be the id the first in this order is it.
_KINDS = {
    "id": "number",
    "identifier": "number",
    "participant": "number",
    "roster_identifier": "number",
    "username": "login",
    "user name": "login",
    "user": "login",
    "login": "login",
    "login id": "login",
    "sis login id": "login",
    "github_username": "github",
    "github username": "github",
    "sid": "sid",
    "student id": "sid",
    "student number": "sid",
    "id number": "sid",
    "sis user id": "sid",
    "sis id": "sid",
    "integration id": "sid",
    "student_id": "sid",
    "matriculation number": "sid",
    "email": "email",
    "e-mail": "email",
    "email address": "email",
    "e-mail address": "email",
    "anmeldename": "login",
    "benutzername": "login",
    "kennung": "number",
    "matrikelnummer": "sid",
    "matrikelnr": "sid",
    "id-nummer": "sid",
    "e-mail-adresse": "email",
    "github_id": "github number",
    "student_repository_name": "repository",
    "name": "name",
    "full name": "name",
    "student": "name",
    "student name": "name",
    "learner": "name",
    "vollständiger name": "name",
    "first name": "first",
    "firstname": "first",
    "given name": "first",
    "vorname": "first",
    "last name": "last",
    "lastname": "last",
    "surname": "last",
    "family name": "last",
    "nachname": "last",
    "last modified (submission)": "time",
    "submission time": "time",
    "submission_timestamp": "time",
}
_TOLD = ("first", "last", "time")
_IDS = ("number", "login", "sid", "email", "github")
# Results of other assignments, and what a system computed: no gradebook needs them once more.
_RESULT = re.compile(
    r".*\(\d+\)|.*\|\d+|.*\b(?:current|final) (?:points|score|grade)\b.*|override (?:score|grade)|points_\w+|"
    r"assignment_\w+|starter_code_url|student_repository_url|last (?:access|downloaded.*)|total score|max points|"
    r"lateness.*|view count|submission count|grade can be changed|last modified \(grade\)|feedback comments|"
    r"(?:maximum )?grade",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Learner:
    """One line of the roster.

    Attributes:
        id: the learner's id.
        name: the learner's name; empty when the roster has none.
        more: the other columns, by the roster's own headers.
        keys: what submissions may be known by: values by kind (``number``, ``login``, ``sid``, ``email``, ...).
    """

    id: str
    name: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, str]:
        """The other columns without what they only repeat, and without results of other assignments."""
        return {
            column: value
            for column, value in self.more.items()
            if not _RESULT.fullmatch(column) and _KINDS.get(column.lower()) not in _TOLD
        }


@dataclass(frozen=True)
class Roster:
    """A class.

    Attributes:
        learners: who is in it, in the roster's order.
        told: how the file was understood, and which lines were left out, in sentences.
    """

    learners: list[Learner]
    told: list[str] = field(default_factory=list)


def load(file: Path, id_column: str | None = None, known: Collection[str] = ()) -> Roster:
    """The learners of a roster, in its order.

    Args:
        file: CSV with a header line.
        id_column: header of the column with the ids; found where it is not given.
        known: what the submissions are known by, which tells the column where its header is nobody's.

    Raises:
        BadInput: it cannot be read, or no column can be the id.
    """
    header, rows, encoding = table.load(file, "roster")
    kinds = {name: _KINDS.get(name.lower(), "") for name in header}
    scores = _scores(header, rows, kinds, {folded(each) for each in known})
    ids = _id_column(file, header, rows, scores, id_column)
    # A column with a header of nobody's, by whose values most submissions are known.
    kinds |= {name: "other" for name in header if not kinds[name] and 2 * scores[name] > len(known)}
    told = []
    if encoding:
        told.append(f"The roster is not UTF-8; it was read as {encoding}.")
    if ids != "id":
        advice = "" if id_column else " If another is meant, give --id-column."
        told.append(f"The roster's column '{ids}' is the id.{advice}")
    found: dict[str, Learner] = {}
    without, again = [], []
    for number, row in enumerate(rows, start=2):
        cells = {name: cell for name, cell in zip(header, row, strict=False) if name}
        if not any(row) or _is_no_learner(cells, kinds):
            continue
        learner = _learner(cells, kinds, ids)
        if not learner.id:
            without.append(str(number))
        elif folded(learner.id) in found:
            again.append(f"{learner.id} (line {number})")
        else:
            found[folded(learner.id)] = learner
    if without:
        told.append(f"Left out of the roster, because they have no id: line {', '.join(without[:10])}.")
    if again:
        told.append(f"Twice in the roster; the first line counts: {', '.join(again[:10])}.")
    if not found:
        raise BadInput(f"The roster '{file}' names nobody; below its first line there has to be one for each learner.")
    return Roster(list(found.values()), told)


def _id_column(
    file: Path, header: list[str], rows: list[list[str]], scores: Mapping[str, int], given: str | None
) -> str:
    columns = ", ".join(name for name in header if name)
    if given is not None:
        match = next((name for name in header if folded(name) == folded(given)), None)
        if match is None:
            raise BadInput(f"The roster '{file}' has no column '{given}'. Its columns are: {columns or 'none'}")
        return match
    usual = [
        name
        for word, kind in _KINDS.items()
        for place, name in enumerate(header)
        if name.lower() == word and kind in _IDS and (any(_cells(rows, place)) or not any(map(any, rows)))
    ]
    if usual and usual[0].lower() == "id":
        return usual[0]
    best = max(header, key=lambda name: scores[name], default="")
    if best and scores[best] and not (usual and _KINDS.get(best.lower())):
        return best
    if usual:
        return usual[0]
    raise BadInput(
        f"The roster '{file}' has no column that is known to hold ids. Name it with --id-column; its columns are: "
        f"{columns or 'none'}"
    )


def _scores(
    header: list[str], rows: list[list[str]], kinds: Mapping[str, str], known: Collection[str]
) -> dict[str, int]:
    """How many submissions are known by what a column holds; none where its values repeat, or are names or times."""
    scores = {}
    for place, name in enumerate(header):
        cells = [folded(_number(cell)) for cell in _cells(rows, place)]
        can_be = kinds[name] not in ("name", "first", "last", "time") and len(set(cells)) == len(cells)
        scores[name] = sum(cell in known for cell in cells) if name and can_be else 0
    return scores


def _cells(rows: list[list[str]], place: int) -> list[str]:
    return [row[place] for row in rows if place < len(row) and row[place]]


def _is_no_learner(cells: Mapping[str, str], kinds: Mapping[str, str]) -> bool:
    """Canvas' line of possible points, those above it that have no student, and its student for tests."""
    first = next(iter(cells.values()), "")
    is_canvas = next(iter(cells), "").lower() in ("student", "lastname") and "ID" in cells
    return is_canvas and (first in ("Points Possible", "Student, Test") or not cells["ID"])


def _learner(cells: Mapping[str, str], kinds: Mapping[str, str], ids: str) -> Learner:
    keys: dict[str, str] = {}
    names: dict[str, str] = {}
    for column, value in cells.items():
        kind = kinds[column]
        if kind in ("name", "first", "last"):
            names.setdefault(kind, value)
        elif kind and value:
            keys.setdefault(kind, _number(value) if kind == "number" else value)
    first, last = names.get("first", ""), names.get("last", "")
    name = names.get("name") or f"{first} {last}".strip()
    if name:
        keys["name"] = name
    more = {column: value for column, value in cells.items() if column != ids and kinds[column] != "name"}
    given = cells.get(ids, "")
    return Learner(_number(given) if kinds[ids] == "number" else given, name, more, keys)


def _number(value: str) -> str:
    """Moodle's ``Participant 12345`` is participant 12345, in every language."""
    match = re.fullmatch(r"\D+ (\d+)", value)
    return match[1] if match else value
