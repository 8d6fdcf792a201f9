"""Command: the layouts in which platforms give submissions out, one module for each, and which of them a folder has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from grader.classroom.intake.layouts import blackboard, canvas, github, gradescope, moodle, plain

# The one that fits first is taken; but see `layout_of`.
LAYOUTS: dict[str, ModuleType] = {
    "gradescope": gradescope,
    "moodle": moodle,
    "blackboard": blackboard,
    "canvas": canvas,
    "github": github,
    "plain": plain,
}
# What is told by the names of files, of which the last part is the learner's own and may look like another platform's.
_NAMED = ("moodle", "blackboard", "canvas")


def layout_of(paths: Sequence[Path]) -> str:
    """The layout that these folders and files have.

    Of those told by names it is the one that most names fit; of several the one whose part of the names begins first.
    """
    fitting = [name for name, layout in LAYOUTS.items() if layout.fits(paths)]
    if fitting[0] not in _NAMED:
        return fitting[0]
    places = {name: LAYOUTS[name].places(paths) for name in fitting if name in _NAMED}
    return max(places, key=lambda name: (len(places[name]), -sum(places[name])))
