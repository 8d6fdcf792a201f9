"""In the child: imports of the app that failed at first, and work when they are tried again in the same process.

Such an app starts nowhere: nobody imports it twice. Where an import depends on what there is, it says nothing: on the
environment, the folder, what is in the database, and which module was imported first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from traceback import walk_tb

from sqlalchemy.exc import SQLAlchemyError

# By the name of the module that failed: where that was, and why.
_failed: dict[str, tuple[tuple[str | None, str], BaseException]] = {}


def keep(error: BaseException, root: Path) -> None:
    """Remember what an import of the app raised."""
    frames = [
        frame for frame, _ in walk_tb(error.__traceback__) if frame.f_code.co_filename.startswith(f"{root}{os.sep}")
    ]
    modules = [frame.f_globals.get("__name__") for frame in frames if frame.f_code.co_name == "<module>"]
    if modules and isinstance(modules[-1], str) and not _depends_on_what_there_is(error):
        _failed.setdefault(modules[-1], (_here(), error))


def of_what_works_now() -> BaseException | None:
    """Why an import failed at first, of a module that is imported now; None where there is none."""
    for module, (there, error) in _failed.items():
        if module in sys.modules and there == _here():
            return error
    return None


def _here() -> tuple[str | None, str]:
    return os.environ.get("DATABASE_URL"), os.getcwd()  # noqa: PTH109  (a text is enough)


def _depends_on_what_there_is(error: BaseException) -> bool:
    of_a_database = isinstance(error, SQLAlchemyError) or type(error).__module__ in ("sqlite3", "psycopg.errors")
    in_a_circle = type(error) in (ImportError, AttributeError) and "partially initialized" in str(error)
    return of_a_database or in_a_circle
