"""Kernel: the code at a place of a story, as a picture names it."""

from __future__ import annotations

import ast
import io
import linecache
import re
import tokenize
from pathlib import Path

from grader.lessons.story import AT_END

# What only watches, before the block that a line opens.
_WATCHERS = re.compile(r"\b(?:observe\([^()]*\)(?: as \w+)?|attempt\(\)), ")
_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)

_Position = tuple[int, int]


def code_at(where: str) -> str:
    """The code at a place, on one line and without comments, with its file's name where it is not a notebook's cell."""
    at_end = where.endswith(AT_END)
    file, _, number = where.removesuffix(AT_END).rpartition(":")
    if not file:
        return ""
    text = _WATCHERS.sub("", whole_at("".join(linecache.getlines(file)), int(number)))
    name = "" if "ipykernel" in file or file.startswith("<") else f"{Path(file).name}: "
    return f"{name}{'end of ' if at_end else ''}{text.removesuffix(':') if at_end else text}"


def whole_at(source: str, number: int) -> str:
    """The smallest statement or expression that holds all code of a line; of a block, what opens it.

    A line of a call that takes several is a piece of it, and says little: ``record, book.id, "viewed"``.
    """
    lines = source.encode().splitlines()
    if not 0 < number <= len(lines):
        return ""
    try:
        tree, tokens = ast.parse(source), _tokens(source)
    except (SyntaxError, tokenize.TokenError):
        return lines[number - 1].decode().strip()
    here = [each for each in tokens if each.start[0] <= number <= each.end[0]]
    while len(here) > 1 and here[-1].string == ",":
        here.pop()
    if not here:
        return ""
    begin, end = here[0].start, here[-1].end
    spans = [_span(node) for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)]
    around = [span for span in spans if span[0] <= begin and end <= span[1]]
    begin, end = min(around, key=lambda span: (-span[0][0], -span[0][1], span[1]), default=(begin, end))
    return _on_one_line([each for each in tokens if begin <= each.start and each.end <= end])


def _span(node: ast.stmt | ast.expr) -> tuple[_Position, _Position]:
    """Where a node begins and ends; a block ends where its first statement begins."""
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        first = min((body[0], *getattr(body[0], "decorator_list", ())), key=lambda each: each.lineno)
        end = 0 if first.lineno > node.lineno else first.col_offset
        return (node.lineno, node.col_offset), (first.lineno, end)
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    found = tokenize.generate_tokens(io.StringIO(source).readline)
    return [each for each in found if each.type not in _LAYOUT]


def _on_one_line(tokens: list[tokenize.TokenInfo]) -> str:
    """The tokens with their own spaces; where a line ended, as one would write it without."""
    text = ""
    for before, each in zip([None, *tokens], tokens, strict=False):
        if before is None or before.end == each.start:
            gap = ""
        elif before.end[0] == each.start[0]:
            gap = " " * (each.start[1] - before.end[1])
        else:
            if each.string in (")", "]", "}"):
                text = text.removesuffix(",")
            gap = "" if text.endswith(("(", "[", "{")) or each.string in (")", "]", "}", ".") else " "
        text += gap + " ".join(each.string.splitlines())
    return text
