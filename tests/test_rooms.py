"""Which process holds what, at run time; what may import what is declared in ``pyproject.toml``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import PROJECT
from tests.copies import COMMAND

LEARNERS = ("fastapi", "sqlalchemy", "sqlmodel", "starlette")
# Written for the process itself alone: the children's Python looks for no such module.
TELL = """
import atexit, os, sys
atexit.register(lambda: open(os.environ["HELD"], "w").write("\\n".join(sys.modules)))
"""
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]


def held_by(command: list[str], folder: Path) -> set[str]:
    """The modules that a process holds at its end."""
    (folder / "told").mkdir()
    (folder / "told/sitecustomize.py").write_text(TELL)
    environment = {**os.environ, "PYTHONPATH": str(folder / "told"), "HELD": str(folder / "held.txt")}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300)
    assert any(said in done.stdout for said in (" passed", " to do", "new verdicts")), done.stdout + done.stderr
    return set((folder / "held.txt").read_text().split("\n"))


def commands(folder: Path) -> dict[str, list[str]]:
    shutil.copytree(PROJECT / "solutions/05_crud", folder / "class/anna/05_crud")
    shutil.copytree(PROJECT / "chapters/05_crud", folder / "class/bert/05_crud")
    options = ["--out", str(folder / "report"), "--chapters", "5", "--format", "junit", "--format", "exercism"]
    return {
        "pytest grader": [*PYTEST, "grader", "--submission", str(folder / "class/anna"), "--full-trace"],
        "workbook check": [COMMAND, "check", "5", "--submission", str(folder / "class/bert")],
        "workbook class": [COMMAND, "class", str(folder / "class"), *options],
    }


@pytest.mark.parametrize("name", ["pytest grader", "workbook check", "workbook class"])
def test_verdicts_are_given_without_the_learners_libraries(name: str, tmp_path: Path) -> None:
    held = held_by(commands(tmp_path)[name], tmp_path)
    assert "grader.bench" in held and "grader.report" in held
    assert not held & set(LEARNERS)
    assert {each for each in held if each.startswith("grader.lab")} <= {
        "grader.lab",
        "grader.lab.fixtures",
        "grader.lab.job",
    }


def test_what_a_kernel_holds_would_be_seen(tmp_path: Path) -> None:
    """The proof proves something: the same look at a process that does hold them finds them."""
    code = "import grader.lesson; print('1 passed')"
    assert held_by([sys.executable, "-c", code], tmp_path) >= {"sqlalchemy"}


def test_no_test_imports_another() -> None:
    """What tests share lies in modules of its own."""
    importing = re.compile(r"^\s*(from|import) tests\.(test_|conftest)", re.MULTILINE)
    files = sorted((PROJECT / "tests").glob("*.py")) + sorted((PROJECT / "tests/benchmark").rglob("*.py"))
    assert [file.name for file in files if importing.search(file.read_text(encoding="utf-8"))] == []
