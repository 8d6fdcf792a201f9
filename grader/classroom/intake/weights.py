"""Command: what a rule is worth, one point, or what a small TOML file says.

::

    default = 1                     # every rule that is not named below
    [points]
    "05_crud" = 2                   # every rule of a chapter
    "05_crud.create_refreshes" = 5  # one rule

The same file holds what is said about late work, see `grader.classroom.intake.late`.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grader import BadInput
from grader.rules import CHAPTERS, Rule, roster


def load(file: Path | None, rules: Iterable[Rule]) -> Mapping[str, float]:
    """Points by rule id.

    Args:
        file: the TOML file; None for one point each.
        rules: the rules that are graded.

    Raises:
        BadInput: the file cannot be read, or says something that means nothing.
    """
    data = read(file) if file is not None else {}
    points = data.get("points", {})
    if not isinstance(points, dict):
        raise BadInput(f"In the weights '{file}' [points] must be a table.")
    default = _number(file, "default", data.get("default", 1))
    known = {*CHAPTERS, *(rule.id for rule in roster())}
    for name, value in points.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            advice = f"did you mean '{near[0]}'?" if near else "name a chapter or a rule."
            raise BadInput(f"The weights '{file}' name '{name}', which is neither a chapter nor a rule; {advice}")
        _number(file, name, value)
    return {rule.id: _number(file, rule.id, points.get(rule.id, points.get(rule.chapter, default))) for rule in rules}


def read(file: Path) -> dict[str, Any]:
    """What the file says, as it is written.

    Raises:
        BadInput: it cannot be read, or holds an entry that nobody knows.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"The weights '{file}' cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"The weights '{file}' are not valid TOML: {error}.") from None
    unknown = sorted(set(data) - {"default", "points", "late"})
    if unknown:
        raise BadInput(
            f"The weights '{file}' hold an unknown entry '{unknown[0]}'; known are 'default', [points] and [late]."
        )
    return data


def _number(file: Path | None, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise BadInput(f"In the weights '{file}' {name} is {value!r}; give a number that is not negative.")
    return float(value)
