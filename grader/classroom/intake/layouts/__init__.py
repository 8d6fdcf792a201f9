"""Command: the layouts in which platforms give submissions out, one module for each, and which of them a folder has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from grader.classroom.intake.layouts import blackboard, canvas, github, gradescope, moodle, plain

# The one that fits first is taken.
LAYOUTS: dict[str, ModuleType] = {
    "gradescope": gradescope,
    "moodle": moodle,
    "blackboard": blackboard,
    "canvas": canvas,
    "github": github,
    "plain": plain,
}


def layout_of(paths: Sequence[Path]) -> str:
    """The layout that these folders and files have."""
    return next(name for name, layout in LAYOUTS.items() if layout.fits(paths))
