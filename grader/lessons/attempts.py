"""Kernel: runs what may fail, and tells in one line what was raised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

# What differs from run to run, and where to read on: in one line there is no room for it.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+|(?<=thread id )\d+")
_BACKGROUND = re.compile(r" \(Background on this error at: \S+\)")


@contextmanager
def attempt() -> Iterator[None]:
    """Run what may fail; say in one line what was raised, and go on."""
    try:
        yield
    except Exception as error:
        print(f"raised {in_one_line(error)}")


def in_one_line(error: BaseException) -> str:
    """An exception as Python would name it last, without what differs from run to run."""
    first, *more = str(error).strip().split("\n")
    if first.startswith("(raised as a result of Query-invoked autoflush") and more:
        first = f"{more[0]} (raised by autoflush)"
    if callable(problems := getattr(error, "errors", None)):  # Pydantic's and FastAPI's validation errors
        first = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems())
    message = _BACKGROUND.sub("", _ADDRESS.sub("...", first))
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
