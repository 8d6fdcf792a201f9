"""Command: reads a report that was written before, as `pytest grader --report-json` writes it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NoReturn

from grader import BadInput
from grader.report import Check
from grader.rules import roster
from grader.shown import harmless

_LARGEST = 100 * 1024 * 1024


def load(file: Path) -> tuple[str, list[Check]]:
    """The name of the submission, and the verdicts.

    Raises:
        BadInput: it cannot be read, is no report, or names rules that this grader does not know.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise BadInput(f"'{file}' cannot be read ({error.strerror}).") from None
    try:
        if len(content) > _LARGEST:
            raise ValueError("it is too large")
        data = json.loads(content, parse_constant=_refuse)
        name, checks = data["submission"], [Check.read(each) for each in data["checks"]]
        if not isinstance(name, str):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput(f"'{file}' is not a report; 'pytest grader --report-json FILE' writes one.") from None
    rules = {rule.id: rule for rule in roster()}
    seen: set[str] = set()
    for check in checks:
        rule = rules.get(check.id)
        if rule is None or (rule.chapter, rule.task) != (check.chapter, check.task):
            what = harmless(f"task '{check.task[:20]}' of the rule '{check.id[:100]}'")
            raise BadInput(f"'{file}' holds the {what}, which this workbook does not know; write the report anew.")
        if check.id in seen:
            raise BadInput(f"'{file}' holds the rule '{check.id}' twice; write the report anew.")
        if not (math.isfinite(check.seconds) and check.seconds >= 0):
            raise BadInput(f"'{file}' says that '{check.id}' took {check.seconds} s; write the report anew.")
        seen.add(check.id)
    if not checks:
        raise BadInput(f"'{file}' holds no verdict; there is nothing to export.")
    return harmless(name), checks


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
