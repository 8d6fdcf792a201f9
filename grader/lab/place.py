"""In the child: where a check runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.lab.job import Job
from grader.stubs import Stub


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check runs.

    Attributes:
        chapter: the chapter's name.
        root: folder that holds the learner's ``app`` package and is the working directory.
        url: URL of a database that is empty when the check starts.
        own_url: PostgreSQL only: URL of the same database for the grader's own connection.
        given: files below `root` that are not the learner's work.
        suspicious: files below `root` that may be broken.
        stubs: what of the starter is untouched.
    """

    chapter: str
    root: Path
    url: str
    own_url: str = ""
    given: frozenset[str] = frozenset()
    suspicious: tuple[str, ...] = ()
    stubs: tuple[Stub, ...] = ()

    @property
    def database(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return "postgresql" if self.url.startswith("postgresql") else "sqlite"

    def shown(self, file: str) -> str:
        """A file below `root`, ``app/crud.py``, as it is named to the learner: ``05_crud/app/crud.py``."""
        return f"{self.chapter}/{file}"


def place_of(job: Job) -> Place:
    """Where the checks of a job run."""
    return Place(job.chapter, Path(job.root), job.url, job.own_url, frozenset(job.given), job.suspicious, job.stubs)
