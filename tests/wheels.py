"""The project as a wheel, in an environment of its own that holds no source: what learners install."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests import PROJECT

_SOURCE = (
    "grader",
    "solutions",
    "notebooks",
    ".packaging",
    ".vscode",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "constraints.txt",
)


def build(source: Path, out: Path, *kinds: str) -> list[Path]:
    """Build the sdist or the wheel, or both, and give the files.

    Args:
        source: the project's source.
        out: where the files go.
        kinds: ``wheel``, ``sdist``; both where none is given.
    """
    targets = [word for kind in kinds for word in ("-t", kind)]
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out), *targets]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=300)
    return sorted(out.iterdir())


def copy_of_the_source(folder: Path) -> Path:
    """A copy of what a wheel is made of, to be changed; without the known mistakes, which are many files."""
    for name in _SOURCE:
        if (PROJECT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.db", ".ruff_cache")
            shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
        else:
            shutil.copyfile(PROJECT / name, folder / name)
    return folder


class Environment:
    """A bare environment. The dependencies are those of the tests, so that nothing has to be loaded from anywhere.

    Args:
        folder: where it is made.
        beside: the dependencies lie beside the workbook, as they do for everybody who installs it, among many others;
            otherwise in a folder of their own, which is quicker to make.
    """

    def __init__(self, folder: Path, *, beside: bool = False) -> None:
        venv.create(folder, symlinks=os.name != "nt")
        self.folder = folder
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.programs / Path(sys.executable).name
        dependencies = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
        self.libraries = next(folder.glob("lib/*/site-packages"), folder / "Lib/site-packages")
        if not beside or os.name == "nt":
            (self.libraries / "dependencies.pth").write_text("\n".join(dependencies), encoding="utf-8")
            return
        for entry in (entry for place in dependencies for entry in Path(place).iterdir()):
            link = self.libraries / entry.name
            if entry.suffix != ".pth" and not link.exists() and "database_workbook" not in entry.name:
                link.symlink_to(entry)
        for number in range(300):
            (self.libraries / f"another_{number}.py").write_text("")

    def install(self, wheel: Path) -> None:
        """Install a wheel, in the place of another version."""
        if importlib.util.find_spec("pip"):
            command = [
                sys.executable,
                "-m",
                "pip",
                "--python",
                str(self.python),
                "install",
                "--no-index",
                "--no-compile",
            ]
        else:
            command = [shutil.which("uv") or "uv", "pip", "install", "--offline", "--python", str(self.python)]
        subprocess.run([*command, "--no-deps", str(wheel)], check=True, capture_output=True, timeout=300)

    def run(
        self, *command: str | Path, cwd: Path, answer: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, or ``pytest``, as a learner does."""
        program, *arguments = map(str, command)
        start = [str(self.python), "-m", "pytest"] if program == "pytest" else [str(self.programs / program)]
        dropped = ("PYTHONPATH", "DATABASE_URL", "GRADER_POSTGRESQL_URL", "VIRTUAL_ENV", "UV")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        done = subprocess.run(
            [*start, *arguments],
            cwd=cwd,
            env={**kept, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environment},
            input=answer,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done
