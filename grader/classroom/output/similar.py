"""Command: pairs of learners whose code has the most in common, as compare50 finds them; never a verdict.

compare50 wants versions of libraries that this project cannot have, so it runs as a program of its own, with the Python
of the environment in which it is installed. It reads what the learners wrote as text and runs nothing of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader import BadInput
from grader.bench.temporary import temporary_folder
from grader.classroom.grading.plan import Plan
from grader.classroom.store import Row, Store
from grader.starters import write_starters

_MOST_PAIRS = 20
_SECONDS = 1800
_GRAPH = re.compile(r"^\s*var GRAPH = (\{.*\});\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Pair:
    """Two learners.

    Attributes:
        learners: their ids.
        share: how much they have in common, in percent of what the first pair of all has.
        page: compare50's page that shows both side by side, below the report's folder.
    """

    learners: tuple[str, str]
    share: float
    page: str


def interpreter() -> str:
    """The Python in whose environment compare50 is installed.

    Raises:
        BadInput: there is none.
    """
    found = shutil.which("compare50")
    if found:
        for name in ("python3", "python", "python.exe"):
            python = Path(found).resolve().with_name(name)
            if python.is_file():
                return str(python)
    raise BadInput("--similar needs compare50, in an environment of its own: pipx install compare50")


def compare(store: Store, plan: Plan, names: Mapping[str, str], folder: Path) -> list[Pair]:
    """Compare what the learners wrote, without the starter's lines.

    Args:
        store: what is known.
        plan: which chapters count.
        names: a file name for each learner.
        folder: the report's folder; the pages go to ``similar/`` in it.

    Raises:
        BadInput: compare50 is not there, or cannot do it.
    """
    python = interpreter()
    pages = folder / "similar"
    shutil.rmtree(pages, ignore_errors=True)
    with temporary_folder() as work:
        given = {}
        for chapter in plan.chapters:
            write_starters(chapter, work / "starters" / chapter)
            given[chapter] = {file.read_bytes() for file in (work / "starters" / chapter).rglob("*.py")}
        written = {}
        for row in store.learners():
            place = work / "learners" / names[row.learner.id]
            for path, content in _theirs(store, plan, row, given):
                file = place / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                written[place.name] = row.learner.id
        if len(written) < 2:
            return []
        options = ["--distro", "../starters", "--passes", "structure", "-n", str(_MOST_PAIRS), "--output", "../pages"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            done = subprocess.run(
                [python, "-m", "compare50", *(f"./{name}" for name in written), *options],
                cwd=work / "learners",
                env={**environment, "PYTHONHASHSEED": "0"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BadInput(f"compare50 did not do its work ({type(error).__name__}); leave out --similar.") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"status {done.returncode}"]
            raise BadInput(f"compare50 did not do its work ({said[-1][:200]}); leave out --similar.")
        if not (work / "pages/index.html").is_file():
            return []  # nobody has anything in common
        shutil.copytree(work / "pages", pages)
    return list(_pairs((pages / "index.html").read_text(encoding="utf-8"), written))


def _theirs(store: Store, plan: Plan, row: Row, given: Mapping[str, set[bytes]]) -> Iterator[tuple[str, bytes]]:
    """The files in which a learner has written something."""
    for chapter in plan.chapters:
        if digest := row.digest(chapter):
            for path, content in store.source(digest).files.items():
                if content.strip() and content not in given[chapter]:
                    yield f"{chapter}/{path}", content


def _pairs(index: str, learners: Mapping[str, str]) -> Iterator[Pair]:
    """What compare50's page says: its links, the strongest first, with 10 for the first."""
    found = _GRAPH.search(index)
    for link in json.loads(found[1])["links"] if found else ():
        pair = [learners[Path(link[end]).name] for end in ("source", "target")]
        yield Pair((pair[0], pair[1]), 10.0 * link["value"], f"similar/match_{link['index'] + 1}.html")
