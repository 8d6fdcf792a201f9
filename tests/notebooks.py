"""Keeps the notebooks in order: runs them for real, and stores them so that differences stay small.

After a change to a notebook, ``python -m tests.notebooks 05_crud`` runs it from top to bottom in a new kernel
and stores it anew; without a name it does so for all of them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Paths that exist on one machine alone.
_PATH = re.compile(r"(/home/|/Users/|/root/|/tmp/|/work/|/var/folders/|site-packages|ipykernel_|[A-Z]:\\\\)")
# The cell that grades the learner's own code: its output is nobody else's.
OWN = "nbval-ignore-output"
# A cell that shows what the grader says.
REPORT = re.compile(r"^%(grade|hint)\b", re.MULTILINE)


def lessons() -> list[Path]:
    """Every notebook, in order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def normalise(notebook: Any) -> None:
    """Bring a notebook into the form in which it is stored.

    Outputs are stored folded: JupyterLab shows them when the cell is run, or when a reader asks for them, so that
    nobody reads an answer before the question. The page of the repository shows them. What the grader says is no secret.
    """
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02}"
        tags = cell.metadata.get("tags", [])
        folded = cell.cell_type == "code" and bool(cell.outputs) and not REPORT.search(cell.source)
        kept = {"collapsed": True, "jupyter": {"outputs_hidden": True}} if folded else {}
        cell.metadata = nbformat.from_dict({**kept, **({"tags": tags} if tags else {})})
        cell.pop("attachments", None)
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
        cell.outputs = _joined(cell.outputs)


def _joined(outputs: list[Any]) -> list[Any]:
    """The outputs with neighbouring pieces of the same stream put together."""
    found: list[Any] = []
    for output in outputs:
        same = found and output.output_type == "stream" == found[-1].output_type and output.name == found[-1].name
        if same:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def problems(notebook: Any) -> list[str]:
    """What is wrong with a stored notebook, each with what to do about it."""
    found = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        if cell.execution_count != number:
            found.append(f"code cell {number} was run as number {cell.execution_count}: run all cells from the top")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"code cell {number} was saved with {output.ename}: mend it, or use attempt()")
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"code cell {number} was saved with a warning: {output.text.strip()[:80]}")
            if OWN not in cell.metadata.get("tags", []) and (place := _PATH.search(_text(output))):
                found.append(f"code cell {number} shows a path of this machine ({place[0]}): print something else")
    stored = nbformat.writes(notebook)
    normalise(notebook)
    if nbformat.writes(notebook) != stored:
        found.append("it is not stored in the usual form: run python -m tests.notebooks")
    return found


def _text(output: Any) -> str:
    data = {kind: value for kind, value in output.get("data", {}).items() if not kind.startswith("image/")}
    return f"{output.get('text', '')}{data}"


def run(file: Path) -> None:
    """Run a notebook from top to bottom in a new kernel, and store it."""
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    normalise(notebook)
    nbformat.write(notebook, file)


def recap() -> str:
    """The recaps of all lessons on one page, as they stand in the notebooks."""
    parts = [_RECAP]
    for file in lessons():
        for cell in nbformat.read(file, as_version=4).cells:
            if cell.source.startswith("## Recap"):
                text = cell.source.removeprefix("## Recap").partition("**Try (not graded):**")[0].strip()
                parts.append(f"## [{file.stem}]({file.name})\n\n{text}")
    return "\n\n".join(parts) + "\n"


_RECAP = """# Recap

The rules of all lessons on one page. The [glossary](glossary.md) explains the terms.

## Four practices for every day

| practice | otherwise | lesson |
| :--- | :--- | :--- |
| Say what is in an answer, and load exactly that: a schema, and `selectinload` or `joinedload`. | One query for each row, or a `DetachedInstanceError`. | [09](09_relationships.ipynb) |
| Commit, then refresh, then return. | The answer shows what you wrote, not what the database holds. | [05](05_crud.ipynb) |
| One session for one piece of work. A background task opens its own. | Threads save and discard each other's work. | [10](10_background.ipynb) |
| Apply what was sent, and nothing else: `exclude_unset=True`. | A `null` clears nothing, or an omitted field is lost. | [05](05_crud.ipynb) |"""


def main() -> None:
    """Run and store the notebooks whose names are given, or all; and the page with their recaps."""
    for file in lessons():
        if len(sys.argv) < 2 or file.stem in sys.argv[1:]:
            run(file)
            print(file.name)
    (NOTEBOOKS / "recap.md").write_text(recap(), encoding="utf-8")


if __name__ == "__main__":
    main()
