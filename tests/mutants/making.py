"""Makes the mutants of a chapter's solution: one change each, in the code of a task."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from grader.places import SOLUTIONS
from grader.starters import pieces_of
from tests.mutants.operators import OF_SIGNATURES, OPERATORS, SCHEMAS


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        name: which, as the lists of survivors have it: ``5.4: db.commit() => db.flush()``.
        file: the file that is changed, ``app/crud.py``.
        text: its text then.
    """

    chapter: str
    name: str
    file: str
    text: str

    def build(self, submission: Path) -> None:
        """Write the submission: a folder with this one chapter in it."""
        chapter = submission / self.chapter
        shutil.copytree(SOLUTIONS / self.chapter, chapter, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
        (chapter / self.file).write_text(self.text, encoding="utf-8")


def mutants_of(chapter: str) -> list[Mutant]:
    """All mutants of a chapter, in the order of its files; what is the same program twice comes once."""
    found: dict[str, Mutant] = {}
    for path in sorted((SOLUTIONS / chapter / "app").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        lines, signatures = _lines_of_tasks(source, int(chapter[:2]))
        known = {_program(source)}
        for task, text in _changed(source, lines, signatures):
            first, old, new = _what_changed(source, text)
            given = [
                place for place, line in enumerate(old, first) if _code([line]) and place not in lines | signatures
            ]
            if given or _program(text) in known:
                continue
            known.add(_program(text))
            name = f"{task}: {_code(old) or 'nothing'} => {_code(new) or 'nothing'}"
            while name in found:
                name += " (again)"
            found[name] = Mutant(chapter, name, path.relative_to(SOLUTIONS / chapter).as_posix(), text)
    return list(found.values())


def _lines_of_tasks(source: str, chapter: int) -> tuple[dict[int, str], dict[int, str]]:
    """The lines that a learner writes, and to which task each belongs; then those of signatures above such lines."""
    lines, signatures = {}, {}
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for piece in pieces_of(source, chapter):
        lines |= dict.fromkeys(range(piece.first, piece.last + 1), piece.task)
        for node in functions:
            if node.body[0].lineno <= piece.first <= (node.end_lineno or 0):
                signatures |= dict.fromkeys(range(node.lineno, node.body[0].lineno), piece.task)
    return lines, signatures


class _Collector(cst.CSTVisitor):
    """Collects nodes, what may become of them, and to which task they belong."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: dict[int, str], signatures: dict[int, str]) -> None:
        super().__init__()
        self._lines, self._signatures = lines, signatures
        self.found: list[tuple[str, cst.CSTNode, Any]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        place = self.get_metadata(PositionProvider, node, None)
        if isinstance(place, CodeRange):
            for lines, operators in ((self._lines, OPERATORS), (self._signatures, OF_SIGNATURES)):
                task = _task_of(node, place, lines)
                for kind, operator in operators if task else ():
                    if isinstance(node, kind):
                        self.found += [(task, node, changed) for changed in operator(node)]
        return True


def _task_of(node: cst.CSTNode, place: CodeRange, lines: dict[int, str]) -> str:
    """The task to whose lines a node belongs: all of it, of a class the first line, of a block the last one."""
    if isinstance(node, cst.IndentedBlock):
        return lines.get(place.end.line if place.end.column else place.end.line - 1, "")
    last = place.start.line if isinstance(node, cst.ClassDef) else place.end.line
    inside = all(line in lines for line in range(place.start.line, last + 1))
    return lines[place.start.line] if inside else ""


def _changed(source: str, lines: dict[int, str], signatures: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Task and text of every change to these lines that can be read as Python."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    collector = _Collector(lines, signatures)
    wrapper.visit(collector)
    unknown = [name for name in SCHEMAS if not re.search(rf"\b{name}\b", source)]
    for task, node, changed in collector.found:
        try:
            module = wrapper.module.deep_replace(node, changed)  # type: ignore[arg-type]
        except cst.CSTValidationError:  # no Python: a parameter with a default before one without
            continue
        text = module.code  # type: ignore[union-attr]
        if _program(text) and not re.search(rf"\b({'|'.join(unknown)})\b| & None\b", text):
            yield task, text


def _program(text: str) -> str:
    """What Python makes of a text; empty where it cannot read it."""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return ""


def _what_changed(source: str, text: str) -> tuple[int, list[str], list[str]]:
    """From the first line that differs to the last: the number of the first, and the lines before and after."""
    old, new = source.splitlines(), text.splitlines()
    first = 1
    while old and new and old[0] == new[0]:
        del old[0], new[0]
        first += 1
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return first, old, new


def _code(lines: list[str]) -> str:
    """Lines of code as one, without comments."""
    code = (re.sub(r"\s*# .*", "", line).strip() for line in lines)
    return " / ".join(line for line in code if line)
