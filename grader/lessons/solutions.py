"""Kernel: the solutions of the chapters, as running applications and as copies to change."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from grader.lessons.databases import new_database
from grader.lessons.resident import new_file
from grader.places import SOLUTIONS

if TYPE_CHECKING:
    from fastapi import FastAPI


def finished_app(chapter: str) -> FastAPI:
    """The application of a chapter's solution, on a new database."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "app"}
    with mock.patch.dict(os.environ, DATABASE_URL=new_database()), mock.patch("sys.path", [*sys.path]):
        sys.path.insert(0, str(SOLUTIONS / chapter))
        app: FastAPI = importlib.import_module("app.main").app
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
    sys.modules.update(hidden)
    return app


def copy_of_solution(chapter: str) -> Path:
    """A folder with a copy of a chapter's solution, to be changed and graded."""
    folder = new_file("example")
    shutil.copytree(SOLUTIONS / chapter, folder / chapter, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
