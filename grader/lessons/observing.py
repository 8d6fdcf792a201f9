"""Kernel: shows what a block of code does to the database, as a table and a sequence diagram."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from grader.lab.observer import observing_with
from grader.lessons import NOTEBOOKS, picture
from grader.lessons.showing import show
from grader.lessons.story import Story
from grader.places import SOLUTIONS

# Its triangle stands beside the bar that JupyterLab draws along the left edge, not under it.
_FOLDED = '<details style="padding-left: 0.5em">'


@contextmanager
def observe(table: bool = True, draw: bool = False) -> Iterator[Story]:
    """Show what the block does to the database.

    Args:
        table: show every step in a table; False shows nothing.
        draw: show a sequence diagram instead, and offer the table below it.
    """
    story = Story(is_told=_is_of_the_lesson())
    try:
        with observing_with(story):
            yield story
    finally:
        if draw:
            show(picture.drawing(story))
            show(f"{_FOLDED}<summary>The same as a table</summary>\n\n{picture.table(story)}\n\n</details>")
        elif table:
            show(picture.table(story))


def _is_of_the_lesson() -> Callable[[FrameType], bool]:
    """Whether a frame belongs to a cell, or to a file of the lessons."""
    from IPython import get_ipython

    shell = get_ipython()
    cells = shell.user_ns if shell is not None else {}
    files = (str(NOTEBOOKS), str(SOLUTIONS))
    return lambda frame: frame.f_globals is cells or frame.f_code.co_filename.startswith(files)
