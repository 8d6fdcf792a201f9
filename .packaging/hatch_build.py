"""Puts the course into a wheel, below ``grader/course``: there no wall has to know more than the grader's own folder.

An editable install takes the course from where it lies; a second copy among the libraries could be read.
"""

from __future__ import annotations

import difflib
import tomllib
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
        cases = {case for chapter in sorted(root.glob("tests/cases/*/wrong")) for case in _examples(root, chapter)}
        folders = [root / "solutions", root / "notebooks", *sorted(cases)]
        files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
        for file in [root / "constraints.txt", *sorted(root.glob(".vscode/*.json")), *files]:
            name = file.relative_to(root)
            is_made = any(part.startswith((".", "__pycache__")) for part in name.parts[1:]) or file.suffix == ".db"
            if not is_made:
                build_data["force_include"][str(file)] = f"grader/course/{name.as_posix()}"


# How many cases of each rule, and of each mistake, go into a wheel.
_SOME = 10


def _examples(root: Path, chapter: Path) -> set[Path]:
    """Of a chapter's known mistakes those that `workbook explain` may show: the shortest, and those that it names."""
    guide = (root / "grader/guide" / f"{chapter.parent.name}.toml").read_text(encoding="utf-8")
    found: dict[str, list[tuple[int, int, str, Path]]] = {}
    kept = set()
    for file in chapter.glob("*/case.toml"):
        case = tomllib.loads(file.read_text(encoding="utf-8"))
        edits = [(each["old"].splitlines(), each["new"].splitlines()) for each in case.get("edit", ())]
        size = sum(row[0] in "+-" for old, new in edits for row in difflib.ndiff(old, new))
        size += sum(len(path.read_text(encoding="utf-8").splitlines()) for path in file.parent.rglob("*.py"))
        mistake = case.get("mistake", "")
        for name in [*case["fails"], *(mistake.values() if isinstance(mistake, dict) else [mistake])]:
            found.setdefault(name, []).append((len(case["fails"]), size, case["about"], file.parent))
        kept |= {file.parent} if f'"{file.parent.name}"' in guide else set()
    return kept | {case for each in found.values() for *_, case in sorted(each)[:_SOME]}
