"""Runs of ``pytest grader`` and of commands, as a learner starts them: in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests import PROJECT

Run = Callable[..., subprocess.CompletedProcess[str]]


def runs_with(temporary: Path) -> Run:
    """What runs ``pytest grader`` with this temporary folder, and sees to it that nothing is left there."""

    def run(*arguments: str | Path, timeout: float = 120, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "pytest", *(map(str, arguments or ["grader"])), "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=timeout, **options
        )  # type: ignore[call-overload]
        left = list(temporary.iterdir())
        assert not left, f"left in the temporary folder: {left}"
        return done

    return run
