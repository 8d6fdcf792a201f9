"""Jupyter server: saves lessons without what only belongs to one machine, or to one kernel.

JupyterLab notes the exact version of Python in each notebook that it opens, so git would see a change in every lesson
that was only read. And a form is gone with its kernel: whoever opened the lesson the next day would find an error in
its place. `settings/jupyter`, which is installed with the package, switches this on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.lessons import NOTEBOOKS

_FORM, _WORDS = "application/vnd.jupyter.widget-view+json", "text/markdown"


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by Jupyter when the server starts."""
    server.contents_manager.register_pre_save_hook(tidy)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "grader.lessons.saving"}]


def tidy(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Before a notebook is saved: leave its forms in words; in the project's own lessons no version of Python."""
    if model.get("type") != "notebook":
        return
    for cell in model["content"]["cells"]:
        for output in cell.get("outputs", []):
            if _WORDS in output.get("data", {}):  # a form of the lessons; a widget of the learner's has no words
                output["data"].pop(_FORM, None)
    file = Path(contents_manager.root_dir) / path.lstrip("/")
    if file.parent.resolve() == NOTEBOOKS:
        model["content"]["metadata"]["language_info"] = {"name": "python"}
