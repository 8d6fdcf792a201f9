"""Warnings are errors in the project's own tests; helpers that several of them use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.classes import graded, small_class

__all__ = ["graded", "small_class"]
PROJECT = Path(__file__).resolve().parents[1]

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)


@pytest.fixture
def grade(tmp_path: Path) -> Run:
    """Run ``pytest grader`` as a learner does, in a process of its own with a temporary folder of its own."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()

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
