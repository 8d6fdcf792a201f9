"""Commands: what a learner's folder is given: the starters, the lessons without outputs, and a few settings."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from grader import keeping
from grader.cli.backup import GIVEN
from grader.places import COURSE, NOTEBOOKS
from grader.rules import CHAPTERS
from grader.starters import starter_files

DISTRIBUTION = "fastapi-database-workbook"
_FOLDER = Path(__file__).with_name("folder")
_NOTEBOOK = ".ipynb"
_SETTINGS = {"README.md": "README.md", "pyproject.toml": "pyproject.toml.in", ".gitignore": "gitignore"}
# What a kernel says of its language. JupyterLab notes it in a notebook that it opens, and where it differs the notebook
# counts as changed.
_LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": sys.version_info.major},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": f"ipython{sys.version_info.major}",
    "version": platform.python_version(),
}


def version() -> str:
    """The version of the workbook that is installed."""
    return metadata.version(DISTRIBUTION)


def given_files() -> dict[str, bytes]:
    """What this version gives, by the names of the files in a learner's folder, ``chapters/01_engine/app/db.py``."""
    return dict(_given())


def _given() -> Iterator[tuple[str, bytes]]:
    for name, template in _SETTINGS.items():
        yield name, (_FOLDER / template).read_bytes().replace(b"{{ version }}", version().encode())
    for file in sorted((COURSE / ".vscode").glob("*.json")):
        yield f".vscode/{file.name}", file.read_bytes()
    for chapter in CHAPTERS:
        for name, content in starter_files(chapter).items():
            yield f"chapters/{chapter}/{name}", content
    for name, content in lessons().items():
        yield f"notebooks/{name}", content


def can_be_given(name: str) -> bool:
    """Whether a file of this name may be one that a learner's folder was given: a chapter's, a lesson, or a setting."""
    place, _, rest = name.partition("/")
    inside = ".." not in name.split("/") and name.isprintable()
    return inside and (name in _SETTINGS if not rest else place in ("chapters", "notebooks", "lessons", ".vscode"))


def lessons() -> dict[str, bytes]:
    """The lessons without outputs, and the pages that they lead to, by the names of the files."""
    files = sorted(file for file in NOTEBOOKS.glob("*.*") if file.suffix in (_NOTEBOOK, ".md"))
    return {
        file.name: _without_outputs(file).encode() if file.suffix == _NOTEBOOK else file.read_bytes() for file in files
    }


def _without_outputs(file: Path) -> str:
    """The text of a notebook as it is before anything was run."""
    notebook = json.loads(file.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
    notebook["metadata"]["language_info"] = _LANGUAGE
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def essence(name: str, content: bytes) -> str:
    """What counts of a file: its text without the kind of line ends; of a notebook its cells without what they show."""
    if name.endswith(_NOTEBOOK):
        try:
            cells = json.loads(content)["cells"]
            parts = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
        except (ValueError, KeyError, TypeError, RecursionError):
            parts = [["broken", content.decode("utf-8", "replace")]]
        return "notebook " + hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


@dataclass(frozen=True)
class Given:
    """What a learner's folder was given last, kept in ``.workbook/given.json``.

    Attributes:
        version: of which version of the workbook; empty where it is not known.
        files: the essence of each file, by its name.
    """

    version: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def given_to(home: Path) -> Given:
    """What a folder was given; nothing where that was deleted or spoilt."""
    try:
        data = keeping.read(GIVEN, home)
        files = {str(name): str(text) for name, text in data["files"].items() if can_be_given(str(name))}
        return Given(str(data["version"]), files)
    except (KeyError, TypeError, AttributeError):
        return Given()


def remember(home: Path, files: Mapping[str, bytes]) -> None:
    """Keep what a folder has been given by this version."""
    _keep(home, Given(version(), {name: essence(name, content) for name, content in files.items()}))


def go_back(home: Path, backup: Path, names: Iterable[str]) -> None:
    """Files have come back from a backup: they are of the version that the folder was given when it was made.

    Args:
        home: the learner's folder.
        backup: the backup's folder; one that knows no version changes nothing.
        names: the files.
    """
    now, then = given_to(home), given_to(backup)
    files = {name: then.files[name] for name in names if name in then.files}
    if then.version and any(now.files.get(name) != text for name, text in files.items()):
        _keep(home, Given(then.version, {**now.files, **files}))


def not_up_to_date(home: Path) -> str:
    """That a folder is of another version than the workbook that is installed; empty where it is not."""
    known = given_to(home).version
    if known == version():
        return ""
    what = "workbook update goes back to it" if is_older(known) else "workbook update"
    return f"workbook {version()} is installed, your folder has {known or 'an unknown version'}: {what}"


def is_older(known: str) -> bool:
    """Whether the workbook that is installed is older than a version."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version()) < Version(known)
    except InvalidVersion:
        return False


def _keep(home: Path, what: Given) -> None:
    keeping.write(GIVEN, {"version": what.version, "files": dict(what.files)}, home)
