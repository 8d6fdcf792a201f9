"""Verdict process: which statements of a submission its chapter's solution does not have.

Where nobody knows the mistake, what is shown should at least be no line that is right. This has no part in a verdict,
and tells nothing of the solution: it names lines of the learner's.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from grader.diagnosis.source import first_line
from grader.starters.comparing import parsed, solution

_BLOCKS = "body", "orelse", "finalbody", "handlers", "cases"
_MOST_LINES, _MOST_PARTS = 3, 3
_TO_DO = re.compile(r"NotImplementedError|value=Constant\(value=Ellipsis\)")  # what was not begun is no mistake
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class _Part:
    """A function, a class apart from its methods, or what a module does by itself.

    Attributes:
        file: where it is.
        name: ``create_item``, ``Item.total``; empty for what a module does.
        first: its first line, decorators included.
        last: its last line.
        head: the line with its name; 0 for a module.
        statements: its statements, each without those that it holds: line and last line, and what it says.
        own: those of them that the solution does not have there.
        lacks: the solution has others there.
        opens: what is defined in it is a part of its own.
    """

    file: str
    name: str
    first: int
    last: int
    head: int
    statements: list[tuple[int, int, str]] = field(default_factory=list)
    own: list[tuple[int, int, str]] = field(default_factory=list)
    lacks: bool = False
    opens: bool = True

    @property
    def lines(self) -> list[int]:
        """The first lines of its own statements, without its head."""
        return [first for first, _, _ in self.own if first != self.head]

    def place(self) -> str:
        """The line to show of it: of few statements the first, otherwise its head."""
        lines = self.lines
        return f"{self.file}:{lines[0] if 0 < len(lines) <= _MOST_LINES or not self.head else self.head}"


def closer(chapter: str, files: Mapping[str, bytes], place: str) -> str:
    """A line of the learner's own to show in the place of one that the solution has as well; empty where none is.

    Args:
        chapter: the chapter.
        files: the submission's files of code, by their names: ``app/crud.py``.
        place: what would be shown: ``app/crud.py:12``; empty for nothing.
    """
    parts = _parts_of(chapter, files)
    file, _, number = place.rpartition(":")
    line = int(number) if number.isdecimal() else 0
    around = [each for each in parts if each.file == file and each.first <= line <= each.last]
    shown = max(around, key=lambda each: each.first, default=None)
    differing = [each for each in parts if each.lines]
    if shown is not None and shown in differing:
        is_own = any(first <= line <= last for first, last, _ in shown.own)
        return "" if (is_own and line != shown.head) or len(shown.lines) > _MOST_LINES else shown.place()
    if shown is not None and (shown.lacks or shown.own):
        used = [each for each in differing if each.name and any(f"'{each.name}'" in said for *_, said in shown.own)]
        return used[0].place() if len(used) == 1 else ""
    functions = [each for each in differing if each.name] or differing
    if not 0 < len(functions) <= _MOST_PARTS:
        return ""
    return max(functions, key=lambda each: len(each.lines)).place()


def _parts_of(chapter: str, files: Mapping[str, bytes]) -> list[_Part]:
    """The parts of a submission, compared with those of the same name, or with all statements where there is none."""
    known = {(each.file, each.name): Counter(said for *_, said in each.statements) for each in _solved(chapter)}
    anywhere = sum(known.values(), Counter[str]())
    found = []
    for name, code in files.items():
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            for part in [*_parts(name, parsed(code))]:  # they are filled one by one
                left = Counter(known.get((part.file, part.name), anywhere))
                for statement in part.statements:
                    left[statement[2]] -= 1
                    part.own += [statement] if left[statement[2]] < 0 else []
                part.lacks = (part.file, part.name) in known and any(count > 0 for count in left.values())
                if not any(_TO_DO.search(said) for *_, said in part.own):
                    found.append(part)
    return found


@cache
def _solved(chapter: str) -> list[_Part]:
    return [part for name, code in solution(chapter).items() for part in _parts(name, parsed(code))]


def _parts(file: str, tree: ast.Module) -> Iterator[_Part]:
    whole = _Part(file, "", 1, len(ast.dump(tree)), 0)  # longer than any number of lines
    yield whole
    yield from _within(tree.body, whole)


def _within(body: list[ast.stmt], part: _Part) -> Iterator[_Part]:
    """Sort the statements of a block into the part that they belong to, and give the parts that begin there."""
    for node in body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        inner = part
        if isinstance(node, _Function | ast.ClassDef) and part.opens:
            name = f"{part.name}.{node.name}" if part.name else node.name
            inner = _Part(part.file, name, first_line(node), node.end_lineno or node.lineno, node.lineno)
            inner.opens = isinstance(node, ast.ClassDef)
            yield inner
        held = {name: getattr(node, name) for name in _BLOCKS if getattr(node, name, None)}
        last = node.lineno if held else node.end_lineno or node.lineno
        inner.statements.append((node.lineno, last, _said(node)))
        for name, block in held.items():
            for each in block if name in ("handlers", "cases") else ():
                line = getattr(each, "lineno", getattr(getattr(each, "pattern", None), "lineno", node.lineno))
                inner.statements.append((line, line, _said(each)))
                yield from _within(each.body, inner)
            if name not in ("handlers", "cases"):
                yield from _within(block, inner)


def _said(node: ast.AST) -> str:
    """What a statement says, without those that it holds."""
    fields = {name: [] if name in _BLOCKS else value for name, value in ast.iter_fields(node)}
    return ast.dump(type(node)(**fields))
