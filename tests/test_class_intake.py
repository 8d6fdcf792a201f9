"""What is taken in: submissions in any shape, safely and within limits; rosters, weights, selections."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import BadInput
from grader.classroom import intake
from grader.classroom.intake import Unreadable, limits, roster, weights
from grader.classroom.intake.selection import selected
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
            info_.linkname = str(target) if kind == "symbolic" else "06_routes/app/main.py"
            archive.addfile(info_)
    found = intake.read(file).chapters
    assert "is a link; a submission must hold the files themselves" in found["05_crud"].refused
    assert dict(found["06_routes"].files) == {"app/main.py": CODE}


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
    assert "cannot be used here" in found["05_crud"].refused


# -- the folder of submissions ------------------------------------------------------------------


def test_who_has_handed_in(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    zipped(tmp_path / "bert.zip", {})
    tarred(tmp_path / "Carl Müller.tar.gz", {})
    (tmp_path / "dora.rar").write_bytes(b"Rar!")
    (tmp_path / "roster.csv").write_text("id\n")
    (tmp_path / ".DS_Store").write_bytes(b"")
    entries, ignored = intake.find(tmp_path)
    assert [entry.learner for entry in entries] == ["Carl Müller", "anna", "bert", "dora"]
    assert ignored == ["roster.csv"]


def test_folders_that_are_no_class(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder"):
        intake.find(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="holds no submission"):
        intake.find(tmp_path)
    zipped(tmp_path / "anna.zip", {})
    (tmp_path / "anna").mkdir()
    with pytest.raises(BadInput, match="two submissions of 'anna'"):
        intake.find(tmp_path)
    shutil.rmtree(tmp_path / "anna")
    (tmp_path / "chapters/05_crud").mkdir(parents=True)
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


# -- roster, weights, chapters ------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "id,name,group\nanna,Anna,A\nbert,\"Müller, Bert\",B\n",
    "\ufeffID;Name;group\r\nanna;Anna;A\r\n\r\nbert;Müller, Bert;B\r\n",
    "group\tid\tname\nA\tanna\tAnna\nB\t bert \tMüller, Bert\n",
])  # fmt: skip
def test_rosters(text: str, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text, encoding="utf-8")
    found = [(each.id, each.name, dict(each.more)) for each in roster.load(file)]
    assert found == [("anna", "Anna", {"group": "A"}), ("bert", "Müller, Bert", {"group": "B"})]


@pytest.mark.parametrize(("content", "message"), [
    (b"", "no column 'id'"), (b"name\nx\n", "no column 'id'"), (b"id\nanna\nanna\n", "'anna' twice"),
    (b"id,name\n,Anna\n", "Line 2 .* no id"), (b"id\n\xff\xfe\n", "not UTF-8"), (None, "cannot be read"),
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
