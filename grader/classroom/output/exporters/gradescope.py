"""Command: the format of Gradescope."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from grader.classroom.output.exporters.words import message
from grader.report import Check


def gradescope(learner: str, checks: Sequence[Check], weights: Mapping[str, float]) -> str:
    """The ``results.json`` that a Gradescope autograder leaves behind."""
    tests: list[dict[str, Any]] = []
    for check in checks:
        passed = check.outcome == "passed"
        test: dict[str, Any] = {
            "name": f"{check.chapter}: {check.title}",
            "number": check.task,
            "score": weights[check.id] if passed else 0.0,
            "max_score": weights[check.id],
            "status": "passed" if passed else "failed",
            "tags": [check.chapter, check.id, check.outcome],
            "visibility": "visible",
        }
        if not passed:
            test |= {"output": message(check), "output_format": "text"}
        tests.append(test)
    passed_all = sum(check.outcome == "passed" for check in checks)
    found = {
        "execution_time": round(sum(check.seconds for check in checks)),
        "output": f"{passed_all} of {len(checks)} checks passed.",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"learner": learner},
        "tests": tests,
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
