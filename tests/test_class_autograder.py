"""The autograder for Gradescope, in a folder that is laid out as Gradescope's; the workflow for GitHub Classroom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from tests import PROJECT
from tests.classes import ALL, copy_code, run
from tests.gradescope import GRADESCOPE
from tests.hostile import submission

CRUD = ALL["05_crud"]
SPY = """
import os, pathlib
base = {autograder!r}
for name in ("source/workbook/solutions/05_crud/app/crud.py", "source/weights.toml", "source/grade.py"):
    try:
        raise ValueError("LEAKED " + pathlib.Path(base, name).read_text())
    except OSError:
        pass
for name in ("results/results.json", "source/workbook/grader/rules.py", "run_autograder"):
    try:
        pathlib.Path(base, name).write_text("{{}}")
        raise ValueError("LEAKED " + name)
    except OSError:
        pass
"""


class Gradescope:
    """``/autograder`` as the image has it; the environment of the tests stands in for the one that setup.sh makes."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "autograder"
        (folder / "weights.toml").write_text('[points]\n"05_crud.create_refreshes" = 5\n')
        self.said = run(
            *("export-autograder", "gradescope", folder / "a.zip", "--chapters", "5"),
            *("--weights", folder / "weights.toml"),
        )
        (self.root / "results").mkdir(parents=True)
        with zipfile.ZipFile(folder / "a.zip") as archive:
            self.names = archive.namelist()
            for entry in archive.infolist():
                path = Path(archive.extract(entry, self.root / "source"))
                path.chmod(entry.external_attr >> 16)
        (self.root / "venv").symlink_to(sys.prefix)
        self.run(self.root / "source/setup.sh")
        shutil.copy(self.root / "source/run_autograder", self.root)

    def run(self, program: Path) -> None:
        done = subprocess.run(
            [program],
            cwd=self.root,
            env={**os.environ, "AUTOGRADER": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def grade(self) -> dict[str, object]:
        (self.root / "results/results.json").unlink(missing_ok=True)
        self.run(self.root / "run_autograder")
        found: dict[str, object] = json.loads((self.root / "results/results.json").read_text(encoding="utf-8"))
        jsonschema.validate(found, GRADESCOPE)
        return found


@pytest.fixture(scope="module")
def gradescope(tmp_path_factory: pytest.TempPathFactory) -> Gradescope:
    return Gradescope(tmp_path_factory.mktemp("gradescope"))


@pytest.fixture
def handed_in(gradescope: Gradescope) -> Iterator[Path]:
    folder = gradescope.root / "submission"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def scores(found: dict[str, object]) -> dict[str, float]:
    tests = found["tests"]
    assert isinstance(tests, list)
    return {test["tags"][1]: test["score"] for test in tests}


def test_the_zip_is_laid_out_as_asked_for(gradescope: Gradescope) -> None:
    assert {"setup.sh", "run_autograder"} <= set(gradescope.names)
    assert not [name for name in gradescope.names if "__pycache__" in name or name.startswith("workbook/tests")]
    assert "holds the solutions" in gradescope.said


def test_a_right_submission_gets_every_point(gradescope: Gradescope, handed_in: Path) -> None:
    copy_code(PROJECT / "solutions/05_crud", handed_in / "chapters/05_crud")
    found = scores(gradescope.grade())
    assert len(found) == CRUD and sum(found.values()) == CRUD + 4
    assert found["05_crud.create_refreshes"] == 5.0


def test_partial_credit_for_each_rule(gradescope: Gradescope, handed_in: Path) -> None:
    submission(handed_in, in_get_item="raise ValueError('mine')")
    found = scores(gradescope.grade())
    assert 0 < sum(found.values()) < CRUD + 4
    assert found["05_crud.get_returns_the_item"] == 0.0 and found["05_crud.create_refreshes"] == 5.0


def test_the_code_reaches_neither_solutions_nor_results(gradescope: Gradescope, handed_in: Path) -> None:
    submission(handed_in, at_import=SPY.format(autograder=str(gradescope.root)))
    before = (gradescope.root / "source/workbook/grader/rules.py").read_bytes()
    found = gradescope.grade()
    assert "LEAKED" not in json.dumps(found)
    assert sum(scores(found).values()) == CRUD + 4  # it was refused, and did no harm
    assert (gradescope.root / "source/workbook/grader/rules.py").read_bytes() == before


def test_a_submission_without_chapters_is_told_what_to_hand_in(gradescope: Gradescope, handed_in: Path) -> None:
    (handed_in / "notes.txt").write_text("hello")
    found = gradescope.grade()
    assert sum(scores(found).values()) == 0
    assert "no chapter in the submission. Hand in your folder chapters/" in str(found["output"])


def test_wrong_calls_in_one_sentence(tmp_path: Path) -> None:
    assert "known is gradescope" in run("export-autograder", "moodle", tmp_path / "a.zip", status=2)
    assert "ends in .zip" in run("export-autograder", "gradescope", tmp_path / "a", status=2)
    assert "no chapter '99'" in run("export-autograder", "gradescope", tmp_path / "a.zip", "--chapters", "99", status=2)
    assert not (tmp_path / "a.zip").exists()
