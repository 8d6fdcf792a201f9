"""The starters are made from the solutions, step by step."""

from __future__ import annotations

import ast
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from grader.places import SOLUTIONS
from grader.rules import CHAPTERS, rules_of
from grader.starters import starter_of, tasks_of, untouched_tasks, write_starters
from tests import PROJECT

# What each chapter asks for (shared with every other program that reads the workbook), and what it builds on.
ASKED = {
    "01_engine": ("", ["app/db.py"]),
    "02_models": ("01_engine", ["app/models.py", "app/main.py"]),
    "03_deps": ("02_models", ["app/deps.py"]),
    "04_schemas": ("03_deps", ["app/schemas.py"]),
    "05_crud": ("04_schemas", ["app/crud.py"]),
    "06_routes": ("05_crud", ["app/routes/__init__.py", "app/routes/items.py", "app/main.py"]),
    "07_uow": ("06_routes", ["app/models.py", "app/crud_uow.py", "app/routes/items_uow.py", "app/main.py"]),
    "09_relationships": (
        "06_routes",
        ["app/models.py", "app/schemas.py", "app/crud.py", "app/routes/items_with_owner.py", "app/main.py"],
    ),
    "10_background": ("06_routes", ["app/models.py", "app/tasks.py", "app/routes/events.py", "app/main.py"]),
}


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.suffix != ".db"}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_are_what_the_solutions_make_of_them(chapter: str, tmp_path: Path) -> None:
    write_starters(chapter, tmp_path)
    assert files(tmp_path) == files(PROJECT / "chapters" / chapter)


@pytest.mark.parametrize("chapter", [chapter for chapter in CHAPTERS if chapter in ASKED])
def test_what_a_chapter_does_not_ask_for_is_the_previous_solution(chapter: str) -> None:
    before, asked = ASKED[chapter]
    given = {name: text for name, text in files(SOLUTIONS / chapter).items() if name not in [*asked, "README.md"]}
    if before:
        previous = files(SOLUTIONS / before)
        assert given == {name: previous.get(name) for name in given}
    else:
        assert list(given) == ["app/__init__.py"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_tasks_of_a_chapter_are_those_of_its_rules(chapter: str) -> None:
    comments = set()
    for file in (SOLUTIONS / chapter).rglob("*.py"):
        comments |= set(re.findall(rf"# ({int(chapter[:2])}\.\d+) ", file.read_text(encoding="utf-8")))
    sheet = (SOLUTIONS / chapter / "README.md").read_text(encoding="utf-8")
    assert {rule.task for rule in rules_of(chapter)} <= comments
    assert comments == untouched_tasks(chapter, PROJECT / "chapters" / chapter)
    assert all(task in sheet for task in comments), "the task sheet names every task"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nothing_of_a_solution_is_untouched(chapter: str) -> None:
    assert untouched_tasks(chapter, SOLUTIONS / chapter) == frozenset()


def test_comments_and_layout_do_not_make_a_task_touched(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "chapters/05_crud/app", tmp_path / "app")
    file = tmp_path / "app/crud.py"
    file.write_text("# my notes\n\n" + file.read_text().replace("    # 5.2", "\n    # later\n    # 5.2"))
    assert "5.2" in untouched_tasks("05_crud", tmp_path)
    file.write_text(
        file.read_text().replace('raise NotImplementedError("5.2', 'print("hm")\n    raise ValueError("5.2')
    )
    assert "5.2" not in untouched_tasks("05_crud", tmp_path)


def test_a_file_that_is_broken_or_missing_is_touched(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    assert untouched_tasks("05_crud", tmp_path) == frozenset()
    (tmp_path / "app/crud.py").write_bytes(b"\xff\xfe\x00 not Python")
    assert untouched_tasks("05_crud", tmp_path) == frozenset()


def test_tasks_in_the_words_of_their_comments() -> None:
    tasks = tasks_of("06_routes")
    assert list(tasks) == [f"6.{number}" for number in range(1, 9)]
    assert tasks["6.1"] == "include the router of routes/items.py"
    assert tasks["6.2"].endswith("pages of 1 to 100 items") and "  " not in tasks["6.2"]


def test_one_task_alone_can_be_taken_out() -> None:
    source = (SOLUTIONS / "05_crud/app/crud.py").read_text()
    starter = starter_of(source, 5, "5.2")
    assert 'raise NotImplementedError("5.2' in starter and starter.count("NotImplementedError") == 1


def test_starter_of_each_kind_of_code() -> None:
    source = '''
# 3.1 choose
#     a number
number = 3
Even = Annotated[int, Multiple(2)]

# 4.1 of another chapter
other = 4


# 3.2 make a base
class Base(Declarative):
    """Doc."""
    x = 1


class Model(Base):
    """Doc."""

    # 3.3 two fields
    a: int
    b: int


# 3.4 answer
@router.get("/x", status_code=201)
def read(a: int) -> int:
    """Doc."""
    return a


def middle() -> None:
    """Doc."""
    # 3.5 begin
    begin()

    yield
    # 3.6 end
    end()


# 3.7 include
app.include_router(router)
'''
    starter = starter_of(source, 3)
    ast.parse(starter)
    assert "number = ...\nEven = int\n" in starter
    assert "other = 4" in starter
    assert 'class Base:\n    """Doc."""\n\n\nclass Model(Base):\n    """Doc."""\n\n    # 3.3 two fields\n\n' in starter
    assert (
        '@router.get("/x")\ndef read(a: int) -> int:\n    """Doc."""\n    raise NotImplementedError("3.4 answer")'
        in starter
    )
    assert '    # 3.5 begin\n    ...\n\n    yield\n    # 3.6 end\n    raise NotImplementedError("3.6 end")' in starter
    assert "def to_do_3_7() -> None:" in starter and "include_router" not in starter


@pytest.mark.parametrize("chapter", CHAPTERS[1:])
def test_starter_runs_under_uvicorn(chapter: str, tmp_path: Path) -> None:
    """The docs are there, and what is to do answers 501 with its task's number."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    command += ["--app-dir", str(PROJECT / "chapters" / chapter), "--log-level", "warning"]
    with subprocess.Popen(command, cwd=tmp_path) as server, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            wait_for(client)
            assert client.get("/docs").status_code == 200
            first = {"06_routes": "/items/", "07_uow": "/items-uow", "08_sqlmodel": "/items/"}
            first |= {"09_relationships": "/items-with-owner/", "10_background": "/items/1/events"}
            if chapter in first:
                answer = client.request("GET" if chapter != "10_background" else "POST", first[chapter], json={})
                assert answer.status_code == 501
                assert answer.json()["detail"].startswith(f"{int(chapter[:2])}.")
        finally:
            server.terminate()


def wait_for(client: httpx.Client) -> None:
    for _ in range(200):
        try:
            client.get("/openapi.json")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")
