"""The same checks in plain pytest: the learner's code runs in pytest's own process."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.lab.lab import Lab, Place, forget_app, listen_to_connections, open_lab
from grader.lab.observer import listen
from grader.lab.web import Web

ROOT = Path(os.environ["BENCHMARK_ROOT"])
listen()
listen_to_connections()
sys.path.insert(0, str(ROOT))


@pytest.fixture
def lab() -> Iterator[Lab]:
    url = f"sqlite:///{ROOT}/plain.db"
    os.environ["DATABASE_URL"] = url
    with open_lab(Place(os.environ["BENCHMARK_CHAPTER"], ROOT, url), Web) as lab:
        yield lab
    forget_app()
