"""Command: an autograder that Gradescope takes as it is: one zip with everything that grades a submission.

Source: "Autograder Specifications" of Gradescope's documentation. ``setup.sh`` runs once, as root, when the image is
built, ``run_autograder`` for each submission; the zip lies unpacked in ``/autograder/source``, what was handed in in
``/autograder/submission``, and the result goes to ``/autograder/results/results.json``.
"""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.places import PROJECT

_HERE = Path(__file__).parent
# For lessons only: an image without them is made in half the time.
_NOT_FOR_GRADING = {"ipywidgets", "jupyter", "matplotlib", "nbval"}
_PARTS = ("grader", "solutions")
_SINGLE = ("pyproject.toml", "LICENSE")
_EPOCH = (2020, 1, 1, 0, 0, 0)


def requirements() -> list[str]:
    """What grading needs to be installed, as ``pip`` reads it, with bubblewrap where there is one."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["namespaces"]]
    return [line for line in needed if re.split(r"[^\w.-]", line, maxsplit=1)[0] not in _NOT_FOR_GRADING]


def write(file: Path, options: Sequence[str], weights: Path | None) -> None:
    """Write the zip.

    Args:
        file: where to.
        options: options of ``workbook class`` with which everything is graded.
        weights: what rules are worth.
    """
    temporary = file.with_name(f"{file.name}.tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("setup.sh", "run_autograder", "grade.py"):
            _add(archive, name, (_HERE / name).read_bytes(), executable=name != "grade.py")
        _add(archive, "requirements.txt", "".join(f"{line}\n" for line in requirements()).encode())
        _add(archive, "constraints.txt", (PROJECT / "constraints.txt").read_bytes())
        _add(
            archive,
            "options.json",
            json.dumps([*options, *(["--weights", "weights.toml"] if weights else [])]).encode(),
        )
        if weights is not None:
            _add(archive, "weights.toml", weights.read_bytes())
        for path in _project_files():
            _add(archive, f"workbook/{path.relative_to(PROJECT).as_posix()}", path.read_bytes())
    temporary.replace(file)


def _project_files() -> Iterator[Path]:
    yield from (PROJECT / name for name in _SINGLE)
    for part in _PARTS:
        for path in sorted((PROJECT / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".db", ".pyc"):
                yield path


def _add(archive: zipfile.ZipFile, name: str, content: bytes, *, executable: bool = False) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    archive.writestr(entry, content)
