"""Puts the course into a wheel, below ``grader/course``: there no wall has to know more than the grader's own folder.

An editable install takes the course from where it lies; a second copy among the libraries could be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CourseHook(BuildHookInterface):
    """Maps the folders of the course to their places in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is built; ``version`` is ``standard`` or ``editable``."""
        if version != "standard":
            return
        root = Path(self.root)
        # Of the cases, those that `workbook explain` shows: the known mistakes.
        folders = [root / "solutions", root / "notebooks", *sorted(root.glob("tests/cases/*/wrong"))]
        files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
        for file in [root / "constraints.txt", *sorted(root.glob(".vscode/*.json")), *files]:
            name = file.relative_to(root)
            is_made = any(part.startswith((".", "__pycache__")) for part in name.parts[1:]) or file.suffix == ".db"
            if not is_made:
                build_data["force_include"][str(file)] = f"grader/course/{name.as_posix()}"
