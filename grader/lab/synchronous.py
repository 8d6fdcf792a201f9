"""In the child: recognises SQLAlchemy's asyncio extension, which is not what this workbook teaches.

Code that uses it fails in many ways, with what is installed and without: no ``greenlet``, no driver, a coroutine that
nobody awaits. None of them is what its author has to know.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import ModuleType

from grader.diagnosis.asynchronous import SAW, WANTED
from grader.outcomes import Broken

_EXTENSION = "sqlalchemy.ext.asyncio"
_FOLDER = _EXTENSION.replace(".", "/")
_DRIVERS = ("aiosqlite", "asyncpg", "aiomysql", "asyncmy", "aioodbc")


def asynchronous_instead(where: str = "", cause: BaseException | None = None) -> Broken:
    """The verdict on code that uses the extension."""
    return Broken(SAW, WANTED, where, cause)


def is_asynchronous(value: object) -> bool:
    """Whether this is an engine, a session or a factory of sessions of the extension, or makes such sessions."""
    if _EXTENSION not in sys.modules:
        return False
    made = value if isinstance(value, type) else getattr(value, "class_", None)
    kinds = [*type(value).__mro__, *getattr(made, "__mro__", ())]
    return any(kind.__module__.startswith(_EXTENSION) for kind in kinds)


def makes_asynchronous(db: ModuleType | None) -> bool:
    """Whether the learner's module ``app.db`` does so, under the names that everyone imports; None: no such module."""
    return db is not None and any(is_asynchronous(vars(db).get(name)) for name in ("engine", "SessionLocal"))


def came_of_asynchronous(error: BaseException | None) -> bool:
    """Whether an exception came of using the extension, or a driver that is for it alone."""
    return any(_is_of_the_extension(each) for each in _chain(error))


def _is_of_the_extension(error: BaseException) -> bool:
    if isinstance(error, ModuleNotFoundError) and error.name in _DRIVERS:
        return True
    if "greenlet" in str(error) or type(error).__module__.startswith(_EXTENSION):
        return True
    frames = traceback.walk_tb(error.__traceback__)
    return any(_FOLDER in frame.f_code.co_filename.replace("\\", "/") for frame, _ in frames)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
