"""Several copies of the same chapter: the rule of the README, said in the row; and nothing that refuses the class."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.classroom import intake
from grader.classroom.intake import Source, Submission, Unreadable, roster
from grader.classroom.intake.layout import starter_files
from grader.rules import CHAPTERS
from tests.classes import gradebook, run
from tests.downloads import below, code, write, zipped

MINE, OTHER = b"mine = 1\n", b"other = 2\n"


def files(place: str, content: bytes = MINE, chapter: str = "05_crud") -> dict[str, bytes]:
    return {f"{place}{chapter}/app/crud.py": content}


def app(place: str, content: bytes = MINE) -> dict[str, bytes]:
    return {f"{place}app/crud.py": content}


def starter(place: str) -> dict[str, bytes]:
    return {f"{place}05_crud/{path}": content for path, content in starter_files("05_crud").items()}


# What is handed in, the chapter that counts for 05_crud, and what the row says.
COPIES: dict[str, tuple[dict[str, bytes], str]] = {
    "a backup beside the real one": (
        files("chapters/") | files("backup/", OTHER),
        "2 copies of 05_crud: took chapters, not backup (other code)",
    ),
    "a backup that lies higher": (
        files("hw/workbook/chapters/") | files("old/", OTHER),
        "took hw/workbook/chapters, not old (other code)",
    ),
    "downloaded twice": (
        files("chapters/") | {"chapters/05_crud (1)/app/crud.py": OTHER},
        "took chapters/05_crud, not chapters/05_crud (1) (other code)",
    ),
    "one level too high": (files("chapters/") | files("", OTHER), "took chapters, not . (other code)"),
    "work beside the untouched starter": (
        starter("chapters/") | files("my solution/"),
        "took my solution, not chapters (the untouched starter)",
    ),
    "a link beside it": (
        files("b/") | {"a/05_crud/README.md": b"no app"},
        "took b, not a (cannot be graded)",
    ),
    "an archive beside its content": (
        files("") | {"05_crud.zip": zipped(files("", OTHER))},
        "took ., not 05_crud.zip (other code)",
    ),
    "the same code twice": (files("chapters/") | files("copy/"), "took chapters, not copy (the same code)"),
    "an archive in an archive": ({"a.zip": zipped({"b.zip": zipped(files("x/"))})}, ""),
    "a folder in a folder of that name": (files("05_crud/"), ""),
    "the wrong case": ({"05_CRUD/app/crud.py": MINE}, ""),
    "without the folder app": ({"05_crud/crud.py": MINE}, "05_crud/app is missing; took the files in 05_crud for it"),
    "the app in a folder named by hand": (app("anna 05_crud final/"), ""),
    "the app alone, with a numbered comment": (
        app("", b"    # 5.1 add the item\n    # 4.2 as before\n"),
        "took app for 05_crud/app",
    ),
}


def read(members: dict[str, bytes], folder: Path) -> Submission:
    write(folder, members)
    return intake.read(folder)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("what", COPIES)
def test_the_rule_chooses_and_says_so(what: str, packed: bool, tmp_path: Path) -> None:
    members, said = COPIES[what]
    if packed:
        (tmp_path / "anna.zip").write_bytes(zipped(members))
        submission = intake.read(tmp_path / "anna.zip")
        said = said.replace("took ", "took anna.zip/", 1).replace("took anna.zip/the files", "took the files")
    else:
        submission = read(members, tmp_path / "anna")
    chosen = dict(submission.chapters["05_crud"].files)
    assert list(chosen) == ["app/crud.py"] and chosen["app/crud.py"] != OTHER
    notes = "; ".join(submission.notes)
    if packed and ", not " in said:
        before, _, after = said.partition(", not ")
        said = f"{before}, not anna.zip/{after}".replace("/.,", ",").replace("/. (", " (")
    assert said in notes if said else not notes


def test_chapters_in_two_folders(tmp_path: Path) -> None:
    members = files("part 1/", chapter="01_engine") | files("part 1/", chapter="02_models") | files("part 2/")
    submission = read(members, tmp_path / "anna")
    assert list(submission.chapters) == ["01_engine", "02_models", "05_crud"]
    assert submission.notes == ("chapters from 2 places: part 1 (01_engine, 02_models), part 2 (05_crud)",)


def test_folder_and_zip_of_the_same_id(tmp_path: Path) -> None:
    """Whatever its case and Unicode form; of several submissions every chapter is found, and the row names them."""
    write(tmp_path / "Jörg", files("", OTHER, "01_engine"))
    (tmp_path / "Jo\u0308rg.zip").write_bytes(zipped(files("", MINE, "01_engine") | files("")))
    (tmp_path / "anna.zip").write_bytes(zipped(files("")))
    download = intake.find(tmp_path)
    assert [len(entry.sources) for entry in download.entries] == [2, 1]
    assert "2 submissions: " in download.entries[0].notes[0]
    submission = intake.read(*download.entries[0].sources)
    assert dict(submission.chapters["01_engine"].files) == {"app/crud.py": OTHER}
    assert dict(submission.chapters["05_crud"].files) == {"app/crud.py": MINE}
    assert any("took Jörg, not Jörg.zip (other code)" in note.replace("o\u0308", "ö") for note in submission.notes)


# -- single files -------------------------------------------------------------------------------


def test_single_files_become_a_chapter(tmp_path: Path) -> None:
    """By their numbered comments, by the name that one chapter alone asks for, or by the only chapter graded."""
    write(tmp_path, {"crud-2.py": b"# 5.1 add\n", "deps.py": b"x = 1\n", "tasks (1).py": b"y = 2\n", "main.py": b""})
    paths = [Source(path, path.name) for path in sorted(tmp_path.iterdir())]
    submission = intake.read(*paths)
    assert list(submission.chapters) == ["03_deps", "05_crud", "10_background"]
    crud = submission.chapters["05_crud"].files
    assert crud["app/crud.py"] == b"# 5.1 add\n"
    assert {name: content for name, content in crud.items() if name != "app/crud.py"} == {
        name: content for name, content in starter_files("05_crud").items() if name != "app/crud.py"
    }
    assert "05_crud is made of app/crud.py; the rest of it is the starter's" in submission.notes
    assert submission.notes[0].startswith("main.py was left out: it may be of 02_models, 06_routes, ")
    again = intake.read(Source(tmp_path / "main.py", "main.py"), selected=["06_routes"])
    assert again.chapters["06_routes"].files["app/main.py"] == b""


def test_single_file_beside_its_chapter(tmp_path: Path) -> None:
    submission = read(files("") | {"crud.py": b"# 5.1 add\n"}, tmp_path / "anna")
    assert dict(submission.chapters["05_crud"].files) == {"app/crud.py": MINE}
    assert submission.notes == ("crud.py was left out: 05_crud was handed in as a whole",)


def test_broken_beside_good(tmp_path: Path) -> None:
    """What cannot be read is named, and costs nothing else; alone it is the reason."""
    submission = read(files("") | {"old.zip": b"PK", "more.rar": b"Rar!"}, tmp_path / "anna")
    assert dict(submission.chapters["05_crud"].files) == {"app/crud.py": MINE}
    assert submission.notes[0].startswith("more.rar was left out: it is no zip or tar archive")
    assert submission.notes[1].startswith("old.zip was left out: it cannot be read")
    with pytest.raises(Unreadable, match=r"work\.rar was left out: it is no zip or tar archive"):
        read({"work.rar": b"Rar!"}, tmp_path / "bert")
    nested = zipped(files(""))
    for _ in range(6):
        nested = zipped({"inner.zip": nested})
    with pytest.raises(Unreadable, match="in too many other archives"):
        read({"bomb.zip": nested}, tmp_path / "carl")


# -- the class ----------------------------------------------------------------------------------


def test_one_bad_entry_never_refuses_the_class(tmp_path: Path) -> None:
    """Each has a row; what was handed in and could not be graded makes the status 1."""
    place = tmp_path / "class"
    right = below("", "right")
    write(place / "good", right)
    write(place / "Good", {"chapters/01_engine/app/db.py": code("broken")["app/db.py"]})
    (place / "broken.zip").write_bytes(b"PK")
    (place / "pdf.7z").write_bytes(b"7z")
    write(place / "nothing", {"report.pdf": b"%PDF"})
    os.mkfifo(place / "pipe.zip")
    (place / "link").symlink_to(place / "good")
    (place / "readme.txt").write_text("by hand")
    file = tmp_path / "people.csv"
    file.write_bytes("sep=;\nLogin;Name\nGOOD;Åsa\nnothing;Bo\n;Nobody\nabsent;Ci\ngood;Twice\n".encode("cp1252"))
    said = run("class", place, "--out", tmp_path / "report", "--roster", file, "--chapters", "1", status=1)
    assert "The roster is not UTF-8; it was read as cp1252." in said
    assert "The roster's column 'Login' is the id." in said
    assert "Left out of the roster, because they have no id: line 4." in said
    assert "Twice in the roster; the first line counts: good (line 6)." in said
    assert "4 of 6 are not in the roster: broken, link, pdf, pipe" in said
    assert "Left out, because they are not a folder, zip or tar archive: readme.txt" in said
    assert "Not graded, or not all of it; the gradebook says why: nothing, broken, link, pdf, pipe" in said
    rows = gradebook(tmp_path / "report")
    assert [(name, row["status"], row["total"]) for name, row in rows.items()] == [
        ("GOOD", "graded", "0"),
        ("nothing", "empty", "0"),
        ("absent", "missing", "0"),
        ("broken", "unreadable", "0"),
        ("link", "unreadable", "0"),
        ("pdf", "unreadable", "0"),
        ("pipe", "unreadable", "0"),
    ]
    assert rows["GOOD"]["name"] == "Åsa"
    assert "2 submissions: Good, good" in rows["GOOD"]["note"]
    assert "took Good/chapters, not good (other code)" in rows["GOOD"]["note"]


def test_told_layout_and_column(tmp_path: Path) -> None:
    """What is recognised can be told; what is told has to exist."""
    write(tmp_path / "class/a_12_assignsubmission_file_x", below("", "right"))
    assert intake.find(tmp_path / "class").layout == "moodle"
    told = intake.find(tmp_path / "class", "plain")
    assert [entry.learner for entry in told.entries] == ["a_12_assignsubmission_file_x"]
    for options, message in (
        (["--layout", "ilias"], "There is no layout 'ilias'; give --layout gradescope, moodle,"),
        (["--id-column", "x"], "--id-column names a column of the roster; give --roster, too."),
    ):
        assert message in run("class", tmp_path / "class", "--out", tmp_path / "report", *options, status=2)
    file = tmp_path / "people.csv"
    file.write_text("key,who,mail\nx1,Ann Lee,a@example.edu\nx2,Bo Ek,b@example.edu\n")
    with pytest.raises(roster.BadInput, match=r"has no column 'nr'\. Its columns are: key, who, mail"):
        roster.load(file, "nr")
    assert [each.id for each in roster.load(file, "WHO").learners] == ["Ann Lee", "Bo Ek"]
    found = roster.load(file, known=["x1", "x2", "x3"])
    assert [each.id for each in found.learners] == ["x1", "x2"]


def test_chapter_names_are_words(tmp_path: Path) -> None:
    """Every chapter is known with words beside it, and none inside another word, which is said."""
    for chapter in CHAPTERS:
        submission = read({f"x{chapter}/app/db.py": MINE, f"{chapter} - Copy/app/db.py": MINE}, tmp_path / chapter)
        assert list(submission.chapters) == [chapter]
        assert submission.notes == (f"x{chapter}/app was left out: nothing says of which chapter it is",)


def test_the_only_archive_in_a_folder(tmp_path: Path) -> None:
    """A platform's download is opened; the archive of the only learner is that learner's."""
    inside = {f"Ann Lee_7_assignsubmission_file/{name}": content for name, content in files("").items()}
    (tmp_path / "class").mkdir()
    (tmp_path / "class/hw1-42.zip").write_bytes(zipped(inside))
    with intake.opened(tmp_path / "class") as (folder, _):
        assert folder != tmp_path / "class"
        (entry,) = intake.find(folder).entries
        assert (entry.learner, entry.name) == ("7", "Ann Lee")
        assert dict(intake.read(*entry.sources).chapters["05_crud"].files) == {"app/crud.py": MINE}
    assert not folder.exists()
    (tmp_path / "class/hw1-42.zip").write_bytes(zipped(files("a_12_b/") | files("more/")))
    with intake.opened(tmp_path / "class") as (folder, _):
        assert folder == tmp_path / "class"
        assert [entry.learner for entry in intake.find(folder).entries] == ["hw1-42"]
    (tmp_path / "broken.zip").write_bytes(b"PK")
    for given, message in (("broken.zip", "cannot be unpacked: it is broken"), ("nowhere", "There is no folder")):
        with pytest.raises(roster.BadInput, match=message), intake.opened(tmp_path / given) as (folder, _):
            intake.find(folder)
