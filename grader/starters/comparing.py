"""Verdict process and commands: which tasks of a submission are untouched, which given files are as they were."""

from __future__ import annotations

import ast
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

from grader.starters.reading import read_code
from grader.starters.tasks import SOLUTIONS, pieces_of
from grader.starters.writing import starter_of

# Solutions take a tenth of it. What takes Python longest to parse are long lines of f-strings.
_LONGEST = 32 * 1024
_MOST_BRACES = 500


def untouched_tasks(chapter: str, root: Path) -> frozenset[str]:
    """Tasks of a chapter whose code is still the starter's, comments and layout aside.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
    """
    touched: set[str] = set()
    tasks: set[str] = set()
    for file, owners in _starter_code(chapter):
        try:
            present = _owners(_parsed(read_code(root / file)))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            present = {}
        for task, owner, code in owners:
            tasks.add(task)
            if present.get(owner) != code:
                touched.add(task)
    return frozenset(tasks - touched)


def given_files(chapter: str, root: Path) -> frozenset[str]:
    """Files that a chapter gives to the learner and that are still as they were given.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
    """
    asked = {file for file, _ in _starter_code(chapter)}
    found = set()
    for file, code in _solution(chapter).items():
        with suppress(OSError):
            if file not in asked and read_code(root / file) == code:
                found.add(file)
    return frozenset(found)


def _parsed(code: bytes) -> ast.Module:
    """The syntax tree of code that somebody may have written so that this takes for ever.

    Raises:
        ValueError: it is no starter's, and not worth the time.
    """
    if len(code) > _LONGEST or code.count(b"{") > _MOST_BRACES:
        raise ValueError("it is much longer than any starter")
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(code)


@cache
def _solution(chapter: str) -> dict[str, bytes]:
    """The files of a chapter's solution."""
    folder = SOLUTIONS / chapter
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted((folder / "app").rglob("*.py"))}


@cache
def _starter_code(chapter: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Per file: task, owner and code of every piece of the starter."""
    found = []
    for file in sorted((SOLUTIONS / chapter / "app").rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        pieces = pieces_of(source, int(chapter[:2]))
        if pieces:
            code = _owners(ast.parse(starter_of(source, int(chapter[:2]))))
            name = file.relative_to(SOLUTIONS / chapter).as_posix()
            found.append((name, [(piece.task, piece.owner, code[piece.owner]) for piece in pieces]))
    return found


def _owners(module: ast.Module) -> dict[str, str]:
    """The statements of a module by the name that they define."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = ast.dump(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.dump(node.value)
    return found
