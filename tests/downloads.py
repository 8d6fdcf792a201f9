"""Classes of sixty as Moodle, Canvas, Blackboard, GitHub Classroom and Gradescope give them out, with their rosters.

Made from the published descriptions that the modules of ``grader.classroom.intake.layouts`` and ``roster`` name; every
person is invented. What is put in for each learner is known, so that every row can be compared with it.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from grader.rules import rules_of
from tests import PROJECT

CHAPTER = "01_engine"
# The last one is not in Unicode's normal form.
FIRST = ("Anna", "Björn", "Chloé", "Dmitri", "Eva-Maria", "Farid", "Göran", "Hana", "Íris", "Jo\u0308rg")
LAST = ("Lee", "Müller", "O'Brien", "van der Berg", "Şahin", "Nguyễn")
DUE = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """A learner who does not exist."""

    number: int

    @property
    def first(self) -> str:
        return FIRST[self.number % 10]

    @property
    def last(self) -> str:
        return LAST[self.number // 10 % 6]

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def login(self) -> str:
        return f"st-{self.number:03}" if self.number % 2 else f"user{self.number:03}"

    @property
    def email(self) -> str:
        return f"{self.login}@example.edu"

    @property
    def user(self) -> str:
        """The platform's own number."""
        return str(70_000 + 7 * self.number)

    @property
    def sid(self) -> str:
        """The university's number, with zeros in front."""
        return f"00{4_000 + self.number}"

    @property
    def joined(self) -> str:
        """The sortable name as Canvas writes it: letters, and what is combined with them."""
        name = f"{self.last}{self.first}".lower()
        return "".join(letter for letter in name if letter.isalnum() or unicodedata.combining(letter))

    @property
    def submitted(self) -> datetime:
        return DUE + timedelta(hours=self.number)


PEOPLE = [Person(number) for number in range(60)]
ABSENT = PEOPLE[58]  # in the roster, hands in nothing
STRANGER = PEOPLE[59]  # hands in, and is not in the roster


@cache
def code(kind: str) -> dict[str, bytes]:
    """What is handed in for the chapter, by path below its folder."""
    right = (PROJECT / "solutions" / CHAPTER / "app/db.py").read_bytes()
    files = {
        "right": right,
        "starter": (PROJECT / "chapters" / CHAPTER / "app/db.py").read_bytes(),
        "broken": b"def (\n",
        "no base": right.replace(b"class Base(DeclarativeBase):", b"class Base:"),
    }
    assert files["no base"] != right
    return {"app/__init__.py": b"", "app/db.py": files[kind]}


ALL = len(rules_of(CHAPTER))
POINTS = {"right": ALL, "starter": 0, "broken": 0, "no base": ALL - 1}
KINDS = tuple(POINTS)


def kind_of(person: Person) -> str:
    """What somebody hands in; neighbours never the same."""
    return KINDS[person.number % 4]


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def below(folder: str, kind: str) -> dict[str, bytes]:
    """The chapter in a folder."""
    return {f"{folder}{CHAPTER}/{name}": content for name, content in code(kind).items()}


def shaped(person: Person) -> dict[str, bytes]:
    """Somebody's files as they were uploaded: zips of different shapes, and what computers put beside them."""
    kind = kind_of(person)
    junk = {"__MACOSX/._work": b"junk", ".DS_Store": b"junk"}
    shapes: list[Callable[[], dict[str, bytes]]] = [
        lambda: {"work.zip": zipped(below("chapters/", kind) | junk)},
        lambda: {f"{CHAPTER}.zip": zipped(code(kind))},  # the app at the top of an archive with the chapter's name
        lambda: {"my work (final).zip": zipped(below("workbook-main/chapters/", kind) | junk)},
        lambda: {"db.py": code(kind)["app/db.py"], "notes.txt": b"see db.py"},
        lambda: {"outer.zip": zipped({"inner.zip": zipped(below("", kind))})},
    ]
    return shapes[person.number % len(shapes)]()


def write(folder: Path, members: dict[str, bytes]) -> None:
    """Write files below a folder."""
    for name, content in members.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def table(rows: list[list[str]], delimiter: str = ",", quote: bool = False) -> str:
    """CSV as these systems write it."""

    def cell(text: str) -> str:
        return f'"{text}"' if quote or delimiter in text or " " in text else text

    return "".join(delimiter.join(map(cell, row)) + "\r\n" for row in rows)


@dataclass(frozen=True)
class Given:
    """A class as a platform gives it out.

    Attributes:
        members: the files of the download.
        roster: name and bytes of the roster, without the stranger.
        id_of: the id of a learner's row.
        submitted: the time that the layout tells.
    """

    members: dict[str, bytes]
    roster: tuple[str, bytes]
    id_of: Callable[[Person], str]
    submitted: Callable[[Person], datetime | None]


def handing_in() -> Iterator[Person]:
    """Those who hand in."""
    return (person for person in PEOPLE if person is not ABSENT)


def listed() -> Iterator[Person]:
    """Those who are in the roster."""
    return (person for person in PEOPLE if person is not STRANGER)


def moodle() -> Given:
    """A folder for each learner, some with the underscore of older versions; the grading worksheet."""
    members: dict[str, bytes] = {}
    for person in handing_in():
        ending = "_" if person.number % 3 == 0 else ""
        folder = f"{person.name}_{person.user}_assignsubmission_file{ending}"
        members |= {f"{folder}/{name}": content for name, content in shaped(person).items()}
    members[f"{PEOPLE[0].name}_{PEOPLE[0].user}_assignsubmission_onlinetext/onlinetext.html"] = b"<p>Done</p>"
    head = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"]
    rows = [[*head, "Last modified (submission)", "Last modified (grade)", "Feedback comments"]]
    for person in listed():
        time = person.submitted.astimezone().strftime("%A, %d %B %Y, %I:%M %p") if person is not ABSENT else "-"
        about = [f"Participant {person.user}", person.name, person.email, "Submitted for grading", "", "100.00", "Yes"]
        rows.append([*about, time, "-", ""])
    return Given(
        members,
        ("Grades-DB-hw1-42.csv", ("\ufeff" + table(rows)).encode()),
        lambda person: person.user,
        # The download tells no times; the worksheet does, of those whom it knows.
        lambda person: None if person is STRANGER else person.submitted,
    )


def canvas() -> Given:
    """Files named by sortable name, number of the user and of the attachment; the gradebook."""
    members = {}
    for person in handing_in():
        late = "_LATE" if person.number % 5 == 4 else ""
        for number, (name, content) in enumerate(shaped(person).items()):
            stored = name.replace("db.py", "db-1.py") if person.number % 2 else name
            members[f"{person.joined}{late}_{person.user}_{900_000 + 10 * person.number + number}_{stored}"] = content
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "hw1 (4711)", "Current Score", "Final Score"]
    rows = [head, ["", "", "", "", "", "Manual Posting", "", ""]]
    rows.append(["    Points Possible", "", "", "", "", "10.00", "(read only)", "(read only)"])
    for person in listed():
        about = [f"{person.last}, {person.first}", person.user, person.sid, person.login, f"Group {person.number % 2}"]
        rows.append([*about, "", "", ""])
    rows.append(["Student, Test", "99", "", "3c0ffee", "Group 0", "", "", ""])
    return Given(
        members,
        ("2026-10-05T1200_Grades-DB.csv", table(rows).encode()),
        lambda person: person.user,
        lambda person: None,
    )


def blackboard() -> Given:
    """Files of one or two attempts, of which the last counts, with receipts; the Grade Center in UTF-16."""
    members = {}
    for person in handing_in():
        login = person.login.replace("-", "_")
        attempts = [(person.submitted, shaped(person))]
        if person.number % 3 == 0:  # an earlier one, of other code
            other = KINDS[(person.number + 1) % 4]
            attempts.insert(0, (person.submitted - timedelta(days=2), {"old.zip": zipped(below("", other))}))
        for time, files in attempts:
            begin = f"Homework 1_{login}_attempt_{time.astimezone():%Y-%m-%d-%H-%M-%S}"
            members |= {f"{begin}_{name}": content for name, content in files.items()}
            receipt = f"Name: {person.name} ({login})\nAssignment: Homework 1\nDate Submitted: {time:%c}\n"
            members[f"{begin}.txt"] = receipt.encode()
    rows = [["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability"]]
    rows[0].append("hw1 [Total Pts: 10 Score] |815")
    for person in listed():
        about = [person.last, person.first, person.login.replace("-", "_"), person.sid, "2026-10-05 08:00:00", "Yes"]
        rows.append([*about, ""])
    return Given(
        members,
        ("gc_DB_fullgc.xls", b"\xff\xfe" + table(rows, "\t", quote=True).encode("utf-16-le")),
        lambda person: person.login.replace("-", "_"),
        lambda person: person.submitted,
    )


def github() -> Given:
    """Clones; the roster."""
    members = {}
    for person in handing_in():
        repository = f"hw-db-{person.login.upper() if person.number % 4 == 0 else person.login}"
        files = below("chapters/", kind_of(person)) | {".git/HEAD": b"ref: refs/heads/main\n", "README.md": b"#"}
        files |= below("solutions/", "right")
        members |= {f"{repository}/{name}": content for name, content in files.items()}
    rows = [["identifier", "github_username", "github_id", "name"]]
    rows += [[person.email, person.login, str(person.number), person.name] for person in listed()]
    return Given(
        members,
        ("classroom_roster.csv", table(rows, quote=True).encode()),
        lambda person: person.login if person is STRANGER else person.email,
        lambda person: None,
    )


def gradescope() -> Given:
    """Folders, and the metadata that say whose they are; two of them have handed in together."""
    members = {}
    metadata = ["---"]
    partner = PEOPLE[44]
    for person in handing_in():
        if person is partner:
            continue
        folder = f"submission_{person.user}"
        members |= {f"{folder}/{name}": content for name, content in shaped(person).items()}
        metadata += [f"{folder}:", "  :submitters:"]
        for each in [person, partner] if person.number == 40 else [person]:
            metadata += [f"  - :name: {each.name}", f"    :sid: '{each.sid}'", f"    :email: {each.email}"]
        metadata += [f"  :created_at: {person.submitted:%Y-%m-%d %H:%M:%S}.123456789 Z", "  :score: 0.0"]
        metadata += ["  :status: processed", "  :results: !ruby/hash:ActiveSupport::SafeBuffer", "    a: 1"]
    members["submission_metadata.yml"] = "\n".join([*metadata, ""]).encode()
    rows = [["First Name", "Last Name", "SID", "Email", "Sections"]]
    rows += [[person.first, person.last, person.sid, person.email, "A"] for person in listed()]
    return Given(
        members,
        ("DB_roster.csv", table(rows).encode()),
        lambda person: person.sid,
        lambda person: PEOPLE[40].submitted if person is partner else person.submitted,
    )


PLATFORMS = {"moodle": moodle, "canvas": canvas, "blackboard": blackboard, "github": github, "gradescope": gradescope}
# What lies around the files in the zip that is downloaded.
AROUND = {"gradescope": "assignment_815_export/", "github": "hw-db-submissions/"}
