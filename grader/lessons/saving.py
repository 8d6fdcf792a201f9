"""Jupyter server: saves the project's lessons without what only belongs to one machine.

JupyterLab notes the exact version of Python in each notebook that it opens, so git would see a change in every lesson
that was only read. `settings/jupyter`, which is installed with the package, switches this on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.lessons import NOTEBOOKS


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by Jupyter when the server starts."""
    server.contents_manager.register_pre_save_hook(tidy)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "grader.lessons.saving"}]


def tidy(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Before a notebook is saved: take the version of Python out, if it is one of the project's lessons."""
    file = Path(contents_manager.root_dir) / path.lstrip("/")
    if model.get("type") == "notebook" and file.parent.resolve() == NOTEBOOKS:
        model["content"]["metadata"]["language_info"] = {"name": "python"}
