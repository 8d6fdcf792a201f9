"""Kernel: before the first cell of a lesson was run, the magics of the workbook say so.

`settings/ipython`, which is installed with the package, loads this in every kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NAMES = ("grade", "hint", "predict", "quiz")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give each magic a placeholder; the first cell of a lesson replaces them."""
    from IPython.core.error import UsageError

    def run_the_first_cell(_: str) -> None:
        raise UsageError("Run the first cell of the lesson first: %load_ext grader.notebook")

    for name in _NAMES:
        shell.register_magic_function(run_the_first_cell, "line", name)  # type: ignore[arg-type]
