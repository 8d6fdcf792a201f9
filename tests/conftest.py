"""Warnings are errors in the project's own tests; the fixtures that several of them use."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.classes import graded, small_class
from tests.copies import Copy, copy_of_the_project
from tests.runs import Run, runs_with

__all__ = ["graded", "small_class"]

# In the background (`nohup pytest &`) SIGINT is ignored, and so it would be in what the tests start: Ctrl-C too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)


@pytest.fixture
def grade(tmp_path: Path) -> Run:
    """Run ``pytest grader`` as a learner does, in a process of its own with a temporary folder of its own."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return runs_with(temporary)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    """A copy of the project, for this test alone."""
    with copy_of_the_project(tmp_path) as made:
        yield made
