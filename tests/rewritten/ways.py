"""Ways to write an app another way that does the same: each changes its syntax trees, by the names of their files."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

Trees = dict[str, ast.Module]
Function = ast.FunctionDef | ast.AsyncFunctionDef

_WITH_FUNCTIONS = "crud.py", "crud_uow.py", "deps.py", "tasks.py"
_OTHER_NAMES = {
    **{"db": "session", "item": "row", "data": "payload", "items": "rows", "owner": "person"},
    **{"event": "entry", "statement": "query", "changes": "given"},
}
_LIBRARIES = "sqlalchemy", "fastapi", "sqlmodel", "pydantic"


def _functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _parameters(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _is_generator(function: Function) -> bool:
    todo: list[ast.AST] = [*function.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, Function | ast.Lambda):
            todo += ast.iter_child_nodes(node)
    return False


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module gives something itself, or imports."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            found.add(node.name)
            continue
        for part in ast.walk(node):
            if isinstance(part, ast.alias):
                found.add((part.asname or part.name).partition(".")[0])
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                found.add(part.id)
    return found


def as_it_is(trees: Trees) -> None:
    """Nothing but Python's own layout: what the others are compared with."""


def other_names(trees: Trees) -> None:
    """Parameters and variables have other names, where nobody passes them by name."""
    by_name = {node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    for tree in trees.values():
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        in_classes = {
            part.id
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for each in node.body
            if isinstance(each, ast.Assign | ast.AnnAssign)
            for part in ast.walk(each)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        fixed = _defined(tree) | by_name | in_classes
        chosen = {old: new for old, new in _OTHER_NAMES.items() if old not in fixed and new not in fixed | names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = chosen.get(node.id, node.id)
            elif isinstance(node, ast.arg):
                node.arg = chosen.get(node.arg, node.arg)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [chosen.get(name, name) for name in node.names]


def helpers(trees: Trees) -> None:
    """Each function hands what it gets on to one beside it, which does the work."""
    for name, tree in trees.items():
        if not (name.endswith(_WITH_FUNCTIONS) or "routes/" in name):
            continue
        body: list[ast.stmt] = []
        for node in tree.body:
            simple = isinstance(node, ast.FunctionDef) and not (node.args.vararg or node.args.kwarg)
            if isinstance(node, ast.FunctionDef) and simple and not (node.decorator_list and _is_generator(node)):
                body.append(_split(node))
            body.append(node)
        tree.body = body


def _split(function: ast.FunctionDef) -> ast.FunctionDef:
    """Leave a function its docstring and one call, and give the one that this calls."""
    names = [each.arg for each in _parameters(function)]
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    does = ast.FunctionDef(
        name=f"_do_{function.name}",
        args=ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, []),
        body=function.body[documented:],
        decorator_list=[],
        returns=function.returns,
    )
    call = ast.Call(ast.Name(does.name, ast.Load()), [ast.Name(name, ast.Load()) for name in names], [])
    last = ast.Expr(ast.YieldFrom(call)) if _is_generator(does) else ast.Return(call)
    function.body = [*function.body[:documented], last]
    return ast.copy_location(does, function)


class _Results(ast.NodeTransformer):
    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
            return node
        given = ast.Assign([ast.Name("outcome", ast.Store())], node.value)
        returned = ast.Return(ast.Name("outcome", ast.Load()))
        return [ast.copy_location(given, node), ast.copy_location(returned, node)]


def variables(trees: Trees) -> None:
    """What a function returns is in a variable first."""
    for name, tree in trees.items():
        if not name.endswith("models.py"):
            _Results().visit(tree)


class _Qualified(ast.NodeTransformer):
    def __init__(self, modules: dict[str, tuple[str, str]]) -> None:
        self._modules = modules

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self._modules or not isinstance(node.ctx, ast.Load):
            return node
        module, name = self._modules[node.id]
        return ast.copy_location(ast.Attribute(ast.Name(module, ast.Load()), name, ast.Load()), node)


def whole_modules(trees: Trees) -> None:
    """Libraries are imported as modules: ``sqlalchemy_orm.Session``, not ``Session``."""
    for tree in trees.values():
        modules: dict[str, tuple[str, str]] = {}
        imports: list[tuple[int, ast.Import]] = []
        for position, node in enumerate(tree.body):
            library = isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _LIBRARIES
            if isinstance(node, ast.ImportFrom) and node.module and library and node.names[0].name != "*":
                short = node.module.replace(".", "_") + "_module"
                modules |= {each.asname or each.name: (short, each.name) for each in node.names}
                imports.append((position, ast.copy_location(ast.Import([ast.alias(node.module, short)]), node)))
        bound = {part.arg for part in ast.walk(tree) if isinstance(part, ast.arg)}
        bound |= {part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        if not bound & modules.keys():
            for position, node in imports:
                tree.body[position] = node
            _Qualified(modules).visit(tree)


def static_methods(trees: Trees) -> None:
    """The functions of ``crud.py`` are methods of a class, and have their names beside it."""
    for name, tree in trees.items():
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
        found = [node for node in found if not _is_generator(node)]
        if not name.endswith("crud.py") or not found:
            continue
        first = tree.body.index(found[0])
        for node in found:
            node.decorator_list = [ast.Name("staticmethod", ast.Load())]
        owner = ast.ClassDef(name="Store", bases=[], keywords=[], body=[*found], decorator_list=[])
        named: list[ast.stmt] = []
        for each in found:
            method = ast.Attribute(ast.Name("Store", ast.Load()), each.name, ast.Load())
            named.append(ast.Assign([ast.Name(each.name, ast.Store())], method))
        rest = [node for node in tree.body[first:] if node not in found]
        tree.body = [*tree.body[:first], owner, *named, *rest]


def bare(trees: Trees) -> None:
    """No docstrings, and no types where nothing depends on them."""
    for name, tree in trees.items():
        for function in _functions(tree):
            if ast.get_docstring(function) is not None and len(function.body) > 1:
                del function.body[0]
            if name.endswith(_WITH_FUNCTIONS) and not name.endswith("deps.py"):
                function.returns = None
                for each in _parameters(function):
                    each.annotation = None


def logging(trees: Trees) -> None:
    """Each function says in a log that it was called."""
    for name, tree in trees.items():
        if name.endswith(("models.py", "schemas.py")):
            continue
        for function in _functions(tree):
            first = int(ast.get_docstring(function) is not None)
            function.body[first:first] = ast.parse("logging.getLogger('app').debug('called')").body
        future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        first = tree.body.index(future[-1]) + 1 if future else int(ast.get_docstring(tree) is not None)
        tree.body[first:first] = ast.parse("import logging").body


WAYS: dict[str, Callable[[Trees], None]] = {
    way.__name__: way for way in (helpers, other_names, variables, whole_modules, static_methods, bare, logging)
}
