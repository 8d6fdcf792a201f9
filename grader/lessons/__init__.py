"""Kernel: what the notebooks use, observing and drawing, requests, databases, magics."""

from grader.places import NOTEBOOKS

__all__ = ["NOTEBOOKS"]
