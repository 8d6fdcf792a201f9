"""Command: all feedback in one zip, in the layout in which Moodle and Canvas hand feedback files back.

- Moodle, "Upload multiple feedback files in a zip": ``Full name_12345_assignsubmission_file/feedback.html``; the number
  is the participant's (``mod/assign/feedback/file/importziplib.php`` of moodle/moodle).
- Canvas, "Upload submissions": the name of each file as it was downloaded, ``namefirst_LATE_123_456_…``: the user's
  number, then that of a file which the user handed in (``infer_comment_context_from_filename`` in
  ``app/models/assignment.rb`` of instructure/canvas-lms).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.output.platforms import moodle_number
from grader.classroom.store import Row


@dataclass(frozen=True)
class Handout:
    """What goes back to one learner.

    Attributes:
        row: the learner.
        html: the page.
        text: the same as text.
    """

    row: Row
    html: str
    text: str


def _moodle(handout: Handout) -> str:
    """How the paths of a learner's files begin; empty where Moodle's number is not known."""
    number = moodle_number(handout.row)
    # An underscore or a slash in a name would be taken for the end of it.
    name = re.sub(r'[_/\\:*?"<>|]', "-", handout.row.learner.name or handout.row.learner.id)
    return f"{name}_{number}_assignsubmission_file/feedback" if number else ""


def _canvas(handout: Handout) -> str:
    """The same for Canvas: a file goes back under the name under which another came."""
    found = (re.match(r"[^_]+_(?:LATE_)?\d+_\d+_", name) for name in handout.row.names)
    return next((f"{match[0]}feedback" for match in found if match), "")


LAYOUTS: dict[str, Callable[[Handout], str]] = {"moodle": _moodle, "canvas": _canvas}


def write(platform: str, handouts: Sequence[Handout], file: Path) -> list[str]:
    """Write the zip.

    Args:
        platform: one of `LAYOUTS`.
        handouts: what goes back.
        file: where to.

    Returns:
        Ids of the learners who are not in it, because the platform's number for them is not known.
    """
    left_out = []
    temporary = file.with_suffix(".tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for handout in handouts:
            begin = LAYOUTS[platform](handout)
            if not begin:
                left_out.append(handout.row.learner.id)
                continue
            archive.writestr(f"{begin}.html", handout.html)
            archive.writestr(f"{begin}.txt", handout.text)
    temporary.replace(file)
    return left_out
