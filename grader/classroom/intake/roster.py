"""Command: who is in the class, a CSV file with a column ``id``, as any spreadsheet writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import BadInput
from grader.shown import harmless


@dataclass(frozen=True)
class Learner:
    """One line of the roster.

    Attributes:
        id: the learner's id, which is also the name of the submission.
        name: the learner's name; empty when the roster has none.
        more: the other columns.
    """

    id: str
    name: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


def load(file: Path) -> list[Learner]:
    """The learners of a roster, in its order.

    Args:
        file: CSV with a header line; ``,``, ``;`` or tabulator between the columns.

    Raises:
        BadInput: it cannot be read, has no column ``id``, or names an id twice.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"The roster '{file}' cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise BadInput(f"The roster '{file}' is not UTF-8; save it as 'CSV UTF-8'.") from None
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = [[harmless(cell.strip()) for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadInput(f"The roster '{file}' is not a CSV file ({error}).") from None
    names = [name.lower() if name.lower() in ("id", "name") else name for name in rows[0]] if rows else []
    if "id" not in names:
        raise BadInput(f"The roster '{file}' has no column 'id'. Its first line must name the columns: id,name")
    found: dict[str, Learner] = {}
    for number, row in enumerate(rows[1:], start=2):
        cells = dict(zip(names, row, strict=False))
        learner = cells.pop("id", "")
        if not any(row):
            continue
        if not learner:
            raise BadInput(f"Line {number} of the roster '{file}' has no id.")
        if learner in found:
            raise BadInput(f"The roster '{file}' names the id '{learner}' twice (line {number}).")
        found[learner] = Learner(learner, cells.pop("name", ""), {k: v for k, v in cells.items() if k})
    return list(found.values())
