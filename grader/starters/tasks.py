"""Verdict process and commands: finds the tasks in the solutions, the numbered comments and the code under each.

A task is introduced by a comment, ``# 5.1 add the item, then ...``; the code
under it is the task's. In the starter that code is taken out:

- at the end of a function: ``raise NotImplementedError("5.1 ...")`` takes its place;
- in the middle of a function: ``...`` does;
- in a class body: the lines go;
- above a name at module level: ``name = ...`` (``name = T`` for ``Annotated[T, ...]``);
- above a class: its bases and body go; above a function: its body, and the keywords of its decorators;
- above a call such as ``app.include_router(...)``: a route takes its place that answers 501 to everything.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from grader.places import SOLUTIONS

_COMMENT = re.compile(r"(?P<indent> *)# (?P<task>(?P<chapter>\d+)\.\d+) (?P<text>.+)")


@dataclass(frozen=True)
class Piece:
    """The code of one task in one place of one file: lines ``first`` to ``last`` give way to ``starter``."""

    task: str
    owner: str
    first: int
    last: int
    starter: tuple[str, ...]


def tasks_of(chapter: str) -> dict[str, str]:
    """What each task of a chapter asks for, in the words of its comment, by the task's number and in that order."""
    found: dict[str, str] = {}
    for file in (SOLUTIONS / chapter).rglob("*.py"):
        lines = file.read_text(encoding="utf-8").split("\n")
        found |= {task: text for task, text, _, _ in _comments(lines, int(chapter[:2]))}
    return dict(sorted(found.items(), key=lambda entry: int(entry[0].partition(".")[2])))


def file_of(task: str, chapter: str) -> str:
    """The file of a chapter in which a task is done, for example ``app/db.py``; the first of them."""
    return next(iter(files_of(chapter).get(task, ())), "app")


@cache
def files_of(chapter: str) -> dict[str, tuple[str, ...]]:
    """The files of a chapter in which each of its tasks is done."""
    found: dict[str, dict[str, None]] = {}
    for (file, _), tasks in _tasks_by_place(chapter).items():
        for task in tasks:
            found.setdefault(task, {})[file] = None
    return {task: tuple(files) for task, files in found.items()}


def names_in(chapter: str, task: str, file: str) -> tuple[str, ...]:
    """What a task asks a file to define.

    Args:
        chapter: the chapter.
        task: its number.
        file: the file, ``app/routes/items.py``.
    """
    places = _tasks_by_place(chapter).items()
    return tuple(owner for (place, owner), tasks in places if place == file and task in tasks and "." not in owner)


@cache
def _tasks_by_place(chapter: str) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for file in sorted((SOLUTIONS / chapter / "app").rglob("*.py")):
        name = file.relative_to(SOLUTIONS / chapter).as_posix()
        source = file.read_text(encoding="utf-8")
        for each in pieces_of(source, int(chapter[:2])):
            attributes = bound_in(each, source) if not each.starter else ()
            for owner in (each.owner, *(f"{each.owner}.{attribute}" for attribute in attributes)):
                found[name, owner] = (*found.get((name, owner), ()), each.task)
    return found


def bound_in(piece: Piece, source: str) -> tuple[str, ...]:
    """The attributes that lines of a class define: a piece of a solution's file."""
    taken_out = textwrap.dedent("\n".join(source.split("\n")[piece.first - 1 : piece.last]))
    return tuple(bound(ast.parse(taken_out)))


def bound(module: ast.Module | ast.ClassDef) -> Iterator[str]:
    """The names of variables that the statements of a module or class assign to."""
    for node in module.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_given(chapter: str, file: str, owner: str) -> bool:
    """Whether a module's statement in a file is none of a chapter's tasks, and came with it.

    Args:
        chapter: the chapter.
        file: the file, ``app/main.py``.
        owner: what the statement defines.
    """
    places, defined = _tasks_by_place(chapter), _defined_in(chapter).get(file, frozenset())
    name, _, attribute = owner.partition(".")
    if attribute and any(place == file and each.startswith(f"{name}.") for place, each in places):
        return owner in defined and (file, owner) not in places  # a task asks for other attributes of this class
    # What somebody adds to a class that was given is their own.
    return name in defined and (file, name) not in places and (not attribute or owner in defined)


def has_file(chapter: str, file: str) -> bool:
    """Whether a file, ``app/crud.py``, belongs to a chapter, whoever writes in it."""
    return file in _defined_in(chapter)


def defines(chapter: str, file: str, name: str) -> bool:
    """Whether a file of the chapter's solution defines something of this name."""
    return name in _defined_in(chapter).get(file, frozenset())


@cache
def _defined_in(chapter: str) -> dict[str, frozenset[str]]:
    """What the modules of a solution define, and what their classes do: ``Item``, ``Item.id``."""
    found = {}
    for file in (SOLUTIONS / chapter / "app").rglob("*.py"):
        module = ast.parse(file.read_text(encoding="utf-8"))
        names = {
            node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
        attributes = {f"{each.name}.{name}" for each in classes for name in bound(each)}
        attributes |= {
            f"{each.name}.{node.name}" for each in classes for node in each.body if isinstance(node, ast.FunctionDef)
        }
        found[file.relative_to(SOLUTIONS / chapter).as_posix()] = frozenset({*names, *attributes, *bound(module)})
    return found


def tasks_of_route(chapter: str, file: str, request: object) -> tuple[str, ...]:
    """The tasks in which the endpoint is written that a request is for, ``get /items/3``; none where none does.

    Args:
        chapter: the chapter.
        file: the file in which the endpoint was found; of a file that no task names, that of any other counts.
        request: method and path.
    """
    named = any(file == each for each, _ in _tasks_by_place(chapter))
    for (place, owner), pattern in _routes(chapter).items():
        if re.fullmatch(pattern, str(request)) and (place == file or not named):
            return _tasks_by_place(chapter).get((place, owner), ())
    return ()


@cache
def _routes(chapter: str) -> dict[tuple[str, str], str]:
    """What requests an endpoint of the solution is for, as a regular expression, by its file and name."""
    found = {}
    for file in sorted((SOLUTIONS / chapter / "app").rglob("*.py")):
        name, module = file.relative_to(SOLUTIONS / chapter).as_posix(), ast.parse(file.read_text(encoding="utf-8"))
        for node in [each for each in module.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]:
            for each in [each for each in node.decorator_list if isinstance(each, ast.Call) and each.args]:
                if isinstance(each.func, ast.Attribute) and isinstance(each.args[0], ast.Constant):
                    words = re.escape(f"{each.func.attr} {each.args[0].value!s}").replace("\\ ", " ")
                    found[name, node.name] = re.sub(r"\\\{.*?\\\}", "[^/]+", words)
    return found


def tasks_at(chapter: str, file: str, owner: str, under: str, *, of_others: bool) -> tuple[str, ...]:
    """The tasks whose code stands at a place of a submission; none where nobody can tell.

    Args:
        chapter: the chapter.
        file: the file, ``app/crud.py``.
        owner: what the module's statement there defines: ``create_item``; with an attribute of a class, ``Item.name``.
        under: the task of the nearest numbered comment above it.
        of_others: where that is nothing that a task asks for, count it to the task of that comment.
    """
    places = _tasks_by_place(chapter)
    known = places.get((file, owner)) or places.get((file, owner.partition(".")[0]), ())
    if under in known:
        return (under,)
    fits = of_others and file in files_of(chapter).get(under, ())
    return known or ((under,) if fits else ())


def is_under_another_name(chapter: str, file: str, task: str, defined: list[str]) -> bool:
    """Whether a task asks a file of a submission to define something, and all that is defined there has other names.

    Args:
        chapter: the chapter.
        file: the file, ``app/crud.py``.
        task: the task.
        defined: the names that the file defines.
    """
    asked = {
        owner.partition(".")[0]
        for (place, owner), tasks in _tasks_by_place(chapter).items()
        if task in tasks and place == file
    }
    return bool(asked) and asked.isdisjoint(defined)


def pieces_of(source: str, chapter: int) -> list[Piece]:
    """The tasks of one chapter in a solution's file, from top to bottom."""
    lines = source.split("\n")
    comments = [*_comments(lines, chapter)]
    if not comments:  # as in most files
        return []
    module = ast.parse(source)
    return [piece for comment in comments for piece in _taken_out(module, lines, *comment)]


def _comments(lines: list[str], chapter: int) -> Iterator[tuple[str, str, int, int]]:
    """Task, text, line of the code below it, and indentation of every numbered comment of a chapter."""
    for number, line in enumerate(lines, start=1):
        comment = _COMMENT.fullmatch(line)
        if comment and int(comment["chapter"]) == chapter:
            text, after = comment["text"], number
            while lines[after].strip().startswith("# ") and not _COMMENT.fullmatch(lines[after]):
                text += " " + lines[after].strip()[2:]
                after += 1
            yield comment["task"], text, after + 1, len(comment["indent"])


def _taken_out(module: ast.Module, lines: list[str], task: str, text: str, first: int, indent: int) -> list[Piece]:
    """The pieces under a comment; its code begins at line `first`."""
    owner, body = _body_at(module, first)
    paragraph = _paragraph(body, first)
    last = _end(paragraph[-1])
    pad = " " * indent
    to_do = f'raise NotImplementedError("{task} {text}")'
    if isinstance(owner, ast.ClassDef):
        return [Piece(task, owner.name, first, last, ())]
    if owner is not None:
        ends = paragraph[-1] is body[-1]
        return [Piece(task, _top(module, first), first, last, (pad + (to_do if ends else "..."),))]
    node = paragraph[0]
    if isinstance(node, ast.ClassDef):
        doc_end = _end(node.body[0])
        return [Piece(task, node.name, first, last, (f"class {node.name}:", *lines[node.lineno : doc_end]))]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        decorators = [_bare(lines, each) for each in node.decorator_list]
        signature = lines[node.lineno - 1 : node.body[0].lineno - 1]
        documented = lines[node.body[0].lineno - 1 : _end(node.body[0])]
        return [Piece(task, node.name, first, last, (*decorators, *signature, *documented, f"    {to_do}"))]
    if isinstance(node, ast.Assign):
        pieces = []
        for each in paragraph:
            assert isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name), lines[first - 1]
            name = each.targets[0].id
            pieces.append(Piece(task, name, each.lineno, _end(each), (f"{name} = {_placeholder(each.value)}",)))
        return pieces
    name = f"to_do_{task.replace('.', '_')}"
    route = (
        '@app.api_route("/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"], include_in_schema=False)',
        f"def {name}() -> None:",
        f'    """Stands here until task {task} is done."""',
        f"    {to_do}",
    )
    return [Piece(task, name, first, last, ("", "", *route))]


def _placeholder(value: ast.expr) -> str:
    if isinstance(value, ast.Subscript) and ast.unparse(value.value) == "Annotated":
        assert isinstance(value.slice, ast.Tuple)
        return ast.unparse(value.slice.elts[0])
    return "..."


def _bare(lines: list[str], decorator: ast.expr) -> str:
    """A decorator without its keyword arguments, as one line."""
    if isinstance(decorator, ast.Call):
        arguments = ", ".join(_source_of(lines, each) for each in decorator.args)
        return f"@{ast.unparse(decorator.func)}({arguments})"
    return f"@{ast.unparse(decorator)}"


def _source_of(lines: list[str], node: ast.expr) -> str:
    """The source of an expression; of one in one line quicker than by ``ast``, which reads all lines, sign by sign."""
    if node.lineno != node.end_lineno:
        return ast.get_source_segment("\n".join(lines), node) or ""
    return lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()


def _body_at(module: ast.Module, line: int) -> tuple[ast.AST | None, list[ast.stmt]]:
    """The innermost function or class (None for the module) in whose body this line is, and that body."""
    owner: ast.AST | None = None
    body = module.body
    while True:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (
                node.body[0].lineno <= line <= _end(node)
            ):
                owner, body = node, node.body
                break
        else:
            return owner, body


def _top(module: ast.Module, line: int) -> str:
    return next(
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.lineno <= line <= _end(node)
    )


def _paragraph(body: list[ast.stmt], first: int) -> list[ast.stmt]:
    """The statements from this line on, up to the first blank or comment line between two of them."""
    found: list[ast.stmt] = []
    for node in body:
        begin = _begin(node)
        if begin == first or (found and begin == _end(found[-1]) + 1):
            found.append(node)
    assert found, f"no code under the task's comment before line {first}"
    return found


def _begin(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _end(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno
