"""In the child: what is set on something that has been made already, and is read only while it is made."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from grader.diagnosis.source import File, Function, Source, arguments_of, calls, decorators, inside, name_of, text_of


@dataclass(frozen=True)
class Late:
    """An attribute that is set from outside: ``ItemRead.model_config = ...``, ``setattr(column, "index", True)``.

    Attributes:
        file: where it is set.
        node: the statement, or the call.
        words: the names and texts by which it says whose attribute it is; for a variable of a loop, or a parameter,
            those that it stands for.
        value: what it is set to, as Python writes it; what a name stands for is written behind it.
    """

    file: File
    node: ast.stmt | ast.Call
    words: frozenset[str]
    value: str


def set_from_outside(source: Source, attribute: str) -> list[Late]:
    """Every place where an attribute of this name, or a part of it, is set on something."""
    found = []
    for file in source.files():
        for node in file.nodes if file.mentions(attribute) else ():
            for owner, value in _set_by(node, attribute):
                words, said = frozenset(_words(source, file, owner)), text_of(value)
                bound = source.bound(value.id, file) if isinstance(value, ast.Name) else None
                said += f" {text_of(getattr(bound[1], 'value', None))}" if bound else ""
                found.append(Late(file, node, words, said))  # type: ignore[arg-type]
    return found


def _set_by(node: ast.AST, attribute: str) -> list[tuple[ast.expr, ast.expr]]:
    """On what a statement, or a call, sets an attribute, and to what."""
    if isinstance(node, ast.Assign):
        return [(owner, _with_its_key(each, node.value)) for each in node.targets for owner in _owner(each, attribute)]
    if isinstance(node, ast.AugAssign | ast.AnnAssign) and node.value is not None:
        return [(owner, node.value) for owner in _owner(node.target, attribute)]
    if not isinstance(node, ast.Call) or not node.args + [each.value for each in node.keywords]:
        return []
    if name_of(node) == "setattr" and len(node.args) == 3 and text_of(node.args[1]) == repr(attribute):
        return [(node.args[0], node.args[2])]
    into = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "update" else None
    return [(owner, node) for owner in _owner(into, attribute)]


def _owner(target: ast.expr | None, attribute: str) -> list[ast.expr]:
    """Whose attribute a target is: ``column`` of ``column.index``, and of ``column.index["a"]``; empty for none."""
    inner = target.value if isinstance(target, ast.Subscript) else target
    return [inner.value] if isinstance(inner, ast.Attribute) and inner.attr == attribute else []


def _with_its_key(target: ast.expr, value: ast.expr) -> ast.expr:
    """What a part is set to, with its key: ``{"a": 1}`` for ``config["a"] = 1``."""
    return ast.Dict([target.slice], [value]) if isinstance(target, ast.Subscript) else value


def _words(source: Source, file: File, node: ast.AST) -> set[str]:
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found |= _stands_for(source, file, each)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.Constant):
            found.add(str(each.value))
    return found


def _stands_for(source: Source, file: File, name: ast.Name) -> set[str]:
    """What a name may be: one of the things that a loop goes through, or that a function is called for."""
    for loop in file.nodes:
        rounds = [loop] if isinstance(loop, ast.For) else getattr(loop, "generators", [])
        for each in rounds:
            if name.id in _plain_names(each.target) and name in ast.walk(loop) and name not in ast.walk(each.iter):
                bound = source.bound(each.iter.id, file) if isinstance(each.iter, ast.Name) else None
                value = getattr(bound[1], "value", None) if bound else None
                return _plain_words(value if value is not None else each.iter)
    for function in file.functions:
        if name in inside(function) and name.id in arguments_of(function):
            return _called_for(source, function)
    return {name.id}


def _plain_names(target: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}


def _plain_words(node: ast.AST) -> set[str]:
    words = [getattr(each, "id", getattr(each, "attr", getattr(each, "value", None))) for each in ast.walk(node)]
    return {each for each in words if isinstance(each, str)}


def _called_for(source: Source, function: Function) -> set[str]:
    """The names that a function of the learner's is called with, and those of the classes that it decorates."""
    found: set[str] = set()
    for file in source.files():
        for call in file.calls(function.name):
            found |= {word for each in (*call.args, *call.keywords) for word in _plain_words(each)}
        for owner in file.classes:
            found |= {owner.name for name, _ in decorators(owner) if name == function.name}
        for loop in [each for each in file.nodes if isinstance(each, ast.For) and calls(each, function.name)]:
            bound = source.bound(loop.iter.id, file) if isinstance(loop.iter, ast.Name) else None
            found |= _plain_words(getattr(bound[1], "value", loop.iter) if bound else loop.iter)
    return found
