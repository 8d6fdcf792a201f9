"""Kernel: the extension for notebooks, ``%load_ext grader.notebook``."""

from grader.lessons.magics import load_ipython_extension

__all__ = ["load_ipython_extension"]
