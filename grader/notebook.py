"""The extension for notebooks: ``%load_ext grader.notebook``. It is made in `grader.lessons.magics`."""

from grader.lessons.magics import load_ipython_extension

__all__ = ["load_ipython_extension"]
