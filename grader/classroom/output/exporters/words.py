"""Command: what the formats say in the same words."""

from __future__ import annotations

from grader.report import Check


def message(check: Check) -> str:
    """What there is to say about a check that did not pass, as lines of text."""
    return "\n".join(f"{label}: {text}" for label, text in check.facts().items()) or check.outcome


def plain(text: str) -> str:
    """Text that XML can hold: without the control characters that it cannot."""
    return "".join(
        letter if letter in "\t\n" or "\x20" <= letter <= "\ud7ff" or letter >= "\ue000" else "?"
        for letter in text.replace("\ufffe", "?").replace("\uffff", "?")
    )
