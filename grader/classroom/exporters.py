"""The report in the formats of other programs: Gradescope, exercism, JUnit, and the step summary of GitHub.

What each of them asks for is written down, as a schema, in ``tests/test_class_exporters.py``.
"""

from __future__ import annotations

import ast
import html
import inspect
import json
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from grader.classroom.weights import shown
from grader.report import Check
from grader.rules import Rule, roster

# What GitHub takes of one step is 1 MiB; the rest would be lost as a whole.
_LONGEST_SUMMARY = 1_000_000
_LONGEST_OUTPUT = 500
_STATUS = {"passed": "pass", "failed": "fail", "todo": "fail", "blocked": "fail", "error": "error", "timeout": "error"}


@dataclass(frozen=True)
class Format:
    """A format: how it is made of a learner's verdicts, and the ending of its files.

    Attributes:
        make: from the learner's name, the verdicts and the points by rule id to the text.
        ending: ending of the file's name.
    """

    make: Callable[[str, Sequence[Check], Mapping[str, float]], str]
    ending: str


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
            test |= {"output": _message(check), "output_format": "text"}
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


def exercism(learner: str, checks: Sequence[Check], weights: Mapping[str, float]) -> str:
    """The ``results.json`` of an exercism test runner, version 3."""
    one_chapter = len({check.chapter for check in checks}) == 1
    tests = []
    for check in checks:
        test: dict[str, Any] = {
            "name": f"{check.chapter}: {check.title}",
            "status": _STATUS[check.outcome],
            "message": None if check.outcome == "passed" else _message(check),
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
    message = _message(checks[0]) if status == "error" else None
    found = {"version": 3, "status": status, "message": message, "tests": tests}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def junit(learner: str, checks: Sequence[Check], weights: Mapping[str, float]) -> str:
    """JUnit's XML: a suite for each chapter."""
    root = ElementTree.Element("testsuites", {"name": _plain(learner), **_counts(checks)})
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        found = list(group)
        counts = _counts(found)
        counts["skipped"] = str(sum(check.outcome in ("todo", "blocked") for check in found))
        suite = ElementTree.SubElement(root, "testsuite", {"name": chapter, **counts})
        for check in found:
            name = check.id.partition(".")[2]
            case = ElementTree.SubElement(
                suite, "testcase", name=name, classname=chapter, time=f"{check.seconds:.3f}", status=check.outcome
            )
            kind = {"failed": "failure", "error": "error", "timeout": "error"}.get(check.outcome, "skipped")
            if check.outcome != "passed":
                about = {"message": _plain(check.observed or check.outcome)}
                if kind != "skipped":
                    about["type"] = check.outcome
                ElementTree.SubElement(case, kind, about).text = _plain(_message(check))
            if check.printed:
                ElementTree.SubElement(case, "system-out").text = _plain(check.printed)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _counts(checks: Sequence[Check]) -> dict[str, str]:
    return {
        "tests": str(len(checks)),
        "failures": str(sum(check.outcome == "failed" for check in checks)),
        "errors": str(sum(check.outcome in ("error", "timeout") for check in checks)),
        "time": f"{sum(check.seconds for check in checks):.3f}",
    }


def github(learner: str, checks: Sequence[Check], weights: Mapping[str, float]) -> str:
    """Markdown for ``$GITHUB_STEP_SUMMARY``: a table of chapters, then what did not pass."""
    earned = sum(weights[check.id] for check in checks if check.outcome == "passed")
    most = sum(weights[check.id] for check in checks)
    passed = sum(check.outcome == "passed" for check in checks)
    lines = [f"## {_inline(learner)}", ""]
    lines += [f"{passed} of {len(checks)} checks passed, {shown(earned)} of {shown(most)} points.", ""]
    lines += ["| chapter | passed | points |", "| --- | ---: | ---: |"]
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        found = list(group)
        right = [check for check in found if check.outcome == "passed"]
        points = f"{shown(sum(weights[check.id] for check in right))} of {shown(sum(weights[c.id] for c in found))}"
        lines.append(f"| {chapter} | {len(right)} of {len(found)} | {points} |")
    text = "\n".join([*lines, ""])
    for check in checks:
        if check.outcome in ("passed", "todo"):
            continue
        facts = "".join(f"<br>{label}: {_inline(value)}" for label, value in check.facts().items())
        title = f"<b>{check.outcome}</b> {check.task} {_inline(check.title)} <code>{check.id}</code>"
        part = f"\n<details><summary>{title}</summary>\n<p>{facts.removeprefix('<br>')}</p></details>\n"
        if len((text + part).encode()) > _LONGEST_SUMMARY:
            return text + "\nThere is more than fits here; see the whole report.\n"
        text += part
    return text


FORMATS = {
    "gradescope": Format(gradescope, ".json"),
    "exercism": Format(exercism, ".json"),
    "junit": Format(junit, ".xml"),
    "github": Format(github, ".md"),
}


def _message(check: Check) -> str:
    """What there is to say about a check that did not pass, as lines of text."""
    return "\n".join(f"{label}: {text}" for label, text in check.facts().items()) or check.outcome


def _plain(text: str) -> str:
    """Text that XML can hold: without the control characters that it cannot."""
    return "".join(
        letter if letter in "\t\n" or "\x20" <= letter <= "\ud7ff" or letter >= "\ue000" else "?"
        for letter in text.replace("\ufffe", "?").replace("\uffff", "?")
    )


def _inline(text: str) -> str:
    """Text in one line of Markdown, in which nothing means anything."""
    made = html.escape(" ".join(_plain(text).split()))
    return "".join(f"&#{ord(letter)};" if letter in "\\`*_{}[]()#+!|~@:$" else letter for letter in made)


@cache
def _rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in roster()}


@cache
def _code(rule: str) -> str:
    """The body of a check."""
    if rule not in _rules():
        return ""
    function = _rules()[rule].function
    original = inspect.getclosurevars(function).nonlocals.get("original")
    source = textwrap.dedent(inspect.getsource(original.function if isinstance(original, Rule) else function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    body = node.body[1:] if isinstance(node.body[0], ast.Expr) and len(node.body) > 1 else node.body
    return textwrap.dedent("\n".join(source.splitlines()[body[0].lineno - 1 :]))
