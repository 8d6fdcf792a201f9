"""Verdict process: plans, stages, runs children, and collects what they found out. The story is in `runner`."""

from grader.bench.bench import Bench
from grader.bench.isolation import Isolation
from grader.bench.limits import QUICK, Limits, limits_for
from grader.bench.plan import Target
from grader.bench.runner import Interrupted
from grader.bench.staging import chapter_folders, expect_solutions

__all__ = [
    "QUICK",
    "Bench",
    "Interrupted",
    "Isolation",
    "Limits",
    "Target",
    "chapter_folders",
    "expect_solutions",
    "limits_for",
]
