"""The process that gives the verdicts: it plans, stages, runs children, and collects what they found out."""

from grader.bench.runner import (
    Bench,
    Interrupted,
    Isolation,
    Limits,
    Target,
    chapter_folders,
    expect_solutions,
    limits_for,
    stage,
)

__all__ = [
    "Bench",
    "Interrupted",
    "Isolation",
    "Limits",
    "Target",
    "chapter_folders",
    "expect_solutions",
    "limits_for",
    "stage",
]
