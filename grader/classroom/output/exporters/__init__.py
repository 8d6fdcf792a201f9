"""Command: the report in the formats of other programs, one module for each.

What each of them asks for is written down, as a schema, in ``tests/test_class_exporters.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grader.classroom.output.exporters.classroom import classroom
from grader.classroom.output.exporters.exercism import exercism
from grader.classroom.output.exporters.github import github
from grader.classroom.output.exporters.gradescope import gradescope
from grader.classroom.output.exporters.junit import junit
from grader.report import Check


@dataclass(frozen=True)
class Format:
    """A format: how it is made of a learner's verdicts, and the ending of its files.

    Attributes:
        make: from the learner's name, the verdicts and the points by rule id to the text.
        ending: ending of the file's name.
    """

    make: Callable[[str, Sequence[Check], Mapping[str, float]], str]
    ending: str


FORMATS = {
    "gradescope": Format(gradescope, ".json"),
    "exercism": Format(exercism, ".json"),
    "junit": Format(junit, ".xml"),
    "github": Format(github, ".md"),
    "classroom": Format(classroom, ".txt"),
}
