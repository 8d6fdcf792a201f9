"""Copies of the project, in which the command ``workbook`` runs as learners and authors run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import PROJECT

COMMAND = shutil.which("workbook", path=str(Path(sys.executable).parent)) or "workbook"


class Copy:
    """A copy of the project, with a temporary folder of its own."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder, self.temporary = folder, temporary

    @property
    def environment(self) -> dict[str, str]:
        dropped = ("DATABASE_URL", "NO_COLOR", "FORCE_COLOR", "GRADER_POSTGRESQL_URL")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return kept | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.folder), os.environ.get("PYTHONPATH")])),
            "TMPDIR": str(self.temporary),
            "COLUMNS": "80",
            "TERM": "xterm",
            "PYTHONIOENCODING": "utf-8",
        }

    def run(
        self, *arguments: str | Path, answer: str = "", cwd: str = ".", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            cwd=self.folder / cwd,
            env=self.environment | environment,
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert not list(self.temporary.iterdir()), "something was left in the temporary folder"
        return done

    def solve(self, *chapters: str) -> None:
        for chapter in chapters:
            shutil.copytree(self.folder / "solutions" / chapter, self.folder / "chapters" / chapter, dirs_exist_ok=True)

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def copy_of_the_project(place: Path) -> Iterator[Copy]:
    folder = place / "workbook"
    for name in ("grader", "chapters", "solutions", "tests/cases"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("*.db", ".workbook"))
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copyfile(PROJECT / name, folder / name)
    with tempfile.TemporaryDirectory() as temporary:  # a short path: a socket's has at most 107 letters
        yield Copy(folder, Path(temporary))
