"""The same checks in plain pytest: the learner's code runs in pytest's own process."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.lab.code import forget_app
from grader.lab.connections import listen_to_connections
from grader.lab.fixtures import FIXTURES, GIVEN
from grader.lab.fresh_database import prepare_database
from grader.lab.judge import judge
from grader.lab.observer import listen
from grader.lab.parts import Parts, load_makers, open_parts
from grader.lab.place import Place
from grader.rules import asked_in

ROOT = Path(os.environ["BENCHMARK_ROOT"])
CHAPTER = os.environ["BENCHMARK_CHAPTER"]
assert judge  # without what makes verdicts, no check takes its process for untouched
MAKERS = load_makers(CHAPTER, asked_in(CHAPTER))
listen()
listen_to_connections()
sys.path.insert(0, str(ROOT))


@pytest.fixture
def parts() -> Iterator[Parts]:
    url = f"sqlite:///{ROOT}/plain.db"
    os.environ["DATABASE_URL"] = url
    place = Place(CHAPTER, ROOT, url)
    prepare_database(place)
    with open_parts(place, MAKERS) as parts:
        yield parts
    forget_app()


def part(name: str) -> Any:
    return pytest.fixture(lambda parts: parts.named(name), name=name)


globals().update({name: part(name) for name in (*GIVEN, *FIXTURES)})
