"""Kernel: what the notebooks use, observing and drawing, requests, databases, magics."""

from grader.starters import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
