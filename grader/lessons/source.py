"""Kernel: shows the code of the lessons' examples."""

from __future__ import annotations

import inspect
from itertools import groupby
from pathlib import Path

from grader.lessons import NOTEBOOKS
from grader.lessons.showing import show


def source(*things: object) -> None:
    """Show the code of classes, functions or modules of the lessons."""
    blocks = []
    for file, found in groupby(things, key=_file):
        codes = [inspect.getsource(thing).strip() for thing in found]  # type: ignore[arg-type]
        blocks.append(f"`{file}`\n\n```python\n{(chr(10) * 3).join(codes)}\n```")
    show("\n\n".join(blocks))


def _file(thing: object) -> str:
    file = Path(inspect.getsourcefile(thing) or "")  # type: ignore[arg-type]
    return file.relative_to(NOTEBOOKS).as_posix() if file.is_relative_to(NOTEBOOKS) else file.name
