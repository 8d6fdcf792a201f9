"""In children and the kernel: what SQLAlchemy and the driver ask a database by themselves, to know it.

Nobody's code asks for that, so that it is no part of what code did. It is known by who asks, as anybody may put the
same words into a statement. Source: SQLAlchemy, ``sqlalchemy.dialects``.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import dialects


def asks_by_itself() -> bool:
    """Whether what knows a kind of database asks now, with no code between it and here but the libraries' own."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if str.startswith(file, _ASKING):
            return True
        if not str.startswith(file, _BETWEEN):
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _libraries() -> tuple[str, ...]:
    """The folders of SQLAlchemy, the driver and this one."""
    found = [Path(dialects.__file__).parents[1], Path(__file__).parent]
    psycopg = find_spec("psycopg")
    found += [Path(psycopg.origin).parent] if psycopg is not None and psycopg.origin else []
    return tuple(f"{each}{os.sep}" for each in found)


_BETWEEN = _libraries()
_ASKING = (f"{Path(dialects.__file__).parent}{os.sep}", *(f"{each}_typeinfo" for each in _BETWEEN[2:]))
