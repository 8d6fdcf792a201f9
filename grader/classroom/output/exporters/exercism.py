"""Command: the format of exercism."""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from grader.classroom.output.exporters.words import message
from grader.report import Check
from grader.rules import Rule, roster
from grader.versions import source_of

_LONGEST_OUTPUT = 500
_STATUS = {"passed": "pass", "failed": "fail", "todo": "fail", "blocked": "fail", "error": "error", "timeout": "error"}


def exercism(learner: str, checks: Sequence[Check], weights: Mapping[str, float]) -> str:
    """The ``results.json`` of an exercism test runner, version 3."""
    one_chapter = len({check.chapter for check in checks}) == 1
    tests = []
    for check in checks:
        test: dict[str, Any] = {
            "name": f"{check.chapter}: {check.title}",
            "status": _STATUS[check.outcome],
            "message": None if check.outcome == "passed" else message(check),
            "test_code": _code(check.id),
        }
        if check.printed:
            cut = "... (output was truncated; please limit it to 500 characters)"
            long = len(check.printed) > _LONGEST_OUTPUT
            test["output"] = check.printed[: _LONGEST_OUTPUT - len(cut)] + cut if long else check.printed
        if one_chapter:  # only there a number says which task it is
            test["task_id"] = int(check.task.partition(".")[2])
        tests.append(test)
    statuses = {test["status"] for test in tests}
    status = "pass" if statuses == {"pass"} else "error" if statuses == {"error"} else "fail"
    reason = message(checks[0]) if status == "error" else None
    found = {"version": 3, "status": status, "message": reason, "tests": tests}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


@cache
def _rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in roster()}


@cache
def _code(rule: str) -> str:
    """The body of a check."""
    if rule not in _rules():
        return ""
    source = textwrap.dedent(source_of(_rules()[rule].function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    body = node.body[1:] if isinstance(node.body[0], ast.Expr) and len(node.body) > 1 else node.body
    return textwrap.dedent("\n".join(source.splitlines()[body[0].lineno - 1 :]))
