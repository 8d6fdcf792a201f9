"""Kernel: runs what may fail, and tells in a line what was raised."""

from __future__ import annotations

import re
import textwrap
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
        print(in_rows(f"raised {in_one_line(error)}"))


def in_rows(text: str, indent: str = "") -> str:
    """A line as it fits a narrow window: JupyterLab would break it within words."""
    more = indent + " " * 4
    return textwrap.fill(
        text, 72, initial_indent=indent, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    )


def in_one_line(error: BaseException) -> str:
    """An exception as Python would name it last, without what differs from run to run."""
    first, *more = str(error).strip().split("\n")
    if first.startswith("(raised as a result of Query-invoked autoflush") and more:
        first = f"{more[0]} (raised by autoflush)"
    if callable(problems := getattr(error, "errors", None)):  # Pydantic's and FastAPI's validation errors
        first = "; ".join(
            ": ".join(filter(None, [".".join(map(str, each["loc"])), each["msg"]])) for each in problems()
        )
    message = _BACKGROUND.sub("", _ADDRESS.sub("...", first))
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
