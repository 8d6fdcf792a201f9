"""Command: what all pages share: how they are filled in, and the signs and words of the outcomes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

LETTERS = {"passed": "p", "failed": "f", "error": "e", "timeout": "t", "blocked": "b", "todo": "d"}
WORDS = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "timeout",
    "blocked": "blocked",
    "todo": "to do",
}
_TEMPLATES = Path(__file__).with_name("templates")


@cache
def environment() -> jinja2.Environment:
    """The templates; whatever comes from a submission is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def asset(name: str) -> Markup:
    """A file of the project's own that goes into a page as it is."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))
