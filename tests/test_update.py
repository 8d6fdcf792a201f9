"""``workbook update``: a second version of the workbook is installed while a learner is in the middle of the first."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from grader.cli.merging import Conflict, merge, text_of
from grader.cli.update import renumbered
from tests import PROJECT
from tests.wheels import Environment, build, copy_of_the_source

CRUD = "chapters/05_crud/app/crud.py"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new).encode())


def newer(source: Path) -> None:
    """Make a version 99 of the source: a new task before others, other words, files that come and go."""
    change(source / "pyproject.toml", 'version = "', 'version = "99.')
    crud = source / "solutions/05_crud/app/crud.py"
    rules = [source / f"grader/test_{chapter}.py" for chapter in ("05_crud", "08_sqlmodel")]
    for file in (crud, source / "grader/guide/05_crud.toml", *rules):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"\b5\.([2-5])\b", lambda found: f"5.{int(found[1]) + 1}", text), encoding="utf-8")
    count = '''def count_items(db: Session) -> int:
    """Return the number of items."""
    # 5.2 count the items in the database
    return len(list_items(db))


def get_item('''
    change(crud, "def get_item(", count)
    change(crud, "# 5.4 select a page of items;", "# 5.4 select one page of items;")
    change(crud, "from app.models import Item", "from app.models import Item  # the table")
    change(source / "solutions/05_crud/app/schemas.py", '"""Schemas: ', '"""New schemas: ')
    change(source / "solutions/02_models/README.md", "#", "# New:")
    change(source / "solutions/03_deps/app/deps.py", "# 3.1 ", "# 3.1 first ")
    (source / "solutions/06_routes/app/extra.py").write_text("extra = 1\n")
    (source / "solutions/10_background/app/routes/__init__.py").rename(source / "solutions/10_background/app/gone.py")
    for lesson in ("00_start", "01_engine", "02_models"):
        change(source / f"notebooks/{lesson}.ipynb", '"source": [\n', '"source": [\n    "New: \\n",\n')


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The first version and a newer one."""
    folder = tmp_path_factory.mktemp("two")
    source = copy_of_the_source(folder / "source")
    (first,) = build(source, folder / "first", "wheel")
    newer(source)
    (second,) = build(source, folder / "second", "wheel")
    return [first, second]


@pytest.fixture
def installed(wheels: list[Path], tmp_path: Path) -> Environment:
    made = Environment(tmp_path / "venv")
    made.install(wheels[0])
    return made


@pytest.fixture
def home(installed: Environment, tmp_path: Path) -> Path:
    assert installed.run("workbook", "init", "mine", cwd=tmp_path).returncode == 0
    return tmp_path / "mine"


def test_a_strangers_folder_is_updated_within_itself(installed: Environment, home: Path, tmp_path: Path) -> None:
    """What it says that it was given may be anything; only what a course has is touched, and nothing waited for."""
    victim, given = tmp_path / "victim", home / ".workbook/given.json"
    victim.write_text("")
    known = json.loads(given.read_text())
    names = ("../victim", str(victim), "chapters/../../victim", "a\0b", "grader/rules.py")
    known["version"], known["files"] = "0.0", known["files"] | dict.fromkeys(names, "")
    given.write_text(json.dumps(known))
    done = installed.run("workbook", "update", "--yes", cwd=home)
    assert done.returncode == 0 and victim.exists() and "Traceback" not in done.stderr
    lesson = home / "notebooks/05_crud.ipynb"
    lesson.unlink()
    os.mkfifo(lesson)
    assert "is no ordinary file" in installed.run("workbook", "update", "--yes", cwd=home).stderr
    lesson.unlink()
    (home / "pyproject.toml").unlink()
    os.mkfifo(home / "pyproject.toml")
    assert "There is no workbook in this folder" in installed.run("workbook", "status", cwd=home).stderr


def passed(installed: Environment, home: Path) -> set[str]:
    report = json.loads(installed.run("workbook", "check", "5", "--json", cwd=home).stdout)
    return {check["id"] for check in report["checks"] if check["outcome"] == "passed"}


def begin(home: Path) -> None:
    """Chapters 01 to 03 are done; of 05 the first two tasks, with Windows' line ends."""
    for chapter in ("01_engine", "02_models", "03_deps"):
        shutil.copytree(PROJECT / f"solutions/{chapter}/app", home / f"chapters/{chapter}/app", dirs_exist_ok=True)
    change(home / "chapters/03_deps/app/deps.py", "# 3.1 ", "# 3.1 in my own words: ")
    solved = "    return db.get(Item, item_id)  # mine"
    change(home / CRUD, '    raise NotImplementedError("5.2 look the item up by its primary key")', solved)
    body = (PROJECT / "solutions/05_crud/app/crud.py").read_text().partition("of it\n")[2].partition("\n\n\n")[0]
    todo = '    raise NotImplementedError("5.1 add the item, commit, then load what the database made of it")'
    change(home / CRUD, todo, body)
    (home / CRUD).write_bytes((home / CRUD).read_bytes().replace(b"\n", b"\r\n"))
    change(home / "notebooks/00_start.ipynb", '"outputs": []', '"outputs": [{"name": "ran", "output_type": "stream"}]')
    change(home / "notebooks/01_engine.ipynb", '"source": [\n', '"source": [\n    "My notes. \\n",\n')
    (home / "chapters/07_uow/README.md").unlink()


def test_an_update_in_the_middle_loses_nothing(installed: Environment, home: Path, wheels: list[Path]) -> None:
    begin(home)
    before = passed(installed, home)
    assert {"05_crud.create_persists", "05_crud.get_returns_the_item"} <= before
    for _ in range(2):
        installed.run("workbook", "hint", "5.3", cwd=home)
    mine = {file: file.read_bytes() for file in home.rglob("*") if file.is_file() and ".workbook" not in file.parts}
    assert "nothing to do" in installed.run("workbook", "update", cwd=home).stdout

    assert "is installed" not in installed.run("workbook", "check", "1", cwd=home).stdout
    installed.install(wheels[1])
    for command in ((), ("check", "1")):
        text = " ".join(installed.run("workbook", *command, cwd=home).stdout.split())
        assert re.search(r"workbook 99\.\S+ is installed, your folder has 0\.\S+ workbook update", text), text
    assert json.loads(installed.run("workbook", "check", "1", "--json", cwd=home).stdout)
    done = installed.run("workbook", "update", cwd=home, answer="n\n")
    assert done.returncode == 1 and {file: file.read_bytes() for file in mine} == mine, "nothing happens without a yes"
    done = installed.run("workbook", "update", cwd=home, answer="y\nn\ny\n")
    assert done.returncode == 0, done.stdout + done.stderr
    text = done.stdout
    for file, kind in {
        CRUD: "new lines, beside yours",
        "chapters/03_deps/app/deps.py": "changed by both",
        "chapters/05_crud/app/schemas.py": "new version",
        "chapters/06_routes/app/extra.py": "comes",
        "chapters/10_background/app/routes/__init__.py": "goes",
        "notebooks/00_start.ipynb": "new version",
        "notebooks/01_engine.ipynb": "changed by both",
    }.items():
        assert re.search(rf"{re.escape(file)} +{kind}", text), (file, text)
    assert re.search(r"- +# 3\.1 in my own words", text) and re.search(r"\+ +# 3\.1 first", text), "a conflict is shown"

    assert "notebooks/01_engine.ipynb: you have changed it, and so has the new version" in text
    assert "Take the whole new lesson instead of yours" in text
    assert "workbook lesson 1 --fresh brings the new one later" in " ".join(text.split())

    assert b"# 3.1 in my own words" in (home / "chapters/03_deps/app/deps.py").read_bytes(), "the answer was no"
    lesson = (home / "notebooks/01_engine.ipynb").read_text(encoding="utf-8")
    assert "New: " in lesson and "My notes." not in lesson, "the answer was yes"
    crud = (home / CRUD).read_bytes()
    assert crud.count(b"\r\n") == crud.count(b"\n"), "line ends stay what they were"
    assert b"# mine" in crud and b'raise NotImplementedError("5.4 select one page' in crud and b"# the table" in crud
    assert (home / "chapters/06_routes/app/extra.py").exists()
    assert not (home / "chapters/10_background/app/routes/__init__.py").exists()
    assert not (home / "chapters/07_uow/README.md").exists(), "what the learner has removed does not come back"

    (kept,) = (home / ".workbook/backups").iterdir()
    for file, content in mine.items():
        name = file.relative_to(home)
        copy = kept / Path(*name.parts[name.parts[0] == "chapters" :])
        assert (file.is_file() and file.read_bytes() == content) or copy.read_bytes() == content, file

    assert passed(installed, home) >= before, "what had passed passes"
    assert b'raise NotImplementedError("5.2 count' in crud, "a new task is to do"
    assert "nearly the code" in installed.run("workbook", "hint", "5.4", cwd=home).stdout, (
        "the third of a renumbered task"
    )
    assert "nothing to do" in installed.run("workbook", "update", cwd=home).stdout
    done = installed.run("workbook", "restore", "--yes", cwd=home)
    assert done.returncode == 0 and (home / CRUD).read_bytes() == mine[home / CRUD]
    text = installed.run("workbook", "update", cwd=home, answer="n\n").stdout
    assert "from version" in text.lower()
    assert re.search(r"03_deps/app/deps\.py +changed by both", text), "what was declined is offered again"
    done = installed.run("workbook", "update", "--yes", cwd=home)
    assert "new lines, beside yours" in done.stdout and (home / CRUD).read_bytes() == crud, "and once more"

    seen = json.loads((home / ".workbook/hints.json").read_text())
    assert seen == {"5.4": 3}, "the hints of a task go with it, there and back"

    installed.install(wheels[0])
    assert "workbook update goes back to it" in " ".join(installed.run("workbook", cwd=home).stdout.split())
    text = installed.run("workbook", "update", cwd=home, answer="n\n").stdout
    assert "which is older:" in text and "older version" in text and "new version" not in text


def test_what_was_given_is_not_known_any_more(installed: Environment, home: Path, wheels: list[Path]) -> None:
    """Then nothing of a learner's is replaced unasked, and --yes keeps all of it."""
    begin(home)
    mine = (home / CRUD).read_bytes()
    shutil.rmtree(home / ".workbook")
    installed.install(wheels[1])
    done = installed.run("workbook", "update", "--yes", cwd=home)
    assert done.returncode == 0 and "From version (not known) to 99." in done.stdout
    assert (home / CRUD).read_bytes() == mine and (home / "chapters/06_routes/app/extra.py").exists()


@pytest.mark.parametrize(
    ("given", "mine", "new", "merged"),
    [
        ("a b c", "a b c", "a x c", "a x c"),
        ("a b c", "a x c", "a b c", "a x c"),
        ("a b c", "a x c", "a x c", "a x c"),
        ("a b c", "1 a b c", "a b c 2", "1 a b c 2"),
        ("a b c", "a x c", "a b y", "a x y"),
        ("a b c", "a c", "a b c d", "a c d"),
        ("a b c", "a x c", "a y c", "a <x|y> c"),
        ("a b c", "a c", "a y c", "a <|y> c"),
        ("a c", "a 1 c", "a 2 c", "a <1|2> c"),
        ("a c", "a 1 c", "a 1 c", "a 1 c"),
        ("", "a", "b", "<a|b>"),
    ],
)
def test_merging(given: str, mine: str, new: str, merged: str) -> None:
    pieces = merge(given.split(), mine.split(), new.split())
    words = []
    for piece in pieces:
        words += [f"<{' '.join(piece.mine)}|{' '.join(piece.new)}>"] if isinstance(piece, Conflict) else piece
    assert " ".join(words) == merged


def test_what_was_given_may_be_very_long() -> None:
    """The file that tells it lies in the learner's folder, which may be somebody else's."""
    begun = time.monotonic()
    merge(['raise NotImplementedError("1.1 ' * 100_000], ["mine"], ["new"])
    tasks = "\n".join(f"    # 5.{number} select a page of items {'and more ' * 50}" for number in range(100_000))
    renumbered({CRUD: tasks}, {CRUD: "    # 5.1 select a page of items"})
    assert time.monotonic() - begun < 10


def test_other_words_in_a_stub_are_no_conflict() -> None:
    old, new = (
        ("def f():", '    raise NotImplementedError("5.2 look")'),
        ("def f():", '    raise NotImplementedError("5.3 see")'),
    )
    assert text_of(merge(old, old, new), keep_mine=True) == [*new]
    done = ("def f():", "    return 1")
    assert text_of(merge(old, done, new), keep_mine=False) == [*done]


HEAD = ["class Item(Base):", "    # 2.1 a name", ""]


@pytest.mark.parametrize(
    ("given", "mine", "new", "merged"),
    [
        (
            ["    # 2.2 a description"],
            ["    # 2.2 a description", "    description = mine"],
            ["    # 2.2 a description", "", "    # 2.3 an owner"],
            ["    # 2.2 a description", "    description = mine", "", "    # 2.3 an owner"],
        ),
        (
            ["    # 2.2 a description"],
            ["    # 2.2 a description", "    description = mine"],
            ["    # 2.2 a description, or none", "", "    # 2.3 an owner"],
            ["    # 2.2 a description, or none", "    description = mine", "", "    # 2.3 an owner"],
        ),
        (
            ["    # 2.2 look", '    raise NotImplementedError("2.2 look")', "", "", "def g():", "    return 1"],
            ["    # 2.2 look", "    mine()", "", "", "def g():", "    return 1"],
            [
                *("    # 2.2 look", '    raise NotImplementedError("2.2 look")', ""),
                *("    # 2.3 see", '    raise NotImplementedError("2.3 see")', "", "", "def g():", "    return 1"),
            ],
            [
                *("    # 2.2 look", "    mine()", ""),
                *("    # 2.3 see", '    raise NotImplementedError("2.3 see")', "", "", "def g():", "    return 1"),
            ],
        ),
    ],
    ids=["a task is added", "and the one before reworded", "in the same function"],
)
def test_what_was_written_stays_below_its_task(
    given: list[str], mine: list[str], new: list[str], merged: list[str]
) -> None:
    pieces = merge([*HEAD, *given], [*HEAD, *mine], [*HEAD, *new])
    assert not any(isinstance(piece, Conflict) for piece in pieces), pieces
    assert text_of(pieces, keep_mine=False) == [*HEAD, *merged]


def test_a_new_task_above_what_was_written_is_a_conflict() -> None:
    pieces = merge(["a", "stub"], ["a", "mine"], ["a", "# 2.1 first", "stub"])
    assert [piece.mine for piece in pieces if isinstance(piece, Conflict)] == [("mine",)]
