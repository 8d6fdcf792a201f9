"""Command: the step summary of GitHub."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from grader.classroom.output.exporters.words import facts as told
from grader.classroom.output.exporters.words import plain
from grader.classroom.output.marks import shown
from grader.report import Check

# What GitHub takes of one step is 1 MiB; the rest would be lost as a whole.
_LONGEST_SUMMARY = 1_000_000
# GitHub makes a link of it, without any further sign.
_ADDRESS = re.compile(r"(www)\.", re.IGNORECASE)


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
        facts = "".join(f"<br>{label}: {_inline(value)}" for label, value in told(check).items())
        title = f"<b>{check.outcome}</b> {check.task} {_inline(check.title)} <code>{check.id}</code>"
        part = f"\n<details><summary>{title}</summary>\n<p>{facts.removeprefix('<br>')}</p></details>\n"
        if len((text + part).encode()) > _LONGEST_SUMMARY:
            return text + "\nThere is more than fits here; see the whole report.\n"
        text += part
    return text


def _inline(text: str) -> str:
    """Text in one line of Markdown, in which nothing means anything."""
    made = html.escape(" ".join(plain(text).split()))
    made = "".join(f"&#{ord(letter)};" if letter in "\\`*_{}[]()#+!|~@:$" else letter for letter in made)
    return _ADDRESS.sub(r"\1&#46;", made)
