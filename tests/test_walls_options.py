"""No option of ``pytest grader`` has a value from which pytest reads anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import PROJECT

RULES = str(PROJECT / "grader/test_04_schemas.py")
PASSED = "04_schemas        10 passed"
PYTEST = str(Path(sys.executable).with_name("pytest"))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A submission with everything that pytest would read, in its folder, above it, and in folders of any name."""
    chapters = tmp_path / "learner/chapters"
    shutil.copytree(PROJECT / "solutions/04_schemas", chapters / "04_schemas")
    for name in ("sqlite", "9", "report.json.d"):
        (chapters / name).mkdir()
    for place in (chapters.parent, chapters, chapters / "04_schemas", chapters / "sqlite", chapters / "9"):
        (place / "conftest.py").write_text(f"open({str(tmp_path / 'evil')!r}, 'w').close()\nimport os; os._exit(0)\n")
        shutil.copy(place / "conftest.py", place / "evil.py")
        (place / "pytest.ini").write_text("[pytest]\naddopts = -p evil\npythonpath = .\n")
        (place / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p evil'\npythonpath = ['.']\n")
        (place / "tox.ini").write_text("[pytest]\naddopts = -p evil\npythonpath = .\n")
    return chapters


def ran(hostile: Path, *arguments: str, cwd: Path = PROJECT, status: int = 0) -> str:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [PYTEST, *arguments, "-p", "no:cacheprovider"],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert not (hostile.parents[1] / "evil").exists(), done.stdout + done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--submission", "CHAPTERS"],
        ["--submission=CHAPTERS"],
        ["--submission", "CHAPTERS", "--report-json", "CHAPTERS/report.json"],
        ["--report-json=CHAPTERS/report.json", "--submission=CHAPTERS", "--time-limit", "9"],
        ["--database", "sqlite", "--submission", "CHAPTERS", "--chapter-limit", "60", "--submission-limit", "90"],
    ],
)
def test_values_are_no_paths(options: list[str], hostile: Path) -> None:
    said = ran(hostile, RULES, *(option.replace("CHAPTERS", str(hostile)) for option in options))
    assert PASSED in said


@pytest.mark.parametrize(
    "options",
    [
        ["--submission", "."],
        ["--submission=."],
        ["--submission=.", "--database", "sqlite", "--time-limit", "9"],
        ["--time-limit", "9", "--database", "sqlite", "--submission", "."],
    ],
)
def test_inside_the_submission(options: list[str], hostile: Path) -> None:
    assert PASSED in ran(hostile, RULES, *options, cwd=hostile)


def test_options_first(hostile: Path) -> None:
    """Written in one word, an option may stand before the rules; the value of one of two words is a path for pytest."""
    assert PASSED in ran(hostile, f"--submission={hostile}", RULES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--subm", "CHAPTERS"], "There is no option --subm;"),
        (["--submision", "CHAPTERS"], "There is no option --submision;"),
        (["--submissions=CHAPTERS"], "There is no option --submissions;"),
        (["CHAPTERS"], "is none of the grader's rules. To grade a folder: --submission="),
        (["CHAPTERS/04_schemas"], "is none of the grader's rules"),
        (["CHAPTERS/conftest.py"], "is none of the grader's rules"),
    ],
)
def test_what_is_no_option_is_no_path(arguments: list[str], said: str, hostile: Path) -> None:
    """A slip of the pen, or a folder without its option: pytest would collect from there before it complains."""
    arguments = [argument.replace("CHAPTERS", str(hostile)) for argument in arguments]
    assert said in ran(hostile, RULES, *arguments, status=4)


def test_settings_from_elsewhere_are_refused(tmp_path: Path) -> None:
    """Where pytest has read other settings than the workbook's, it knows no options: one sentence says so."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [PYTEST, "-c", str(tmp_path / "pytest.ini"), RULES, "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 4
    assert "not from the workbook's pyproject.toml" in done.stderr and "Traceback" not in done.stderr
