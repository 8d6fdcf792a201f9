"""Command: the format of JUnit."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from itertools import groupby

from grader.classroom.output.exporters.words import message, plain
from grader.report import Check


def junit(learner: str, checks: Sequence[Check], weights: Mapping[str, float]) -> str:
    """JUnit's XML: a suite for each chapter."""
    root = ElementTree.Element("testsuites", {"name": plain(learner), **_counts(checks)})
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
                about = {"message": plain(check.observed or check.outcome)}
                if kind != "skipped":
                    about["type"] = check.outcome
                ElementTree.SubElement(case, kind, about).text = plain(message(check))
            if check.printed:
                ElementTree.SubElement(case, "system-out").text = plain(check.printed)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _counts(checks: Sequence[Check]) -> dict[str, str]:
    return {
        "tests": str(len(checks)),
        "failures": str(sum(check.outcome == "failed" for check in checks)),
        "errors": str(sum(check.outcome in ("error", "timeout") for check in checks)),
        "time": f"{sum(check.seconds for check in checks):.3f}",
    }
