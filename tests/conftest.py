"""Warnings are errors in the project's own tests; the fixtures that several of them use."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.classes import graded, small_class
from tests.copies import Copy, copy_of_the_project
from tests.runs import Run, runs_with

__all__ = ["graded", "small_class"]

# In the background (`nohup pytest &`) SIGINT is ignored, and so it would be in what the tests start: Ctrl-C too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# All cases on both databases take as long as all other tests together: a run of the whole suite takes a part of them,
# another one each day. `CASES=all pytest` takes every one, as does whoever asks for them: pytest tests/test_cases.py.
PARTS = 10


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)
    asked_for = config.option.keyword or any("test_cases" in argument for argument in config.invocation_params.args)
    if os.environ.get("CASES") == "all" or asked_for:
        return
    cases = [item for item in items if getattr(item, "originalname", "") == "test_case"]
    names = sorted({item.callspec.params["case"].name for item in cases})
    today = set(names[date.today().toordinal() % PARTS :: PARTS])
    left_out = [item for item in cases if item.callspec.params["case"].name not in today]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


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
