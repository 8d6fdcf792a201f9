"""In the child: folders and databases other than those that a check is given."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from sqlalchemy import URL, make_url

from grader.lab.database import Database
from grader.lab.place import Place
from grader.lab.topics.urls import parts_of


class Elsewhere:
    """Where else a check may take the learner's code."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._sqlite_url = ""

    def work_in_a_new_folder(self) -> None:
        """Change to an empty working directory, as someone does who starts the app from elsewhere."""
        os.chdir(tempfile.mkdtemp(dir=self._place.root))

    def sqlite_url(self) -> str:
        """URL of a SQLite file, new for each check, whatever database the checks run on."""
        if not self._sqlite_url:
            self._sqlite_url = "sqlite:///./other.db"
            Path("other.db").unlink(missing_ok=True)
        return self._sqlite_url

    def database_at(self, url: str) -> Database:
        """A connection of the grader's own to another database."""
        return Database(replace(self._place, url=url), another=True)

    def is_ours(self, url: URL) -> bool:
        """Whether a URL names a database of this check: the grader writes nothing to any other."""
        if url.get_backend_name() == "sqlite":
            file = Path(os.path.realpath((url.database or "").removeprefix("file:")))
            return file.is_relative_to(os.path.realpath(self._place.root))
        return parts_of(url) == parts_of(make_url(self._place.url))
