"""Command: what the formats say in the same words."""

from __future__ import annotations

from grader.classroom.output.giveaways import without_solution
from grader.report import Check


def facts(check: Check) -> dict[str, str]:
    """What there is to say about a check that did not pass; nothing of the solution, for learners read it."""
    return without_solution(check).facts()


def message(check: Check) -> str:
    """The same as lines of text."""
    return "\n".join(f"{label}: {text}" for label, text in facts(check).items()) or check.outcome


def plain(text: str) -> str:
    """Text that XML can hold: without the control characters that it cannot."""
    return "".join(
        letter if letter in "\t\n" or "\x20" <= letter <= "\ud7ff" or letter >= "\ue000" else "?"
        for letter in text.replace("\ufffe", "?").replace("\uffff", "?")
    )
