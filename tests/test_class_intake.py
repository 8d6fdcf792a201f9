"""What is taken in: submissions in any shape, safely and within limits; rosters, weights, selections."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader import BadInput
from grader.bench.staging import stage
from grader.classroom import intake
from grader.classroom.intake import Entry, Unreadable, limits, roster, weights
from grader.classroom.intake.layout import chapter_in
from grader.classroom.intake.layouts.pieces import put_in_rows
from grader.classroom.intake.matching import match
from grader.classroom.intake.roster import Learner
from grader.classroom.intake.selection import selected
from grader.classroom.intake.times import time_of
from grader.classroom.output.publish import Names
from grader.rules import CHAPTERS
from grader.rules import roster as all_rules

CODE = b"x = 1\n"
FILE = "05_crud/app/crud.py"


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def tarred(file: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(file, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


def unzipped(file: Path, members: dict[str, bytes]) -> Path:
    for name, content in members.items():
        path = file.with_suffix("") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return file.with_suffix("")


Pack = Callable[[Path, dict[str, bytes]], Path]
PACKS: dict[str, tuple[Pack, str]] = {
    "folder": (unzipped, "anna.dir"),
    "zip": (zipped, "anna.zip"),
    "tar": (lambda file, members: tarred(file, members, "w"), "anna.tar"),
    "tar.gz": (tarred, "anna.tar.gz"),
    "tar.bz2": (lambda file, members: tarred(file, members, "w:bz2"), "anna.tar.bz2"),
    "tar.xz": (lambda file, members: tarred(file, members, "w:xz"), "anna.tar.xz"),
}
SHAPES = {
    "the chapters themselves": "",
    "a clone": "chapters/",
    "a clone in a folder": "workbook-main/chapters/",
    "chapters in a folder": "my work/",
}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read(shape: str, pack: str, tmp_path: Path) -> None:
    make, name = PACKS[pack]
    above = SHAPES[shape]
    outside = {"workbook-main/": "workbook-main/", "chapters/": ""}.get(above[: above.find("/") + 1], above)
    members = {
        f"{above}{FILE}": CODE,
        f"{above}05_crud/app/notes.txt": b"no code",
        f"{above}05_crud/app/__pycache__/crud.cpython-311.py": b"no code",
        f"{above}05_crud/README.md": b"no code",
        f"{above}06_routes/README.md": b"no app",
        f"{outside}solutions/05_crud/app/crud.py": b"not theirs",
        f"{outside}tests/cases/05_crud/app/crud.py": b"not theirs",
        f"{outside}.venv/01_engine/app/db.py": b"not theirs",
        "__MACOSX/05_crud/app/._crud.py": b"not theirs",
    }
    found = intake.read(make(tmp_path / name, members)).chapters
    assert dict(found["05_crud"].files) == {"app/crud.py": CODE}
    assert found["06_routes"].refused == "06_routes/app is missing; the chapter's code belongs there"
    assert list(found) == ["05_crud", "06_routes"]


def test_same_code_is_the_same_content_whatever_it_came_in(tmp_path: Path) -> None:
    members = {FILE: CODE, "05_crud/app/routes/items.py": b"y = 2\n"}
    digests = {intake.read(make(tmp_path / name, members)).chapters["05_crud"].digest for make, name in PACKS.values()}
    assert len(digests) == 1
    changed = intake.read(zipped(tmp_path / "bert.zip", members | {FILE: b"x = 2\n"})).chapters["05_crud"].digest
    renamed = intake.read(zipped(tmp_path / "c.zip", {"05_crud/app/c.py": CODE})).chapters["05_crud"].digest
    assert len({*digests, changed, renamed}) == 3


@pytest.mark.parametrize(
    "name", ["../05_crud/app/crud.py", "05_crud/app/../../../x.py", "/05_crud/app/crud.py", "C:\\05_crud\\app\\crud.py"]
)
@pytest.mark.parametrize("pack", ["zip", "tar.gz"])
def test_paths_that_lead_out_are_refused(name: str, pack: str, tmp_path: Path) -> None:
    make, file = PACKS[pack]
    with pytest.raises(Unreadable, match="points outside it"):
        intake.read(make(tmp_path / file, {FILE: CODE, name: CODE}))
    assert sorted(path.name for path in tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("link", ["05_crud/app/crud.py", "05_crud/app", "05_crud", "05_crud/app/extra"])
@pytest.mark.parametrize("kind", ["zip", "symbolic", "hard", "folder"])
def test_links_are_refused(kind: str, link: str, tmp_path: Path) -> None:
    target = Path(__file__).resolve().parents[1] / "solutions" / link
    other = (
        {"06_routes/app/main.py": CODE, "05_crud/app/db.py": CODE}
        if link.count("/") > 1
        else {"06_routes/app/main.py": CODE}
    )
    if kind == "zip":
        file = zipped(tmp_path / "anna.zip", other)
        info = zipfile.ZipInfo(link)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(info, str(target))
    elif kind == "folder":
        file = unzipped(tmp_path / "anna.dir", other)
        target = target if target.exists() else target.parent
        (file / link).parent.mkdir(parents=True, exist_ok=True)
        (file / link).symlink_to(target, target_is_directory=target.is_dir())
    else:
        file = tmp_path / "anna.tar"
        with tarfile.open(file, "w") as archive:
            for name, content in other.items():
                info_ = tarfile.TarInfo(name)
                info_.size = len(content)
                archive.addfile(info_, io.BytesIO(content))
            info_ = tarfile.TarInfo(link)
            info_.type = tarfile.SYMTYPE if kind == "symbolic" else tarfile.LNKTYPE
            info_.linkname = str(target)
            archive.addfile(info_)
    found = intake.read(file).chapters
    assert "is a link; a submission must hold the files themselves" in found["05_crud"].refused
    assert dict(found["06_routes"].files) == {"app/main.py": CODE}


@pytest.mark.parametrize(
    "to", ["deps.py", "../../06_routes/app/main.py", "../../06_routes/app/other.py", "../app/./deps.py"]
)
@pytest.mark.parametrize("kind", ["zip", "symbolic", "hard", "folder"])
def test_a_link_to_a_file_of_the_same_submission_is_that_file(kind: str, to: str, tmp_path: Path) -> None:
    """It is graded as a file; by another link, too."""
    members = {"05_crud/app/deps.py": CODE, "06_routes/app/main.py": CODE}
    links = {"05_crud/app/crud.py": to, "06_routes/app/other.py": "./main.py"}
    file = linked(kind, tmp_path / "anna", members, links)
    found = intake.read(file).chapters
    assert dict(found["05_crud"].files) == {"app/deps.py": CODE, "app/crud.py": CODE}
    assert dict(found["06_routes"].files) == {"app/main.py": CODE, "app/other.py": CODE}
    if kind == "folder":
        (tmp_path / "staged").mkdir()
        assert stage(file, "05_crud", tmp_path / "staged") == ""
        copy = tmp_path / "staged/app/crud.py"
        assert copy.read_bytes() == CODE and not copy.is_symlink()


@pytest.mark.parametrize("to", [
    "crud.py", "../../../ben/05_crud/app/crud.py", "../../../../../../../../etc/passwd", "../../06_routes",
    "nothing.py",
    "../../06_routes/app/circle.py", "/05_crud/app/deps.py",
])  # fmt: skip
@pytest.mark.parametrize("kind", ["zip", "symbolic", "folder"])
def test_a_link_that_leads_elsewhere_is_refused(kind: str, to: str, tmp_path: Path) -> None:
    unzipped(tmp_path / "ben.dir", {FILE: CODE})
    members = {"05_crud/app/deps.py": CODE, "06_routes/app/main.py": CODE}
    links = {"05_crud/app/crud.py": to, "06_routes/app/circle.py": "../../05_crud/app/crud.py"}
    file = linked(kind, tmp_path / "anna", members, links)
    assert "crud.py is a link; a submission must hold" in intake.read(file).chapters["05_crud"].refused
    if kind == "folder":
        assert "crud.py is a link; a submission must hold" in stage(file, "05_crud", tmp_path / "staged")


def linked(kind: str, place: Path, members: dict[str, bytes], links: dict[str, str]) -> Path:
    """A submission with links in it; tar's second names of a file are counted from its top."""
    if kind == "zip":
        file = zipped(place.with_suffix(".zip"), members)
        with zipfile.ZipFile(file, "a") as archive:
            for link, to in links.items():
                info = zipfile.ZipInfo(link)
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, to)
    elif kind == "folder":
        file = unzipped(place.with_suffix(".dir"), members)
        for link, to in links.items():
            (file / link).symlink_to(to)
    else:
        file = tarred(place.with_suffix(".tar"), members, "w")
        with tarfile.open(file, "a") as archive:
            for link, to in links.items():
                info_ = tarfile.TarInfo(link)
                info_.type = tarfile.SYMTYPE if kind == "symbolic" else tarfile.LNKTYPE
                whole = os.path.normpath(Path(link).parent / to)
                info_.linkname = to if kind == "symbolic" else Path(whole).as_posix()
                archive.addfile(info_)
    return file


def test_special_files_are_left_alone(tmp_path: Path) -> None:
    folder = unzipped(tmp_path / "anna.dir", {FILE: CODE})
    os.mkfifo(folder / "05_crud/app/pipe.py")
    assert dict(intake.read(folder).chapters["05_crud"].files) == {"app/crud.py": CODE}
    with tarfile.open(tmp_path / "bert.tar", "w") as archive:
        info = tarfile.TarInfo("05_crud/app/device.py")
        info.type = tarfile.CHRTYPE
        archive.addfile(info)
        info = tarfile.TarInfo(FILE)
        info.size = len(CODE)
        archive.addfile(info, io.BytesIO(CODE))
    assert dict(intake.read(tmp_path / "bert.tar").chapters["05_crud"].files) == {"app/crud.py": CODE}


@pytest.mark.parametrize("pack", ["zip", "tar.gz", "folder"])
def test_too_much_is_refused(pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, name = PACKS[pack]
    monkeypatch.setattr(limits, "MOST_BYTES", 100_000)
    monkeypatch.setattr(limits, "MOST_FILES", 20)
    with pytest.raises(Unreadable, match="takes more than"):
        intake.read(make(tmp_path / f"1{name}", {FILE: b"#" * 100_001}))
    with pytest.raises(Unreadable, match="more than 20 files of code"):
        intake.read(make(tmp_path / f"2{name}", {f"05_crud/app/m{number}.py": CODE for number in range(21)}))


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies beside the code is never unpacked; a header of gigabytes is not even read."""
    zeros = b"\0" * 5_000_000
    assert intake.read(zipped(tmp_path / "a.zip", {FILE: CODE, "data/zeros.bin": zeros})).chapters["05_crud"].files
    monkeypatch.setattr(limits, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(Unreadable, match="unpacks to more than"):
        intake.read(tarred(tmp_path / "b.tar.gz", {FILE: CODE, "data/zeros.bin": zeros}))
    monkeypatch.setattr(limits, "MOST_MEMBERS", 10)
    for make, name in (PACKS["zip"], PACKS["tar.gz"]):
        with pytest.raises(Unreadable, match="holds more than 10 files"):
            intake.read(make(tmp_path / f"c{name}", {f"data/{number}": b"" for number in range(11)}))
    monkeypatch.setattr(limits, "MOST_BYTES", 1_000_000)
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as archive:
        header = tarfile.TarInfo("x")
        header.type = tarfile.XHDTYPE
        header.size = 3_000_000
        archive.addfile(header, io.BytesIO(b"1" * header.size))
    with pytest.raises(Unreadable, match="far too large"):
        intake.read(tmp_path / "d.tar.gz")


@pytest.mark.parametrize(("name", "content"), [
    ("a.zip", b""), ("a.zip", b"PK\x03\x04 broken"), ("a.tar.gz", b"\x1f\x8b broken"), ("a.tar", b"no tar"),
    ("a.tar.xz", b"\xfd7zXZ\0 broken"), ("a.rar", b"Rar!"), ("a.7z", b"7z"),
])  # fmt: skip
def test_broken_archives_say_so(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=r"^it "):
        intake.read(tmp_path / name)


def test_archive_with_a_password(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", {FILE: CODE})
    data = bytearray(file.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag that says: encrypted
        data[data.find(signature) + offset] |= 1
    file.write_bytes(data)
    with pytest.raises(Unreadable, match="encrypted"):
        intake.read(file)


def test_names_that_cannot_be_files(tmp_path: Path) -> None:
    found = intake.read(zipped(tmp_path / "a.zip", {FILE: CODE, "05_crud/app/crud.py/more.py": CODE})).chapters
    assert "cannot be used here" in found["05_crud"].refused
    found = intake.read(zipped(tmp_path / "b.zip", {f"05_crud/app/{'x' * 300}.py": CODE})).chapters
    assert "a name that is too long" in found["05_crud"].refused


# -- the folder of submissions ------------------------------------------------------------------


def test_who_has_handed_in(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    zipped(tmp_path / "bert.zip", {})
    tarred(tmp_path / "Carl Müller.tar.gz", {})
    (tmp_path / "dora.rar").write_bytes(b"Rar!")
    (tmp_path / "roster.csv").write_text("id\n")
    (tmp_path / ".DS_Store").write_bytes(b"")
    download = intake.find(tmp_path)
    assert [entry.learner for entry in download.entries] == ["Carl Müller", "anna", "bert", "dora"]
    assert (download.layout, download.told, download.ignored) == ("plain", "", ["roster.csv"])


@pytest.mark.parametrize("packed", [False, True])
def test_names_that_are_no_utf8_stay_two(packed: bool, tmp_path: Path) -> None:
    """An old archive unpacked elsewhere: nobody becomes somebody else, also where that is what another is called."""
    names = [
        b"M\xfcller",
        b"M\xf6ller",
        b"M\\xfcller",
        b"Ga\xefs",
        "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller".encode(),
    ]
    try:
        for name in names:
            place = os.fsencode(tmp_path) + b"/" + name
            if packed:
                zipped(Path(os.fsdecode(place + b".zip")), {FILE: CODE})
            else:
                unzipped(Path(os.fsdecode(place + b".dir")), {FILE: CODE})
    except OSError:
        pytest.skip("this file system takes no such names")
    entries = put_in_rows(intake.find(tmp_path).entries)
    assert sorted(entry.learner for entry in entries) == [
        "Ga\\xefs", "M\\\\xfcller", "M\\xf6ller", "M\\xfcller", "M\xfcller"
    ]  # fmt: skip
    assert [len(entry.sources) for entry in entries] == [1] * 5


def test_letters_that_are_alike_are_two(tmp_path: Path) -> None:
    """Without a roster, only another case and another form of the same letters are one."""
    for name in ("Jan Wei\xdf", "Jan Weiss", "H\u2082O", "H2O", "\ufb01nn", "finn", "Anna", "J\xf6rg"):
        (tmp_path / name).mkdir()
    for name in ("anna.zip", "JO\u0308RG.zip", "jan weiss.zip"):
        zipped(tmp_path / name, {})
    found = {entry.learner: len(entry.sources) for entry in put_in_rows(intake.find(tmp_path).entries)}
    assert sorted(found.values()) == [1, 1, 1, 1, 1, 2, 2, 2] and found["Jan Wei\xdf"] == 1 and found["H2O"] == 1


def test_a_roster_knows_who_is_meant_by_letters_that_are_alike() -> None:
    def entry(id_: str) -> Entry:
        return Entry(id_, ())

    both = [Learner("wei\xdf"), Learner("weiss")]
    assert owners([entry("weiss"), entry("WEI\xdf")], both) == {"weiss": "weiss", "WEI\xdf": "wei\xdf"}
    one = [Learner("1", "Jan Wei\xdf")]
    assert owners([entry("Jan Weiss")], one) == {"Jan Weiss": "1"}  # a system that has no such letter
    # Two people, of whom the roster has one.
    assert owners([entry("Jan Weiss"), entry("Jan Wei\xdf")], one) == {
        "Jan Weiss": "may be 1 in the roster",
        "Jan Wei\xdf": "1",
    }
    assert owners([entry("H\u2082O"), entry("H\xb2O")], [Learner("H2O")]) == {
        "H\u2082O": "may be H2O in the roster",
        "H\xb2O": "may be H2O in the roster",
    }


def test_folders_that_are_no_class(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder"):
        intake.find(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="holds no submission"):
        intake.find(tmp_path)
    zipped(tmp_path / "anna.zip", {})
    (tmp_path / "chapters/05_crud").mkdir(parents=True)
    with pytest.raises(BadInput, match=r"is one submission\."):
        intake.find(tmp_path)


@pytest.mark.parametrize("called", ["chapters/05_crud", "05_crud"])
@pytest.mark.parametrize(
    "other", ["anna/05_crud", "anna/work/chapters/05_crud", "anna/crud.py", "anna/w.zip", "anna.zip"]
)
def test_a_folder_called_like_a_chapter_is_one_of_a_class(other: str, called: str, tmp_path: Path) -> None:
    """Learners call their folders as they like; what one of them does costs no other a verdict."""
    (tmp_path / called / "app").mkdir(parents=True)
    if other.endswith(".zip"):
        (tmp_path / other).parent.mkdir(exist_ok=True)
        zipped(tmp_path / other, {FILE: CODE})
    else:
        unzipped(tmp_path / "anna.dir", {other.partition("/")[2].replace("05_crud", FILE): CODE})
    found = {"anna", called.partition("/")[0]}
    assert {entry.learner for entry in intake.find(tmp_path).entries} == found
    if not other.endswith(".zip"):  # one level deeper it takes two others: one folder may be part of a learner's
        unzipped(tmp_path / "bert.dir", {FILE: CODE})
        (tmp_path / "class").mkdir()
        for name in [*found, "bert"]:
            (tmp_path / name).rename(tmp_path / "class" / name)
        assert {entry.learner for entry in intake.find(tmp_path).entries} == {*found, "bert"}


@pytest.mark.parametrize("beside", [
    "solutions/05_crud", "tests/05_crud", "notebooks/x.ipynb", "05_crud - Copy/app", "old/05_crud", "docs/notes.md",
])  # fmt: skip
def test_what_lies_beside_chapters_makes_no_class(beside: str, tmp_path: Path) -> None:
    (tmp_path / "chapters/05_crud/app").mkdir(parents=True)
    (tmp_path / beside).mkdir(parents=True)
    with pytest.raises(BadInput, match=r"is one submission\."):
        intake.find(tmp_path)


def test_file_names_of_learners() -> None:
    names = Names()
    made = [
        names.of(learner)
        for learner in ("anna", "Anna", "../etc", "a/b", "a\\b", ".hidden", "x" * 300, "con:", "", "ü")
    ]
    assert made[:2] == ["anna", "Anna~2"]
    assert len({name.casefold() for name in made}) == len(made)
    assert all(
        name and "/" not in name and "\\" not in name and not name.startswith(".") and len(name) < 110 for name in made
    )


def test_a_files_own_name_says_no_other_learner_or_time(tmp_path: Path) -> None:
    """Blackboard writes the username and the time before what a learner calls the file."""
    begin = "HW 1_{}_attempt_2026-10-02-11-05-30"
    zipped(tmp_path / f"{begin.format('bob')}_work.zip", {})
    own = "x_bob_attempt_2026-12-31-23-59-59_work.zip"
    zipped(tmp_path / f"{begin.format('mal')}_{own}", {})
    for login, name in (("bob", "Bob Lee"), ("mal", "Mal Ory")):
        (tmp_path / f"{begin.format(login)}.txt").write_text(f"Name: {name} ({login})\n")
    found = {
        entry.learner: (entry.name, [source.name for source in entry.sources], entry.submitted, entry.notes)
        for entry in intake.find(tmp_path).entries
    }
    submitted = datetime(2026, 10, 2, 11, 5, 30).astimezone()
    assert found == {
        "bob": ("Bob Lee", ["work.zip"], submitted, ()),
        "mal": ("Mal Ory", [own], submitted, ()),
    }


def found_on(tmp_path: Path, names: list[str], learners: list[Learner]) -> dict[str, list[str]]:
    """The names of the files that each learner has handed in; and of nobody's, by what is said about them."""
    for name in names:
        zipped(tmp_path / name, {})
    owned, strangers = match(intake.find(tmp_path).entries, learners)
    found = {learner: [name for each in those for name in each.names] for learner, those in owned.items()}
    return found | {why: list(entry.names) for entry, why in strangers}


@pytest.mark.parametrize("assignment", ["HW", "HW_3a_1", "HW 1_x"])
@pytest.mark.parametrize("logins", [
    ["bob", "x_bob"], ["x_bob"], ["x_bob", "x_mal"], ["st_001", "st_002"], ["bob", "mal"], ["bob", "a_x_bob", "x_bob"],
])  # fmt: skip
def test_logins_of_blackboard_may_hold_dashes(logins: list[str], assignment: str, tmp_path: Path) -> None:
    """Without receipts nothing but the roster tells where a login begins."""
    names = {login: [f"{assignment}_{login}_attempt_2026-10-02-11-05-30_w.zip"] for login in logins}
    learners = [Learner(login, keys={"login": login}) for login in {*logins, "bob", "mal"}]
    assert found_on(tmp_path, [name for each in names.values() for name in each], learners) == names


def test_a_login_that_only_ends_as_another_is_nobodys(tmp_path: Path) -> None:
    names = [f"HW_{login}_attempt_2026-10-02-11-05-30_w.zip" for login in ("bob", "mal", "x_bob")]
    learners = [Learner(login, keys={"login": login}) for login in ("bob", "mal")]
    found = {"bob": [names[0]], "mal": [names[1]], "not in the roster": [names[2]]}
    assert found_on(tmp_path, names, learners) == found
    assert [entry.learner for entry in intake.find(tmp_path).entries] == ["bob", "mal", "x_bob"]


def test_one_receipt_tells_where_logins_begin(tmp_path: Path) -> None:
    begin = "HW_x_{}_attempt_2026-10-02-11-05-30"
    (tmp_path / f"{begin.format('bob')}.txt").write_text("Name: Bob (Bobby) Lee (bob)\nAssignment: HW_x\n")
    zipped(tmp_path / f"{begin.format('a_bob')}_w.zip", {})
    found = {entry.learner: entry.name for entry in intake.find(tmp_path).entries}
    assert found == {"bob": "Bob (Bobby) Lee", "a_bob": ""}


def test_a_long_receipt_takes_no_time(tmp_path: Path) -> None:
    for number, text in enumerate((" " * 4000 + "x", " (" * 2000, "(a" * 1300 + ")", "\n" * 4000)):
        (tmp_path / f"HW_{number}_attempt_2026-10-02-11-05-30.txt").write_text(f"Name:{text}")
    begun = time.process_time()
    assert len(intake.find(tmp_path).entries) == 4
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(("mals", "called", "expected"), [
    ("mal_113_903_w.zip", "Mal", "113"),
    ("mal_113_903_bob_111_901_w.zip", "Mal", "113"),  # what bob had from Canvas, and gave to mal
    ("bob_111_222_113_903_w.zip", "Mal", "113"),  # the name that mal shows to others
    ("bob_111_222_LATE_113_903_w.zip", "Mal", "113"),
    ("bob_111_113_903_w.zip", "Mal", "113"),
    ("bob_111_113_903_w.zip", "bob_111", "113"),
    ("bob_111_113_text.html", "bob_111", "113"),
    ("bob_111_905_113_w.zip", "Mal", "111"),  # 113 is no attachment's, but part of bob's own name for a file
    ("student_2_113_903_w.zip", "Student_2", "113"),
    ("student_2_113_903_w.zip", "", "113"),
])  # fmt: skip
def test_a_name_on_canvas_may_end_with_anothers_number(mals: str, called: str, expected: str, tmp_path: Path) -> None:
    learners = [Learner(id_, name, keys={"number": id_}) for id_, name in (("111", "Bob"), ("113", called))]
    found = found_on(tmp_path, ["bob_111_901_w.zip", mals], learners)
    assert mals in found[expected] and "bob_111_901_w.zip" in found["111"]


def test_a_stranger_on_canvas_replaces_nobodys_work(tmp_path: Path) -> None:
    """Whom the roster has not names a file as if Canvas had called it so for somebody else."""
    learners = [Learner("333", "Anna Doe", keys={"number": "333"}), Learner("5", "Bob Lee", keys={"number": "5"})]
    names = ["doeanna_333_900_work.zip", "leebob_5_903_work.zip", "doeeve_111_901_333_904_work.zip"]
    found = found_on(tmp_path, names, learners)
    assert found["333"] == [names[0]] and found["5"] == [names[1]]


def test_who_of_two_has_handed_in_on_canvas_may_be_open(tmp_path: Path) -> None:
    """Neither has anything else, and the roster calls nobody as the files are called."""
    learners = [Learner(id_, keys={"number": id_}) for id_ in ("111", "113")]
    name = "x_111_222_113_903_w.zip"
    assert found_on(tmp_path, [name], learners) == {"may be 111 or 113 in the roster": [name]}
    zipped(tmp_path / "x_111_901_w.zip", {})
    assert len(put_in_rows(intake.find(tmp_path).entries)) == 1  # without a roster a name says what it says first


# How a platform calls what bob and mal hand in, and the ids that it gives them.
NAMED = {
    "canvas": ("leebob_222_333_{}", "orymal_111_444_{}", "222", "111"),
    "blackboard": (
        *("HW_3_1_bob_attempt_2026-10-02-11-05-30_{}", "HW_3_1_mal_attempt_2026-10-02-11-05-30_{}"),
        *("bob", "mal"),
    ),
    "moodle": ("Bob Lee_222_assignsubmission_file_{}", "Mal Ory_111_assignsubmission_file_{}", "222", "111"),
}


@pytest.mark.parametrize("layout", NAMED)
@pytest.mark.parametrize(
    "own",
    [
        *("x_7_assignsubmission_file_w.zip", "x_assignsubmission_file_.zip"),
        *("x_bob_attempt_2026-12-31-23-59-59_w.zip", "x_1_2_w.zip"),
    ],
)
def test_a_files_own_name_says_no_other_platform(own: str, layout: str, tmp_path: Path) -> None:
    bob, mal, bobs, mals = NAMED[layout]
    zipped(tmp_path / bob.format("work.zip"), {})
    zipped(tmp_path / mal.format(own), {})
    download = intake.find(tmp_path)
    found = {entry.learner: [source.name for source in entry.sources] for entry in download.entries}
    assert (download.layout, found) == (layout, {bobs: ["work.zip"], mals: [own]})


def test_all_hand_in_on_canvas_what_they_had_from_moodle(tmp_path: Path) -> None:
    for number in (1, 2):
        zipped(tmp_path / f"leeann_{number}_{number}5_Ann Lee_{number}7_assignsubmission_file_work.zip", {})
    download = intake.find(tmp_path)
    assert (download.layout, [entry.learner for entry in download.entries]) == ("canvas", ["1", "2"])


@pytest.mark.parametrize("above", ["", "chapters/", "my work/"])
def test_the_only_learners_archive_is_no_class(above: str, tmp_path: Path) -> None:
    """Where chapters lie in it, a name in it says no platform."""
    own = f"{above}HW_bob_attempt_2026-10-02-11-05-30_work.zip"
    zipped(tmp_path / "mal.zip", {f"{above}{FILE}": CODE, own: CODE})
    with intake.opened(tmp_path) as (folder, _):
        assert [entry.learner for entry in intake.find(folder).entries] == ["mal"]


def test_blank_lines_take_no_time() -> None:
    begun = time.process_time()
    assert chapter_in("    # 5.1 Read\n" + "\n" * 100_000) == "05_crud"
    assert time.process_time() - begun < 1


# -- roster, weights, chapters ------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "id,name,group\nanna,Anna,A\nbert,\"Müller, Bert\",B\n",
    "\ufeffID;Name;group\r\nanna;Anna;A\r\n\r\nbert;Müller, Bert;B\r\n",
    "group\tid\tname\nA\tanna\tAnna\nB\t bert \tMüller, Bert\n",
])  # fmt: skip
def test_rosters(text: str, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text, encoding="utf-8")
    found = [(each.id, each.name, dict(each.more)) for each in roster.load(file).learners]
    assert found == [("anna", "Anna", {"group": "A"}), ("bert", "Müller, Bert", {"group": "B"})]


@pytest.mark.parametrize(("content", "message"), [
    (b"", "columns are: none"), (b"name\nx\n", "--id-column; its columns are: name"), (b"id,name\n", "names nobody"),
    (b"id,name\n,\n", "names nobody"), (b"PK\x03\x04", "is no CSV file"), (None, "cannot be read"),
])  # fmt: skip
def test_bad_rosters(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "roster.csv").write_bytes(content)
    with pytest.raises(BadInput, match=message):
        roster.load(tmp_path / "roster.csv")


def test_weights(tmp_path: Path) -> None:
    assert set(weights.load(None, all_rules()).values()) == {1.0}
    file = tmp_path / "weights.toml"
    file.write_text(
        'default = 0.5\n[points]\n"05_crud" = 2\n"05_crud.list_pages" = 0\n"06_routes.get_unknown_is_404" = 7'
    )
    found = weights.load(file, all_rules())
    assert found["01_engine.base_is_declarative"] == 0.5
    assert found["05_crud.create_persists"] == 2
    assert found["05_crud.list_pages"] == 0
    assert found["06_routes.get_unknown_is_404"] == 7


@pytest.mark.parametrize(("text", "message"), [
    ("x = ", "not valid TOML"), ("points = 3", "must be a table"), ("defaults = 3", "unknown entry 'defaults'"),
    ('[points]\n"05_crud.list_page" = 1', "did you mean '05_crud.list_pages'"),
    ('[points]\n"05_crud" = -1', "not negative"),
    ('[points]\n"05_crud" = "2"', "not negative"),
    ("default = nan", "not negative"), ("default = true", "not negative"),
])  # fmt: skip
def test_bad_weights(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "weights.toml").write_text(text)
    with pytest.raises(BadInput, match=message):
        weights.load(tmp_path / "weights.toml", all_rules())
    with pytest.raises(BadInput, match="cannot be read"):
        weights.load(tmp_path / "nowhere.toml", all_rules())


def test_chapters() -> None:
    assert selected("") == CHAPTERS
    assert selected("3-5") == CHAPTERS[2:5]
    assert selected("10, 1,04_schemas") == (CHAPTERS[0], CHAPTERS[3], CHAPTERS[9])
    for text in ("0", "11", "5-3", "x", "1-", "05"):
        if text != "05":
            with pytest.raises(BadInput, match="There is no chapter"):
                selected(text)


# -- rosters of platforms, and whose a submission is ---------------------------------------------

NAMES = "Anna Lee", "Björn Müller", "Chloé O'Brien"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_roster_in_any_usual_encoding(codec: str, delimiter: str, tmp_path: Path) -> None:
    lines = [f"st{number:02}{delimiter}{NAMES[number % 3]}" for number in range(30)]
    file = tmp_path / "roster.csv"
    file.write_bytes("\r\n".join([f"Username{delimiter}Full name", *lines, ""]).encode(codec))
    found = roster.load(file)
    assert [(each.id, each.name) for each in found.learners] == [
        (f"st{number:02}", NAMES[number % 3]) for number in range(30)
    ]
    assert any("is not UTF-8" in line for line in found.told) == (codec in ("cp1252", "mac_roman"))


# The header and a line of what a platform exports; the id, the name, and what of the rest is worth a column.
ROSTERS = {
    "Moodle, participants": (
        "First name,Last name,Email address,Groups\nAnn,Lee,ann@example.edu,G1\n",
        ("ann@example.edu", "Ann Lee", {"Groups": "G1"}),
    ),
    "Moodle, participants with numbers": (
        "First name,Last name,ID number,Email address\nAnn,Lee,0042,ann@example.edu\n",
        ("0042", "Ann Lee", {"Email address": "ann@example.edu"}),
    ),
    "Moodle, in German": (
        'Vorname,Nachname,Anmeldename,"E-Mail-Adresse"\nAnn,Lee,alee,ann@example.edu\n',
        ("alee", "Ann Lee", {"E-Mail-Adresse": "ann@example.edu"}),
    ),
    "Moodle, worksheet in German": (
        'Identifier,"Vollständiger Name",Status\n"Teilnehmer/in 12",Ann Lee,-\n',
        ("12", "Ann Lee", {"Status": "-"}),
    ),
    "Canvas, first and last name": (
        "LastName,FirstName,ID,SIS Login ID,Section\n    Points Possible,,,,\nLee,Ann,12,alee,A\n",
        ("12", "Ann Lee", {"SIS Login ID": "alee", "Section": "A"}),
    ),
    "Gradescope, grades": (
        "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,Submission Time,"
        "Lateness (H:M:S)\nAnn,Lee,007,ann@example.edu,A,1,2,Graded,5,2026-10-02 11:05:30 -0700,00:00:00\n",
        (
            "007",
            "Ann Lee",
            {"Email": "ann@example.edu", "Sections": "A", "Status": "Graded", "Submission ID": "5"},
        ),
    ),
    "GitHub Classroom, grades": (
        '"assignment_name","assignment_url","starter_code_url","github_username","roster_identifier",'
        '"student_repository_name","student_repository_url","submission_timestamp","points_awarded",'
        '"points_available"\n"hw","u","u","alee","ann@example.edu","hw-alee","u","2026-10-02 11:05:30 UTC","1","2"\n',
        ("ann@example.edu", "", {"github_username": "alee", "student_repository_name": "hw-alee"}),
    ),
}


@pytest.mark.parametrize("what", ROSTERS)
def test_rosters_of_platforms(what: str, tmp_path: Path) -> None:
    text, expected = ROSTERS[what]
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    (learner,) = roster.load(tmp_path / "roster.csv").learners
    assert (learner.id, learner.name, learner.shown) == expected
    if "time" in learner.keys:
        expected_time = datetime(2026, 10, 2, 11 if "GitHub" in what else 18, 5, 30, tzinfo=UTC)
        assert time_of(learner.keys["time"]) == expected_time


def test_times_in_words() -> None:
    assert time_of("Friday, 2 October 2026, 11:05 AM") == datetime(2026, 10, 2, 11, 5).astimezone()
    assert time_of("2026-10-02T11:05:30+02:00") == datetime(2026, 10, 2, 9, 5, 30, tzinfo=UTC)
    for text in ("-", "", "yesterday", "Friday", "0001-01-01"):
        assert time_of(text) is None


def owners(entries: list[Entry], learners: list[Learner]) -> dict[str, str]:
    """Whose each submission is, or what is said about it."""
    found, strangers = match(entries, learners)
    owned = {entry.learner: learner for learner, those in found.items() for entry in those}
    return owned | {entry.learner: why for entry, why in strangers}


def test_whose_a_submission_is() -> None:
    learners = [
        Learner("A1", "Lee, Ann", keys={"email": "ann.lee@example.edu", "number": "12", "sid": "99"}),
        Learner("b2", "Bo Ek", keys={"email": "bo@example.edu", "number": "99", "sid": "12"}),
        Learner("Jo\u0308rg", "Jo Ek", keys={"login": "jo-ek"}),
        Learner("c1", "Sam Twin"),
        Learner("c2", "Sam Twin"),
    ]

    def entry(id_: str, **keys: str) -> Entry:
        return Entry(id_, (), keys={kind.replace("_", " "): value for kind, value in keys.items()})

    assert owners([entry("a1"), entry("JÖRG"), entry("BO"), entry("ann.lee@EXAMPLE.edu"), entry("x")], learners) == {
        "a1": "A1",
        "JÖRG": "Jo\u0308rg",
        "BO": "b2",
        "ann.lee@EXAMPLE.edu": "A1",
        "x": "not in the roster",
    }
    # What layout and roster call the same is trusted: a number is not another's number of another kind.
    assert owners([entry("12", number="12"), entry("99", number="99"), entry("7", number="7")], learners[:2]) == {
        "12": "A1",
        "99": "b2",
        "7": "not in the roster",
    }
    # Names, in either order; two people of one name are nobody's guess.
    assert owners([entry("5", name="Ann Lee", number="5")], learners) == {"5": "A1"}
    assert owners([entry("6", joined_name="leeann", number="6")], learners) == {"6": "A1"}
    assert owners([entry("7", name="Sam Twin", number="7")], learners) == {"7": "may be c1 or c2 in the roster"}
    twins = [entry("8", name="Bo Ek", number="8"), entry("9", name="Bo Ek", number="9")]
    assert owners(twins, learners) == dict.fromkeys(["8", "9"], "may be b2 in the roster")
    # A folder of clones that are called by their ids.
    assert owners([entry("1", login="1", repository="c1"), entry("2", login="2", repository="c2")], learners) == {
        "1": "c1",
        "2": "c2",
    }
    # Logins with a dash, where nobody knows how long the assignment's name is.
    assert owners([entry("ek", login="ek", repository="hw-jo-ek", ends_with_login="hw-jo-ek")], learners) == {
        "ek": "Jo\u0308rg"
    }


@pytest.mark.parametrize(("others", "expected"), [
    (["crud-a-bobby", "crud-bobby", "crud-eve"], {"a-bobby": "not in the roster", "bobby": "B", "eve": "E"}),
    (["crud-a-bobby"], {"a-bobby": "not in the roster"}),
    # The folder is called by less than what all clones begin with.
    (["crud-hw1-bobby", "crud-hw1-eve"], {"hw1-bobby": "B", "hw1-eve": "E"}),
])  # fmt: skip
def test_a_login_that_ends_as_another_does(others: list[str], expected: dict[str, str], tmp_path: Path) -> None:
    learners = [Learner("B", keys={"github": "bobby"}), Learner("E", keys={"github": "eve"})]
    for name in others:
        (tmp_path / f"crud-submissions/{name}/.git").mkdir(parents=True)
    assert owners(intake.find(tmp_path / "crud-submissions", "github").entries, learners) == expected


def test_a_login_is_no_guess_where_somebody_has_it(tmp_path: Path) -> None:
    """Nobody knows how long the assignment's name is; but one of the clones is bobby's beyond doubt."""
    learners = [Learner("B", keys={"github": "bobby"}), Learner("E", keys={"github": "eve-b"})]
    for name in ("crud-a-bobby", "crud-bobby", "crud-x-eve-b"):
        (tmp_path / f"clones/{name}/.git").mkdir(parents=True)
    found = intake.find(tmp_path / "clones")
    assert found.layout == "github"
    assert owners(found.entries, learners) == {"a-bobby": "may be B in the roster", "bobby": "B", "x-eve-b": "E"}


def test_a_group_of_gradescope(tmp_path: Path) -> None:
    """Broken metadata are one sentence; a submission of nobody keeps its folder's name."""
    for name in ("submission_1", "submission_2"):
        unzipped(tmp_path / f"{name}.dir", {FILE: CODE})
    (tmp_path / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :name: A\n  - :email: b@example.edu\n"
    )
    found = intake.find(tmp_path).entries
    assert [(entry.learner, entry.notes) for entry in found] == [
        ("A", ("handed in by 2 together",)),
        ("b@example.edu", ("handed in by 2 together",)),
        ("submission_2", ("submission_metadata.yml does not say whose it is",)),
    ]
    for broken in ("a: [", "\t", "!!python/object/apply:os.system ['x']: 1", "- 1"):
        (tmp_path / "submission_metadata.yml").write_text(broken)
        try:
            assert [entry.learner for entry in intake.find(tmp_path).entries] == ["submission_1", "submission_2"]
        except BadInput as told:
            assert "is no YAML that can be read" in str(told)


@pytest.mark.parametrize("pack", PACKS)
def test_names_that_begin_with_a_dot_are_no_code(pack: str, tmp_path: Path) -> None:
    """What macOS and editors put beside a file is not handed in with it."""
    make, name = PACKS[pack]
    members = {FILE: CODE, "05_crud/app/._crud.py": b"\0\5\x16\7", "05_crud/app/.old/crud.py": b"y = 2\n"}
    place = make(tmp_path / name, members)
    assert dict(intake.read(place).chapters["05_crud"].files) == {"app/crud.py": CODE}


@pytest.mark.parametrize("inner", ["01_engine/n/x.txt", "x/01_engine/app/db.py", "01_engine/01_engine/n.txt"])
def test_many_folders_are_looked_through_once(inner: str, tmp_path: Path) -> None:
    """Nobody else has to wait for a submission that holds a chapter in each of its many folders."""
    place = zipped(tmp_path / "mam.zip", {f"a{number}/b{number}/{inner}": CODE for number in range(20_000)})
    began = time.process_time()
    with pytest.raises(Unreadable, match="more than 200 folders of chapters"):
        intake.read(place)
    assert time.process_time() - began < 10  # it was a minute


@pytest.mark.parametrize("depth", [2, 199])
def test_the_code_of_many_copies_is_looked_for_once(depth: int, tmp_path: Path) -> None:
    members = {f"a{number}/{FILE}": CODE for number in range(199)}
    members |= {f"a0/05_crud/app/{'d/' * depth}{number}.txt": b"" for number in range(30_000)}
    place = zipped(tmp_path / "mam.zip", members)
    began = time.process_time()
    found = intake.read(place)
    assert time.process_time() - began < 10  # it was a minute
    assert dict(found.chapters["05_crud"].files) == {"app/crud.py": CODE}


@pytest.mark.parametrize("pack", ["folder", "zip", "tar.gz"])
def test_folders_may_be_nested_twenty_deep(pack: str, tmp_path: Path) -> None:
    make, name = PACKS[pack]
    for depth, refused in ((20, ""), (21, "05_crud/app holds folders that are nested more than 20 deep")):
        place = make(tmp_path / f"{depth}{name}", {FILE: CODE, f"05_crud/app/{'d/' * depth}x.py": CODE})
        assert intake.read(place).chapters["05_crud"].refused == refused


def test_a_chapter_below_others_of_its_name_is_found(tmp_path: Path) -> None:
    """However deep it lies; and not where a folder with its name holds nothing of it."""
    members = {f"05_crud/05_crud/{FILE}": CODE, "06_routes/06_routes/notes.txt": b"", "07_uow/app.py": CODE}
    found = intake.read(zipped(tmp_path / "anna.zip", members)).chapters
    assert dict(found["05_crud"].files) == {"app/crud.py": CODE}
    assert "app is missing" in found["06_routes"].refused and dict(found["07_uow"].files) == {"app/app.py": CODE}
