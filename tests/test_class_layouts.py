"""From each platform's download and roster to the right rows, and back into its own gradebook: sixty learners each."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from grader.classroom.store import Store
from tests.classes import gradebook, run
from tests.downloads import (
    ABSENT,
    AROUND,
    CHAPTER,
    PEOPLE,
    PLATFORMS,
    POINTS,
    STRANGER,
    kind_of,
    write,
    zipped,
)


@pytest.mark.parametrize(
    ("platform", "packed"), [*((name, False) for name in PLATFORMS), ("moodle", True), ("gradescope", True)]
)
def test_sixty_learners(platform: str, packed: bool, tmp_path: Path) -> None:
    """Every row is right: the id, what was earned, the time; the download is taken as it is, unpacked or not."""
    given = PLATFORMS[platform]()
    around = AROUND.get(platform, "")
    download = tmp_path / "download"
    if packed:
        download = tmp_path / "download.zip"
        download.write_bytes(zipped({f"{around}{name}": content for name, content in given.members.items()}))
    else:
        write(download / around, given.members)
    name, content = given.roster
    (tmp_path / name).write_bytes(content)
    report = tmp_path / "report"
    options = ["--out", report, "--roster", tmp_path / name, "--chapters", "1", "--time-limit", "60"]
    if platform in COLUMNS:
        options += ["--gradebook", platform, "--assignment", "hw1"]
    if platform in ("moodle", "canvas"):
        options += ["--feedback", platform]
    said = run("class", download, *options)

    assert f"Layout: {platform}, " in said
    known = {"canvas": STRANGER.joined, "github": STRANGER.login}.get(platform, STRANGER.name)
    assert f"1 of 59 are not in the roster: {known}" in said
    assert "60 learners: 59 to grade, 1 missing." in said
    rows = gradebook(report)
    assert set(rows) == {given.id_of(person) for person in PEOPLE}
    for person in PEOPLE:
        row = rows[given.id_of(person)]
        partner = PEOPLE[40] if platform == "gradescope" and person.number == 44 else person
        expected = ("missing", 0) if person is ABSENT else ("graded", POINTS[kind_of(partner)])
        assert (row["status"], int(row[CHAPTER])) == expected, (person, row)
        assert ("not in the roster" in row["note"]) == (person is STRANGER), row
        if person not in (STRANGER, ABSENT):
            assert person.last in row["name"] and person.first in row["name"]
    with Store(report, readonly=True) as store:
        times = {row.learner.id: row.submitted for row in store.learners()}
    for person in PEOPLE:
        expected_time = None if person is ABSENT else given.submitted(person)
        found = times[given.id_of(person)]
        assert (found and found.replace(second=0)) == (expected_time and expected_time.replace(second=0)), person
    if platform in COLUMNS:
        check_import(platform, report)


# File, encoding, delimiter; the columns of the id and of the grade; how the platform writes a learner's id.
COLUMNS = {
    "moodle": (
        "gradebook-moodle.csv",
        "utf-8",
        ",",
        "Identifier",
        "Grade",
        lambda person: f"Participant {person.user}",
    ),
    "canvas": ("gradebook-canvas.csv", "utf-8", ",", "ID", "hw1 (4711)", lambda person: person.user),
    "blackboard": (
        *("gradebook-blackboard.txt", "utf-16", "\t", "Username", "hw1 [Total Pts: 10 Score] |815"),
        lambda person: person.login.replace("-", "_"),
    ),
}


def check_import(platform: str, report: Path) -> None:
    """Everybody's grade stands in the platform's own column, at the platform's own id; and in the zip of feedback."""
    file, encoding, delimiter, key, column, id_of = COLUMNS[platform]
    text = (report / file).read_bytes().decode(encoding)
    rows = {row[key]: row for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)}
    for person in PEOPLE:
        if person is not STRANGER:
            points = 0 if person is ABSENT else POINTS[kind_of(person)]
            assert rows[id_of(person)][column] == str(points), (person, rows[id_of(person)])
    if platform == "blackboard":
        return
    with zipfile.ZipFile(report / f"feedback-{platform}.zip") as archive:
        names = archive.namelist()
    assert len(names) == 2 * (len(PEOPLE) - 1)
    for person in PEOPLE:
        assert any(f"_{person.user}_" in name for name in names) == (person is not ABSENT), person
