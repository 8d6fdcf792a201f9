"""In the child: imports of the app that failed at first, and work when they are tried again in the same process.

Such an app starts nowhere: nobody imports it twice. Where an import depends on what there is, it says nothing: on the
environment, the folder, what is in the database, and which module was imported first.
"""

from __future__ import annotations

import os
import sys
from opcode import opmap
from pathlib import Path
from traceback import walk_tb

from sqlalchemy.exc import SQLAlchemyError

_Where = tuple[str | None, str]
# By the name of the module that failed: where that was, and why.
_failed: dict[str, tuple[_Where, BaseException]] = {}


def keep(error: BaseException, root: Path, there: _Where) -> None:
    """Remember what an import of the app raised.

    Args:
        error: that.
        root: the folder of the submission.
        there: what was `here` before the import, which may have changed it.
    """
    steps = [step for step in walk_tb(error.__traceback__) if step[0].f_code.co_filename.startswith(f"{root}{os.sep}")]
    modules = [frame for frame, _ in steps if frame.f_code.co_name == "<module>"]
    if modules and not _depends_on_what_there_is(error, root):
        file = Path(modules[-1].f_code.co_filename).relative_to(root)
        for name in (modules[-1].f_globals.get("__name__"), _module_of(file)):
            if isinstance(name, str):
                _failed.setdefault(name, (there, error))


def of_what_works_now() -> BaseException | None:
    """Why an import failed at first, of a module that is imported now; None where there is none."""
    for module, (there, error) in _failed.items():
        if module in sys.modules and there == here():
            return error
    return None


def here() -> _Where:
    """What an import may depend on, of all that a check may change."""
    return os.environ.get("DATABASE_URL"), os.getcwd()  # noqa: PTH109  (a text is enough)


def _module_of(file: Path) -> str:
    """``app.routes`` for ``app/routes/__init__.py``."""
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _depends_on_what_there_is(error: BaseException, root: Path) -> bool:
    of_a_database = isinstance(error, SQLAlchemyError) or type(error).__module__ in ("sqlite3", "psycopg.errors")
    in_a_circle = type(error) in (ImportError, AttributeError) and "partially initialized" in str(error)
    return (of_a_database or in_a_circle) and not _is_raised_by_the_app(error, root)


def _is_raised_by_the_app(error: BaseException, root: Path) -> bool:
    """Whether a ``raise`` in the app's own code has raised it: no database has, and no import."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return False
    code = last.tb_frame.f_code
    raised = code.co_code[last.tb_lasti] == opmap["RAISE_VARARGS"]
    return raised and code.co_filename.startswith(f"{root}{os.sep}")
