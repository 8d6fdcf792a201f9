"""The wheel alone, without the source: a folder is made, a chapter is done in it, and the walls stand."""

from __future__ import annotations

import json
import runpy
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.bench.sandbox import prepare
from grader.rules import CHAPTERS, roster
from tests import PROJECT
from tests.wheels import Environment, build


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist, by the ends of their names."""
    return {file.suffix: file for file in build(PROJECT, tmp_path_factory.mktemp("dist"))}


@pytest.fixture(scope="module")
def installed(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("bare") / "venv", beside=True)
    made.install(files[".whl"])
    return made


@pytest.fixture
def home(installed: Environment, tmp_path: Path) -> Path:
    """A learner's folder, in a place with spaces and umlauts."""
    (tmp_path / "mein Übungsordner").mkdir()
    done = installed.run("workbook", "init", cwd=tmp_path / "mein Übungsordner")
    assert done.returncode == 0 and "next: cd workbook, then workbook" in done.stdout
    return tmp_path / "mein Übungsordner/workbook"


def solve(home: Path, *chapters: str) -> None:
    for chapter in chapters:
        shutil.copytree(
            PROJECT / "solutions" / chapter / "app", home / "chapters" / chapter / "app", dirs_exist_ok=True
        )


def test_wheel_and_sdist_hold_everything(files: dict[str, Path], tmp_path: Path) -> None:
    names = zipfile.ZipFile(files[".whl"]).namelist()
    assert files[".whl"].stat().st_size < 3_000_000
    course = {name.removeprefix("grader/course/") for name in names if name.startswith("grader/course/")}
    for folder in ("solutions", "notebooks"):
        wanted = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / folder).rglob("*") if path.is_file()}
        wanted = {name for name in wanted if not {"__pycache__", ".ruff_cache"} & {*name.split("/")}}
        assert {name for name in course if name.startswith(folder)} == {each for each in wanted if ".db" not in each}
    assert {f"grader/test_{chapter}.py" for chapter in CHAPTERS} <= set(names)
    assert "tests/cases/05_crud/wrong/no_refresh/case.toml" in course
    assert not [name for name in course if "/right/" in name or "__pycache__" in name]
    with tarfile.open(files[".gz"]) as archive:
        archive.extractall(tmp_path, filter="data")
    (again,) = build(next(tmp_path.iterdir()), tmp_path / "again", "wheel")
    assert set(zipfile.ZipFile(again).namelist()) == set(names), "a wheel that is made of the sdist holds the same"


def test_an_editable_install_brings_no_second_copy_of_the_solutions() -> None:
    hook = runpy.run_path(str(PROJECT / ".packaging/hatch_build.py"))["CourseHook"]
    added = {}
    for version in ("editable", "standard"):
        added[version] = {"force_include": {}}
        hook.initialize(SimpleNamespace(root=str(PROJECT)), version, added[version])
    assert added["standard"]["force_include"] and not added["editable"]["force_include"]


def test_a_chapter_from_the_wheel_alone(installed: Environment, home: Path) -> None:
    assert sorted(path.name for path in home.iterdir()) == [
        *(".gitignore", ".vscode", ".workbook", "README.md", "chapters", "notebooks", "pyproject.toml")
    ]
    assert (home / "chapters/05_crud/app/crud.py").read_bytes() == (
        PROJECT / "chapters/05_crud/app/crud.py"
    ).read_bytes()
    cells = json.loads((home / "notebooks/05_crud.ipynb").read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)
    done = installed.run("workbook", cwd=home)
    assert f"0 of {len(roster())} checks passed." in done.stdout and "next: task 1.1" in done.stdout
    assert "notebooks/01_engine.ipynb" in done.stdout
    solve(home, "01_engine")
    done = installed.run("workbook", "check", cwd=home / "chapters")
    assert done.returncode == 0 and "01_engine         10 passed" in done.stdout, done.stdout
    assert "Compare your code with the solution: workbook diff 1" in " ".join(done.stdout.split())
    done = installed.run("workbook", "check", cwd=home / "chapters/02_models/app")
    assert done.returncode == 1 and "grading chapters/02_models" in done.stdout
    told = " ".join(installed.run("workbook", "hint", "2.1", "--all", cwd=home).stdout.split())
    assert "(That is all; workbook diff 2.1 shows the whole answer.)" in told
    text = installed.run("workbook", "explain", "01_engine.session_uses_engine", "--yes", cwd=home).stdout
    assert "example" in text and "There is none here" not in text


def test_pytest_finds_the_checks(installed: Environment, home: Path) -> None:
    solve(home, "01_engine")
    for place in (home, home / "chapters/01_engine"):
        done = installed.run("pytest", "grader/test_01_engine.py", cwd=place)
        assert done.returncode == 0 and "10 passed" in done.stdout, done.stdout + done.stderr
    done = installed.run("pytest", "grader/test_01_engine.py::test_session_uses_engine", "-v", cwd=home)
    assert done.returncode == 0 and "1 passed" in done.stdout
    for place in (home, home / "chapters/02_models"):
        told = installed.run("pytest", "grader/test_02_models.py", "-v", cwd=place).stdout
        name = next(word for word in told.split() if word.endswith("::test_name_is_indexed"))
        done = installed.run("pytest", name, cwd=place)
        assert "1 to do" in done.stdout, f"{name} can be given to pytest again"
    done = installed.run("pytest", "--collect-only", "-q", cwd=home)
    assert f"{len(roster())} tests collected" in done.stdout, "pytest alone runs the checks"
    done = installed.run("pytest", cwd=home / "chapters/05_crud")
    assert "Your code is graded by: workbook check, or pytest grader/test_05_crud.py" in done.stdout
    done = installed.run("pytest", "grader", "--submission", "nowhere", cwd=home)
    assert done.returncode == 4 and "There is no folder 'nowhere'" in done.stderr


SPY = """
import os
from pathlib import Path
def get_item(db, item_id):
    told = []
    for place in PLACES:
        try:
            os.listdir(place) if os.path.isdir(place) else Path(place).read_bytes()
            told.append(f"READ{len(told)}")
        except OSError:
            told.append("refused")
    print(*told)
    raise ValueError
"""


def test_code_under_test_reads_no_solution(installed: Environment, home: Path) -> None:
    course = next(installed.folder.rglob("grader/course"))
    places = [
        course / "solutions/05_crud/app/crud.py",
        course / "tests/cases/05_crud/wrong/no_refresh/case.toml",
        course.parent / "rules.py",
        course.parent / "test_05_crud.py",
        home / "chapters/04_schemas/app/schemas.py",
        home / ".workbook/given.json",
    ]
    assert all(place.is_file() for place in places)
    told = [*map(str, places), str(home)]
    solve(home, "05_crud")
    with (home / "chapters/05_crud/app/crud.py").open("a", encoding="utf-8") as file:
        file.write(SPY.replace("PLACES", repr(told)))
    done = installed.run("workbook", "check", "05_crud.get_returns_the_item", cwd=home)
    if "No walls here" in done.stderr:
        pytest.skip("this system has no walls")
    assert " ".join(["refused"] * len(told)) in " ".join(done.stdout.split()), done.stdout


def test_a_class_in_namespaces_of_its_own(files: dict[str, Path], tmp_path: Path) -> None:
    """Where bubblewrap can be used in a clone, it is used in an installation, too: nothing of the course is seen."""
    if reason := prepare([]).reason:
        pytest.skip(f"no namespaces here: {reason}")
    installed = Environment(tmp_path / "venv")  # the other one consists of links that lead out of it
    installed.install(files[".whl"])
    shutil.copytree(PROJECT / "solutions/01_engine", tmp_path / "class/ada/01_engine")
    done = installed.run("workbook", "class", tmp_path / "class", "--out", tmp_path / "report", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Isolation: bubblewrap; no network; no view of" in done.stdout, done.stdout


def test_solutions_for_those_who_may_see_them(installed: Environment, home: Path, tmp_path: Path) -> None:
    done = installed.run("workbook", "solutions", tmp_path / "all", cwd=tmp_path)
    assert done.returncode == 0, "an instructor, who has no workbook here"
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == list(CHAPTERS)
    done = installed.run("workbook", "check", "1", "--submission", tmp_path / "all", cwd=tmp_path)
    assert done.returncode == 0 and "10 passed" in done.stdout
    solve(home, "01_engine")
    for chapter in CHAPTERS[2:]:  # what is not there is quickly judged
        shutil.rmtree(home / "chapters" / chapter)
    done = installed.run("workbook", "solutions", "out", cwd=home, answer="n\n")
    assert "9 chapters have not passed yet" in done.stdout
    assert [path.name for path in (home / "out").iterdir()] == ["01_engine"]
    done = installed.run("workbook", "solutions", "out", cwd=home, answer="n\n")
    assert done.returncode == 2 and "not an empty folder" in " ".join(done.stderr.split())


def test_a_fresh_lesson_in_a_folder(installed: Environment, home: Path) -> None:
    lesson = home / "notebooks/05_crud.ipynb"
    assert installed.run("workbook", "lesson", "5", "--fresh", cwd=home).returncode == 0
    lesson.write_text(lesson.read_text(encoding="utf-8").replace('"source": [', '"source": ["Mine. ",', 1), "utf-8")
    (home / "notebooks/glossary.md").write_text("My own words.")
    done = installed.run("workbook", "lesson", "5", "--fresh", cwd=home)
    assert done.returncode == 1 and "Mine. " in lesson.read_text(encoding="utf-8")
    done = installed.run("workbook", "lesson", "5", "--fresh", cwd=home, answer="y\n")
    assert done.returncode == 0 and "Mine. " not in lesson.read_text(encoding="utf-8")
    assert (home / "notebooks/glossary.md").read_text() == "My own words.", "workbook update brings new pages"
    assert len(list((home / ".workbook/backups").glob("*_lesson_05_crud/notebooks/05_crud.ipynb"))) == 1


def test_no_workbook_here(installed: Environment, home: Path, tmp_path: Path) -> None:
    for arguments in ("", "check", "check 5", "watch", "diff 5", "reset 5", "carry 5", "update", "restore", "lesson"):
        done = installed.run("workbook", *arguments.split(), cwd=tmp_path)
        assert done.returncode == 2 and done.stdout == "", arguments
        assert "'workbook init' makes one" in " ".join(done.stderr.split()) or arguments == "restore", done.stderr
    for command in ("release", "lint"):
        done = installed.run("workbook", command, cwd=home)
        assert done.returncode == 2 and "authors" in done.stderr


def test_init_replaces_nothing(installed: Environment, home: Path, tmp_path: Path) -> None:
    done = installed.run("workbook", "init", home, cwd=tmp_path)
    assert done.returncode == 2 and "is a workbook already" in " ".join(done.stderr.split())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/README.md").write_text("mine")
    done = installed.run("workbook", "init", "mine", cwd=tmp_path)
    assert done.returncode == 2 and (tmp_path / "mine/README.md").read_text() == "mine"
    (tmp_path / "mine/README.md").unlink()
    (tmp_path / "mine/.git").mkdir()
    assert installed.run("workbook", "init", ".", cwd=tmp_path / "mine").returncode == 0
    assert installed.run("workbook", "init", "home", cwd=tmp_path, UV="uv").stdout.endswith("then uv run workbook\n")


def test_init_makes_no_workbook_in_a_workbook(installed: Environment, home: Path, tmp_path: Path) -> None:
    for arguments in ((), ("mine",), (home / "chapters/mine",)):
        done = installed.run("workbook", "init", *arguments, cwd=home)
        assert done.returncode == 2 and "name a folder outside of it" in " ".join(done.stderr.split())
    assert not (home / "workbook").exists() and not (home / "mine").exists()
    assert installed.run("workbook", "init", tmp_path / "other", cwd=home).returncode == 0


def test_version(installed: Environment, tmp_path: Path) -> None:
    done = installed.run("workbook", "--version", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("workbook 0.")
