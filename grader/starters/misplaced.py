"""Verdict process: what was written for a task where it does not count."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from grader.starters.comparing import of_others, owners_in, parsed, starter_code, stubs_of
from grader.starters.reading import read_code
from grader.starters.tasks import bound, defines
from grader.stubs import BASES, VALUE, Stub

_SETTINGS = "model_config"


class Misplaced(NamedTuple):
    """Code that was written for a task, and that is not what the task asks for, as it is somewhere else.

    Attributes:
        where: the place, ``app/schemas.py:31``.
        line: the line that is there.
        saw: what it is.
        hint: what leads to where it belongs.
    """

    where: str
    line: str
    saw: str
    hint: str


# File, task, code above the starter's line, and what to say of that line.
Below = tuple[str, str, list[ast.stmt], Misplaced]


def misplaced_code(
    chapter: str, root: Path, untouched: Collection[Stub], below: Sequence[Below]
) -> dict[str, Misplaced]:
    """By task: what was written beside the class whose attributes it asks for, or in it as something else.

    Or above the starter's line, which is still there and counts, as it is the last; or in what nothing calls.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
        untouched: the starter's code that is still there.
        below: what `left_below` has found there.
    """
    found: dict[str, Misplaced] = {}
    for _, task, _, each in below:
        found.setdefault(task, each)
    for task, each in _never_called(chapter, root, untouched):
        found.setdefault(task, each)
    for file, stubs in stubs_of(chapter):
        of_classes = [each for each in stubs if each.lacks and each.lacks not in ((BASES,), (VALUE,))]
        with suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            code = read_code(root / file) if of_classes else b""
            lines = code.decode("utf-8", "replace").splitlines()
            for stub, node, saw, hint in _found_in(parsed(code), of_classes):
                line = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
                found.setdefault(stub.task, Misplaced(f"{file}:{node.lineno}", line, saw, hint))
    return found


def taken_back(below: Sequence[Below]) -> dict[str, Misplaced]:
    """By place, ``app/db.py:9``: lines whose name gets the starter's value, or class, again further down; and that.

    Not those of functions: there the upper one may run, as the endpoint of a path does.

    Args:
        below: what `left_below` has found.
    """
    return {
        f"{file}:{line}": each
        for file, _, above, each in below
        for node in above
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in (*range(node.lineno, (node.end_lineno or node.lineno) + 1), each.where.rpartition(":")[2])
    }


def left_below(chapter: str, root: Path) -> list[Below]:
    """Per name with code above the starter's line: file, task, that code, and what to say of the line.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
    """
    return [*_left_below(chapter, root)]


def _left_below(chapter: str, root: Path) -> Iterator[Below]:
    for file, stubs in starter_code(chapter):
        with suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            code = read_code(root / file)
            lines = code.decode("utf-8", "replace").splitlines()
            module = parsed(code)
            definitions = _definitions(module)
            for stub, starter in stubs:
                defined = definitions.get(stub.name, [])
                if len(defined) < 2:  # as in nearly every file: nothing to compare
                    continue
                others, is_starters = of_others(stub, stubs), {stub.name: starter}
                left = [owners_in(ast.Module([node], []), others) == is_starters for node in defined]
                if left[-1:] == [True] and not all(left):
                    line = lines[defined[-1].lineno - 1] if defined[-1].lineno <= len(lines) else ""
                    above = [node for node, starters in zip(defined, left, strict=True) if not starters]
                    told = _of_a_second(defined[-1], stub.name)
                    yield file, stub.task, above, Misplaced(f"{file}:{defined[-1].lineno}", line, *told)


def _never_called(chapter: str, root: Path, untouched: Collection[Stub]) -> Iterator[tuple[str, Misplaced]]:
    """Functions of the learner's own that nothing calls, beside the one function that a file's task asks for."""
    for file, (stub, *others) in stubs_of(chapter):
        if others or stub.lacks or stub not in untouched:
            continue
        with suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            code = read_code(root / file)
            module, lines = parsed(code), code.decode("utf-8", "replace").splitlines()
            called = {each.id for each in ast.walk(module) if isinstance(each, ast.Name)}
            for node in [each for each in module.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]:
                at_the_start = any("on_event" in ast.unparse(each) for each in node.decorator_list)
                decorated = node.decorator_list and not at_the_start  # what decorates it may call it
                if node.name in called or decorated or defines(chapter, file, node.name):
                    continue
                saw = f"{node.name}() is here, and {stub.name}() is still the starter's"
                hint = f"{node.name}() runs only if it is called. Where does that belong?"
                hint = "An app that has a lifespan does not run its startup events." if at_the_start else hint
                line = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
                yield stub.task, Misplaced(f"{file}:{node.lineno}", line, saw, hint)


def _definitions(module: ast.Module) -> dict[str, list[ast.stmt]]:
    """The statements of a module that give a name what it stands for, by that name."""
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    found: dict[str, list[ast.stmt]] = {}
    for node in module.body:
        names = [node.name] if isinstance(node, definitions) else bound(ast.Module([node], []))
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(node)
    return found


def _of_a_second(node: ast.stmt, name: str) -> tuple[str, str]:
    """What is seen, and what to ask, where this is the starter's, and the learner's own is above it."""
    if isinstance(node, ast.ClassDef):
        hint = f"Your class {name} stands further up, and this one takes its place. Is it still needed?"
        return f"the class {name} is there twice, and the last one is the starter's", hint
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        hint = f"Your {name}() stands further up, and the starter's still stands here. Is it still needed?"
        return f"{name}() is there twice, and the last one is the starter's", hint
    hint = f"You say further up what {name} is, and this line takes it back. Is it still needed?"
    return f"{name} is set twice, and the last time by the starter's line", hint


def _found_in(module: ast.Module, stubs: list[Stub]) -> Iterator[tuple[Stub, ast.stmt, str, str]]:
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    for stub in stubs:
        asked = [name for name in stub.lacks if name != _SETTINGS]
        owner = next((node for node in classes if node.name == stub.name), None)
        declared = {*bound(owner)} if owner is not None else {*asked}
        if owner is None or declared & {*asked}:
            continue
        for node in module.body:
            above = [each for each in classes if each.lineno < node.lineno]
            names = [each for each in bound(ast.Module([node], [])) if each in asked]
            if names and above[-1:] == [owner]:
                hint = (
                    f"A line that is not indented is outside of {stub.name}. Compare the spaces with the lines above."
                )
                yield stub, node, f"'{names[0]}' is declared outside of the class {stub.name}", hint
        everything = {name for each in stubs if each.name == stub.name for name in each.lacks} - {_SETTINGS}
        what = "columns" if any(isinstance(each, ast.Name) and each.id == "Base" for each in owner.bases) else "fields"
        for node in owner.body if declared.isdisjoint(everything) else ():
            if instead := _instead_of_attributes(node):
                whose = "a model" if what == "columns" else "a schema"
                hint = f"The {what} of {whose} are lines of its class: a name, a colon, a type."
                yield stub, node, f"{stub.name} has {instead}, and no {what}", hint


def _instead_of_attributes(node: ast.stmt) -> str:
    """What a statement of a class is that may be meant to say which attributes it has; empty for any other."""
    if isinstance(node, ast.FunctionDef) and node.name == "__init__":
        return "an __init__()"
    if isinstance(node, ast.ClassDef):
        return f"a class {node.name}"
    return "settings" if _SETTINGS in bound(ast.Module([node], [])) else ""
