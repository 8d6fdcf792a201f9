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
from functools import lru_cache

from grader.diagnosis.source import Function, first_line
from grader.starters.comparing import parsed, solution

_BLOCKS = "body", "orelse", "finalbody", "handlers", "cases"
_MOST_LINES, _MOST_PARTS = 3, 3
_TO_DO = re.compile(r"NotImplementedError|value=Constant\(value=Ellipsis\)")  # what was not begun is no mistake


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
        new: the solution has no part of this name in this file.
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
    new: bool = False
    opens: bool = True

    @property
    def lines(self) -> list[int]:
        """The first lines of its own statements, without its head; where there is none, its own decorators."""
        others = [first for first, _, _ in self.own if first != self.head]
        return [first for first in others if first > self.head] or others

    def place(self) -> str:
        """The line to show of it: of few statements the first, otherwise its head."""
        lines = self.lines
        return f"{self.file}:{lines[0] if 0 < len(lines) <= _MOST_LINES or not self.head else self.head}"


def closer(chapter: str, files: Mapping[str, bytes], place: str, *, known: bool) -> str:
    """A line of the learner's own to show in the place of one that the solution has as well; empty where none is.

    Args:
        chapter: the chapter.
        files: the submission's files of code, by their names: ``app/crud.py``.
        place: what would be shown: ``app/crud.py:12``; empty for nothing.
        known: somebody says which mistake it is, so that nothing but the one place that differs is better.
    """
    file, _, number = place.rpartition(":")
    line = int(number) if number.isdecimal() else 0
    if known and not _is_a_line_of(solution(chapter).get(file, b""), files.get(file, b""), line):
        return ""  # it is the learner's own, for which nothing has to be compared
    parts = _parts_of(chapter, files)
    around = [each for each in parts if each.file == file and each.first <= line <= each.last]
    shown = max(around, key=lambda each: each.first, default=None)
    differing = [each for each in parts if each.lines]
    if known:
        other = [each for each in parts if each.own or each.lacks]
        return other[0].place() if place and len(other) == 1 and other[0].lines and other[0] is not shown else ""
    if shown is not None and (shown.lacks or shown.own):
        if line != shown.head and any(first <= line <= last for first, last, _ in shown.own):
            return _in_what_it_calls(shown, line, parts)
        said = " ".join(said for *_, said in shown.own)
        used = [each for each in differing if each.name and each is not shown and f"'{each.name}'" in said]
        if len(used) == 1 and (not shown.lines or len(used[0].lines) <= _MOST_LINES):
            return used[0].place()  # what it calls is more likely to be wrong than the call
        return shown.place() if 0 < len(shown.lines) <= _MOST_LINES else ""
    functions = [each for each in differing if each.name] or differing
    if not 0 < len(functions) <= _MOST_PARTS:
        return ""
    return max(functions, key=lambda each: len(each.lines)).place()


def _in_what_it_calls(shown: _Part, line: int, parts: list[_Part]) -> str:
    """A line of the learner's own helper, where all that a line does is done by that one; empty where it is not so.

    A helper that calls one other helper, and a name that the module gives to what a helper makes, are followed.
    """
    around = [each for each in shown.own if each[0] <= line <= each[1]]
    said = max(around)[2]
    place, met = "", [shown]
    while True:
        used = [each for each in parts if each.new and each not in met and each.lines and _names(said, each.name)]
        whole = [each for each in parts if not each.name]
        given = [each[2] for one in whole for each in one.own if _gives(said, each[2]) and each[2] != said]
        if not used and len(given) == 1 and len(met) < _MOST_PARTS:
            said = given[0]
            met.append(whole[0])
        elif len(used) == 1:
            place, said = used[0].place(), " ".join(each[2] for each in used[0].statements)
            met.append(used[0])
        else:
            return place


def _names(said: str, name: str) -> bool:
    """Whether what a statement says has the name of a function, or of a method as an attribute."""
    owner, _, last = name.rpartition(".")
    return f"attr='{last}'" in said if owner else f"id='{last}'" in said


def _gives(said: str, other: str) -> bool:
    """Whether a statement uses a name to which another one gives its value."""
    found = re.match(r"(?:Assign\(targets=\[|AnnAssign\(target=)Name\(id='(\w+)'", other)
    return found is not None and f"id='{found[1]}', ctx=Load" in said


def _is_a_line_of(solved: bytes, code: bytes, number: int) -> bool:
    """Whether a line of a file is, as a text, one of the solution's."""
    mine = code.splitlines()[number - 1 : number]
    return bool(mine) and mine[0].strip() in {each.strip() for each in solved.splitlines()}


def _parts_of(chapter: str, files: Mapping[str, bytes]) -> list[_Part]:
    """The parts of a submission's files that are not the solution's, compared with those of the same name there.

    What has no such part is compared with all statements of the file.
    """
    solved = solution(chapter)
    found = []
    for name, code in files.items():
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            if code != solved.get(name):
                found += _compared(name, code, solved.get(name, b""))
    return found


@lru_cache(maxsize=32)
def _compared(file: str, code: bytes, solved: bytes) -> list[_Part]:
    """The parts of a file, but for those in which something is to do.

    Raises:
        SyntaxError: it is no Python.
        ValueError: it is not worth the time.
    """
    known = {each.name: Counter(said for *_, said in each.statements) for each in [*_parts(file, parsed(solved))]}
    anywhere = sum(known.values(), Counter[str]())
    parts = [*_parts(file, parsed(code))]
    for part in parts:
        left = Counter(known.get(part.name, anywhere))
        for statement in part.statements:
            left[statement[2]] -= 1
            part.own += [statement] if left[statement[2]] < 0 else []
        part.new = part.name not in known
        part.lacks = not part.new and any(count > 0 for count in left.values())
    return [part for part in parts if not any(_TO_DO.search(said) for *_, said in part.own)]


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
        if isinstance(node, Function | ast.ClassDef) and part.opens:
            name = f"{part.name}.{node.name}" if part.name else node.name
            inner = _Part(part.file, name, first_line(node), node.end_lineno or node.lineno, node.lineno)
            inner.opens = isinstance(node, ast.ClassDef)
            inner.statements += [(each.lineno, each.end_lineno or 0, ast.dump(each)) for each in node.decorator_list]
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
    apart = (*_BLOCKS, "decorator_list")
    fields = {name: [] if name in apart else value for name, value in ast.iter_fields(node)}
    return ast.dump(type(node)(**fields))
