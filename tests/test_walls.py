"""What README says in "How safe it is": each kind of attack, behind each kind of wall."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader import places
from grader.bench import sandbox
from grader.bench.sandbox import bubblewrap
from grader.lab.walls import _granted, _readable
from grader.places import libraries_in, other_courses
from tests import PROJECT
from tests.attacks import ATTACKS, MAKING_CODE, REACHING, READING, SIGNALLING, STARTING, WRITING
from tests.kernels import HAS_WALLS, as_ordinary_user, can_be_ordinary, give_to_ordinary_user

pytestmark = pytest.mark.skipif(not HAS_WALLS, reason="this kernel has no Landlock that knows signals, or no seccomp")

_LEFT = (
    PROJECT / "grader/spoilt.tmp",
    PROJECT / "grader/lab/__pycache__/spoilt.tmp",
    Path("/tmp/left-by-an-attack"),
    Path("/dev/shm/left-by-an-attack"),
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can pass to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
    for path in _LEFT:
        path.unlink(missing_ok=True)


def attacked(place: Path, walls: str, user: str) -> dict[str, Any]:
    """What attacks have achieved."""
    for name in ("submission", "victim", "temporary"):
        (place / name).mkdir()
    command = [sys.executable, "-m", "tests.walled", str(place / "submission"), str(place / "victim"), walls]
    if user == "ordinary":
        if not can_be_ordinary():
            pytest.skip("no ordinary user can run this Python here")
        give_to_ordinary_user(place)
        command = as_ordinary_user(command)
    environment = {**os.environ, "TMPDIR": str(place / "temporary"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300)
    if "no namespaces here" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


USERS = ["root", "ordinary"] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["ordinary"]


@pytest.mark.parametrize("user", USERS)
def test_landlock_and_seccomp_let_nothing_through(user: str, place: Path) -> None:
    found = attacked(place, "landlock", user)
    assert found["succeeded"] == []
    assert found["openness"] == found["spoilt"] == ""
    assert not [path for path in _LEFT if path.exists()]
    assert (place / "victim/file").read_text() == "somebody else's"


@pytest.mark.parametrize("user", USERS)
def test_bubblewrap_lets_nothing_through_either(user: str, place: Path) -> None:
    if not bubblewrap():
        pytest.skip("bubblewrap is not installed")
    found = attacked(place, "bubblewrap", user)
    assert found["succeeded"] == []
    assert not [path for path in _LEFT if path.exists()]


@pytest.mark.parametrize("user", USERS)
def test_without_walls_it_is_said_and_a_spoilt_grader_is_noticed(user: str, place: Path) -> None:
    """What gets through there, of each kind, so that README tells no fairy tales."""
    found = attacked(place, "neither", user)
    through = set(found["succeeded"])
    assert through & set(REACHING) >= {"connect by TCP", "open a UDP socket"}
    assert through & set(READING) >= {"read a solution", "read another submission"}
    assert through & set(WRITING) >= {"write another file"}
    assert through & set(STARTING) >= {"start a program"}
    assert through & set(SIGNALLING) >= {"signal the parent"}
    assert through >= set(MAKING_CODE)
    for words in ("read and change your files", "reach the network", "start programs", "end your other programs"):
        assert words in found["openness"]
    if user == "root":  # the others may not write to the grader here
        assert "write into the grader" in through
        assert "changed while the code ran" in found["spoilt"]
    assert not found["left"], "the bench leaves nothing behind all the same"


def test_no_other_project_on_the_path_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ``.pth`` of an editable install names it: another copy of the workbook holds the solutions, too."""
    libraries = tmp_path / "libraries"
    (libraries / "sqlalchemy").mkdir(parents=True)
    (tmp_path / "copy/solutions").mkdir(parents=True)
    for entry in (libraries, tmp_path / "copy"):
        monkeypatch.syspath_prepend(entry)
    readable = [*_readable()]
    assert libraries in readable
    assert tmp_path / "copy" not in readable


PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"


def test_no_other_installation_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel of the workbook among Python's libraries holds the solutions, whoever has installed it."""
    libraries = tmp_path / "lib" / PYTHON / "site-packages"
    for name in ("grader/course/solutions/05_crud", "sqlalchemy", "vendor/grader/course/solutions/05_crud"):
        (libraries / name).mkdir(parents=True)
    for here in (libraries, libraries / "grader"):
        (here / "file.py").touch()
    assert libraries / "grader" not in other_courses()
    monkeypatch.setattr(places, "PREFIXES", (str(tmp_path),))
    assert {libraries / "grader", libraries / "vendor/grader"} <= {*other_courses()}
    granted = {path for path, _ in _granted(libraries, other_courses())}
    assert {libraries / "sqlalchemy", libraries / "file.py"} <= granted
    assert not [path for path in granted if path.is_relative_to(libraries / "grader")]


def test_among_libraries_only_libraries_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an administrator has put there, a clone, an environment, a wheel, behind Landlock or bubblewrap."""
    lib = tmp_path / "lib"
    foreign = [lib / name for name in ("clone", "pipx", "wheels", "python3-courses", "python2.7", "x.so.d", "nss")]
    for folder in (*foreign, lib / PYTHON, lib / "x86_64-linux-gnu"):
        folder.mkdir(parents=True)
    (lib / "libmine.so.1").touch()
    (lib / "workbook.whl").touch()
    monkeypatch.setattr(places, "PREFIXES", (str(tmp_path),))
    monkeypatch.setattr(sandbox, "PREFIXES", (str(tmp_path),))
    readable = {path for path in _readable() if path.is_relative_to(tmp_path)}
    assert readable == {lib / PYTHON, lib / "x86_64-linux-gnu", lib / "libmine.so.1"}
    mounts = dict(sandbox._mounts([]))
    assert mounts[lib] == "seen" and {mounts[each] for each in foreign} == {"hidden"}
    for number in range(400):
        (lib / f"lib{number}.so").touch()
    assert libraries_in(lib) == [lib]  # too much to be told apart


def test_every_kind_has_several_attacks() -> None:
    assert all(len(kind) >= 2 for kind in (READING, WRITING, REACHING, STARTING, MAKING_CODE, SIGNALLING))
    assert len(ATTACKS) >= 40
