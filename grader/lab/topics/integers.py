"""In the child: integers that PostgreSQL would refuse, on a database that takes them.

SQLite stores 64 bits whatever a column is called. PostgreSQL's INTEGER has 32, and SQLAlchemy casts to it what it sends
for a column of this type. Sources: PostgreSQL, "Numeric Types"; SQLAlchemy, "DialectEvents.do_execute".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, Engine, Integer
from sqlalchemy.event import listen, remove

from grader.lab.observer import is_own

_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_FITS_64_BITS = 2**63


@contextmanager
def of_32_bits() -> Iterator[None]:
    """As long as the block runs, let SQLite refuse what does not fit into PostgreSQL's INTEGER."""
    listen(Engine, "do_execute", _refuse_beyond)
    try:
        yield
    finally:
        remove(Engine, "do_execute", _refuse_beyond)


_REFUSAL = "integer out of range for PostgreSQL, which has 32 bits: here the grader refuses it as PostgreSQL would"


def _refuse_beyond(_cursor: Any, _statement: str, _parameters: Any, context: Any) -> None:
    if context.dialect.name != "sqlite" or context.compiled is None or is_own(context.root_connection):
        return
    for values in context.compiled_parameters:
        for name, value in values.items():
            kind = getattr(context.compiled.binds.get(name), "type", None)
            if isinstance(kind, Integer) and not isinstance(kind, BigInteger) and any(map(_is_beyond, _each(value))):
                raise context.dialect.loaded_dbapi.DataError(_REFUSAL)


def _each(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list | tuple | set) else [value]


def _is_beyond(value: Any) -> bool:
    """Whether it is too large, or too small; what SQLite refuses itself is left to it."""
    return isinstance(value, int) and -_FITS_64_BITS <= value < _FITS_64_BITS and not _SMALLEST <= value <= _LARGEST
