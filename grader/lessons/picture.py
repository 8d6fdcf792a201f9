"""Kernel: pictures of a story, a table and a sequence diagram that Mermaid draws."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

from grader.lab.observer import Moment
from grader.lessons.lines import code_at
from grader.lessons.showing import markdown_table, shortened
from grader.lessons.story import GIVEN_BACK, TAKEN, Story

_LONGEST_LABEL = 48
_LONGEST_LINE = 66
_LONGEST_SQL = 240
_LONGEST_ROW = 30
_NARROWEST_PICTURE = 560
# Lines and their labels in a grey that can be read on white and on black: a picture stays as it was drawn when
# the theme of JupyterLab is changed. Columns are narrow, because a picture that is too wide for a window shrinks
# until it is as narrow as a narrow window; in an even narrower one it is scrolled.
_COMPACT = (
    '%%{init: {"theme": "base", "themeVariables": {"primaryColor": "#ececff", "primaryTextColor": "#222222", '
    '"primaryBorderColor": "#9370db", "actorLineColor": "#b8a8dc", "lineColor": "#7a7a7a", "signalColor": "#7a7a7a", '
    '"signalTextColor": "#7a7a7a"}, "sequence": {"mirrorActors": false, "messageMargin": 22, "height": 40, '
    '"width": 100, "actorMargin": 24, "diagramMarginX": 8}}}%%'
)
# SQLAlchemy names each column of a SELECT once more (books.id AS books_id); for a reader it is noise.
_ALIAS = re.compile(r"(\w+)\.(\w+) AS \1_\2\b")


@dataclass(frozen=True)
class _Row:
    """A moment as it is shown: small numbers, the text of the line, what happened in words."""

    line: str
    session: str
    connection: str
    moment: Moment


def _rows(story: Story) -> list[_Row]:
    """The moments with sessions and connections numbered as they appear."""
    sessions = _numbered(moment.session for moment in story.told)
    connections = _numbered(moment.connection for moment in story.told)
    return [
        _Row(
            code_at(moment.where),
            f"session {sessions[moment.session]}" if moment.session else "",
            f"connection {connections[moment.connection]}" if moment.connection else "",
            moment,
        )
        for moment in story.told
    ]


def _numbered(found: Iterator[int] | Any) -> dict[int, int]:
    return {key: number for number, key in enumerate(dict.fromkeys(key for key in found if key), start=1)}


def sql_of(moment: Moment) -> str:
    """The statement of a moment on one line, without what only a program reads."""
    text = _ALIAS.sub(r"\1.\2", " ".join(moment.sql.split()))
    return shortened(text or moment.what, _LONGEST_SQL)


# -- the table --------------------------------------------------------------------------------------


def table(story: Story) -> str:
    """What was observed as a Markdown table."""
    rows, previous = [], None
    for row in _rows(story):
        line = "" if row.line == previous else shortened(row.line, _LONGEST_LINE)
        previous = row.line
        rows.append([_code(line), row.session[8:], row.connection[11:], _happened(row.moment)])
    if not rows:
        return "*The database was not asked anything.*"
    heads = ["your code", "session", "connection", "what happened"]
    kept = [number for number, head in enumerate(heads) if _tells(head, {row[number] for row in rows})]
    rows = [[row[number] for number in kept] for row in rows]
    return markdown_table([heads[number] for number in kept], rows) + _left(story)


def _tells(head: str, cells: set[str]) -> bool:
    """Whether a column says anything: one whose numbers are all 1 does not."""
    return bool(cells - ({"", "1"} if head in ("session", "connection") else {""}))


def _happened(moment: Moment) -> str:
    if moment.what == TAKEN:
        return "taken from the pool"
    if moment.what == GIVEN_BACK:
        return "back to the pool"
    if moment.what.startswith("REQUEST "):
        return f"request **{moment.what.removeprefix('REQUEST ')}**"
    if moment.what.startswith("ANSWER "):
        return f"answer **{moment.what.removeprefix('ANSWER ')}**"
    if not moment.sql:
        return f"**{moment.what}**"
    values = _values(moment.parameters)
    return _code(sql_of(moment)) + (f" with {_code(values)}" if values else "")


def _values(parameters: Any) -> str:
    if isinstance(parameters, dict):
        parameters = tuple(parameters.values())
    if not parameters:
        return ""
    return shortened(", ".join(repr(each) for each in parameters), 100)


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`" if text else ""


def _left(story: Story) -> str:
    count = len(story.out)
    if not count:
        return ""
    words = "1 connection is" if count == 1 else f"{count} connections are"
    return f"\n\n{words} still out of the pool."


# -- the diagram ------------------------------------------------------------------------------------


def drawing(story: Story) -> str:
    """The diagram as Markdown. In a narrow window it stays wide enough to be read, and is scrolled sideways."""
    outer, inner = '<div style="overflow-x: auto">', f'<div style="min-width: {_NARROWEST_PICTURE}px">'
    return f"{outer}{inner}\n\n```mermaid\n{diagram(story)}\n```\n\n</div></div>"


def diagram(story: Story) -> str:
    """What was observed as a Mermaid sequence diagram: a column for each session, or for each bare connection."""
    rows = _rows(story)
    workers = dict.fromkeys(_worker(row) for row in rows if row.session or row.connection)
    lines = [_COMPACT, "sequenceDiagram"]
    if any(row.moment.what.startswith("REQUEST ") for row in rows):
        lines.append("    participant client")
    lines.append("    participant code as your code")
    lines += [f"    participant {_key(name)} as {name}" for name in workers]
    lines.append("    participant database")
    for (label, session), group in groupby(rows, key=lambda row: (row.line, row.session)):
        moments = list(group)
        if session and label:
            lines.append(f"    code->>{_key(session)}: {_label(label)}")
        lines += [each for row in moments for each in _arrows(row)]
    lines += [f"    Note over {_key(_worker(row))}: {row.connection} is still out" for row in _still_out(rows)]
    return "\n".join(lines)


def _worker(row: _Row) -> str:
    return row.session or row.connection


def _still_out(rows: list[_Row]) -> list[_Row]:
    out: dict[str, _Row] = {}
    for row in rows:
        if row.moment.what == TAKEN:
            out[row.connection] = row
        elif row.moment.what == GIVEN_BACK:
            out.pop(row.connection, None)
    return list(out.values())


def _arrows(row: _Row) -> Iterator[str]:
    what, worker = row.moment.what, _key(_worker(row))
    if what.startswith("REQUEST "):
        yield f"    client->>code: {_label(what.removeprefix('REQUEST '))}"
    elif what.startswith("ANSWER "):
        yield f"    code-->>client: {what.removeprefix('ANSWER ')}"
    elif what == TAKEN:
        yield f"    Note over {worker}: take {row.connection}" if row.session else f"    code->>{worker}: take"
    elif what == GIVEN_BACK:
        yield (
            f"    Note over {worker}: give {row.connection} back" if row.session else f"    code->>{worker}: give back"
        )
    else:
        yield f"    {worker}->>database: {_label(what)}"


def _key(name: str) -> str:
    return name.replace(" ", "")


def _label(text: str) -> str:
    """A text as Mermaid takes it after the colon, in as few rows as there have to be, of about the same length."""
    pieces = re.split(r"(?<=[ (])", shortened(text, _LONGEST_LABEL))
    rows = _in_rows(pieces, _LONGEST_ROW)
    narrower = (_in_rows(pieces, width) for width in range(_LONGEST_ROW - 1, 0, -1))
    *_, rows = [rows, *takewhile(lambda found: len(found) == len(rows), narrower)]
    return "<br/>".join(map(_escaped, rows))


def _in_rows(pieces: Sequence[str], width: int) -> list[str]:
    """The pieces joined to rows that are not longer than this, if no piece is."""
    rows = [""]
    for piece in pieces:
        if rows[-1] and len(rows[-1]) + len(piece.rstrip()) > width:
            rows.append("")
        rows[-1] += piece
    return [row.strip() for row in rows]


def _escaped(text: str) -> str:
    return "".join(f"#{ord(letter)};" if letter in "#;<>&" else letter for letter in text)
