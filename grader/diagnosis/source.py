"""In the child: the learner's source as syntax trees, for explanations alone."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import copy, deepcopy
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeGuard, TypeVar, cast

Function = ast.FunctionDef | ast.AsyncFunctionDef
_P = ParamSpec("_P")
_R = TypeVar("_R")
_LARGEST_FILE = 200_000
_MOST_FILES = 100
_MOST_STATEMENTS = 200
_MOST_CALLS = 5
_TASK = re.compile(r"\s*# (\d{1,2}\.\d{1,2}) ")
_BINDS_NOTHING = "from ", "import ", "def ", "class ", "async "
_CLASS = re.compile(r"^\s*class (\w+)", re.MULTILINE)
_WORD = re.compile(r"\w+")
_BEGINS_A_STATEMENT = re.compile(r"[\w@]")

# How a parameter says what it depends on; that is a class where it names none.
DEPENDED_ON = re.compile(r"(?:Depends|Security)\(\s*(?:\w+\.)*(\w+)")
_BY_ITS_TYPE = re.compile(r"Annotated\[(?:\w+\.)*(\w+), Depends\(\)")


def depended_on(words: str) -> list[str]:
    """The names of what is depended on in these words."""
    return [*DEPENDED_ON.findall(words), *_BY_ITS_TYPE.findall(words)]


class File:
    """One file of the learner's.

    Attributes:
        name: ``app/crud.py``.
        lines: its text, line by line.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.split("\n")
        self._text = text

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree; an empty one where Python cannot read it."""
        if len(self._text) <= _LARGEST_FILE:
            with (
                suppress(SyntaxError, ValueError, RecursionError, MemoryError),
                warnings.catch_warnings(action="ignore"),
            ):
                return ast.parse(self._text)
        return ast.Module(body=[], type_ignores=[])

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return [*inside(self.tree)]

    def calls(self, *names: str) -> list[ast.Call]:
        """The calls in the file of something with one of these last names (`calls`)."""
        return calls(self.tree, *names) if any(name in self._text for name in names) else []

    @property
    def class_names(self) -> list[str]:
        """The names of the classes that the text begins; not parsed for it."""
        return _CLASS.findall(self._text)

    def has_function(self, name: str) -> bool:
        """Whether the text may hold a function of this name; a file is parsed only where it has something to tell."""
        return self._has(f"def {name}")

    def has_class(self, name: str) -> bool:
        """Whether the text may hold a class of this name."""
        return self._has(f"class {name}")

    def _has(self, words: str) -> bool:
        """Whether the text holds these words, and not only what begins with them."""
        end = 0
        while (found := self._text.find(words, end)) >= 0:
            end = found + len(words)
            if not (self._text[end : end + 1].isalnum() or self._text[end : end + 1] == "_"):
                return True
        return False

    def binds(self, name: str) -> bool:
        """Whether a statement at the top of the module may give this name a value."""
        return name in self._words_at_the_top

    def bound(self, name: str) -> ast.stmt | None:
        """The last statement at the top of the module that gives this name a value; parsed only where one may."""
        return self.bindings.get(name) if self.binds(name) else None

    @cached_property
    def _words_at_the_top(self) -> frozenset[str]:
        """What stands in the lines that are not indented, apart from those that import or begin a function or class."""
        lines = [line for line in self.lines if line[:1].isidentifier() and not line.startswith(_BINDS_NOTHING)]
        return frozenset(_WORD.findall(" ".join(lines)))

    @cached_property
    def depended_on(self) -> frozenset[str]:
        """The names of what is depended on in the text: ``get_db`` of ``Depends(get_db)``; not parsed for it."""
        return frozenset(depended_on(self._text))

    def mentions(self, name: str) -> bool:
        """Whether a name stands anywhere in the text."""
        return name in self._text

    @cached_property
    def bindings(self) -> dict[str, ast.stmt]:
        """The names that are given values at the top of the module, each with the last statement that does so."""
        found: dict[str, ast.stmt] = {}
        for statement in self.tree.body:
            targets = getattr(statement, "targets", [getattr(statement, "target", None)])
            found |= {target.id: statement for target in targets if isinstance(target, ast.Name)}
        return found

    @cached_property
    def functions(self) -> list[Function]:
        """Every function and method, also those within others, in the order of their lines."""
        found = [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return sorted(found, key=lambda node: node.lineno)

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        """Every class."""
        return [node for node in self.nodes if isinstance(node, ast.ClassDef)]

    def at(self, node: ast.AST | int) -> str:
        """The place of a node, ``app/crud.py:12``; of a call in a chain the line with its name."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return f"{self.name}:{node.func.end_lineno}"
        return f"{self.name}:{node if isinstance(node, int) else getattr(node, 'lineno', 1)}"

    def function_at(self, line: int) -> str:
        """The name of the innermost function around a line; empty at module level."""
        around = [node for node in self.functions if first_line(node) <= line <= (node.end_lineno or node.lineno)]
        return around[-1].name if around else ""

    def task_above(self, line: int) -> str:
        """The number in the nearest comment above a line that introduces a task: ``# 5.1 add the item``."""
        left_a_body = False
        for each in reversed(self.lines[:line]):
            found = _TASK.match(each)
            if found and not (left_a_body and each.startswith(" ")):
                return found[1]
            left_a_body = left_a_body or bool(_BEGINS_A_STATEMENT.match(each))
        return ""

    def beside(self, line: int) -> list[str]:
        """All names that the module defines, where its statement around a line is the first below a task's comment."""
        found = [each for each in self.tree.body if first_line(each) <= line <= (each.end_lineno or 0)]
        above = [each for each in self.tree.body if (each.end_lineno or 0) < first_line(found[0])] if found else []
        between = self.lines[(above[-1].end_lineno or 0) if above else 0 : first_line(found[0]) - 1] if found else []
        return [each for each in self._definitions if each] if any(map(_TASK.match, between)) else []

    def around(self, owner: str) -> list[list[str]]:
        """What the module's statements define that use a name, then what uses those, and last what the name uses.

        Of a method, ``Items.remove``, it is what uses the method, where that can be told by its name.
        """
        name, _, method = owner.partition(".")
        uses = {each: _names_in(nodes) for each, nodes in self._definitions.items()}
        found: list[list[str]] = []
        known = {name}
        while True:
            level = [each for each in uses if each not in known and uses[each] & (set(found[-1]) if found else {name})]
            if not level:
                break
            found.append(level)
            known |= {*level}
        found = [self._that_call(level, method) for level in found]
        return [*found, [each for each in uses if each in uses.get(name, ()) and each != name]]

    def _that_call(self, names: list[str], method: str) -> list[str]:
        """Those of some definitions that use a method, or another one that leads to it; all of them if none does."""
        if not method or method.startswith("__"):
            return names
        meant = {method}
        while more := {node.name for node in self.functions if _attributes_in([node]) & meant} - meant:
            meant |= more
        return [each for each in names if _attributes_in(self._definitions[each]) & meant] or names

    @cached_property
    def _definitions(self) -> dict[str, list[ast.stmt]]:
        """The module's first statements, by the name that they define."""
        found: dict[str, list[ast.stmt]] = {}
        for node in self.tree.body[:_MOST_STATEMENTS]:
            found.setdefault(definition_at(self.tree, node.lineno).partition(".")[0], []).append(node)
        return {name: nodes for name, nodes in found.items() if name}


def _asked_once(method: Callable[Concatenate[Source, _P], _R]) -> Callable[Concatenate[Source, _P], _R]:
    """Let a source work an answer out once: dozens of readings ask for the same."""

    @wraps(method)
    def asked(source: Source, /, *given: _P.args, **named: _P.kwargs) -> _R:
        key = (method.__name__, given, *named.items())
        if key not in source.answers:
            source.answers[key] = method(source, *given, **named)
        return cast("_R", source.answers[key])

    return asked


class Source:
    """The files of the learner's package ``app``; each is read when it is first asked for.

    Args:
        root: the folder that holds ``app``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, File] = {}
        self._wholes: dict[int, Function] = {}
        self.answers: dict[object, object] = {}

    def file(self, name: str) -> File:
        """A file, ``app/crud.py``; an empty one where there is none."""
        if name not in self._files:
            try:
                text = (self._root / name).read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError):
                text = ""
            self._files[name] = File(name, text)
        return self._files[name]

    @cached_property
    def _names(self) -> list[str]:
        walk = os.walk(self._root / "app")  # Path.rglob compiles a pattern, which takes longer than the walk
        found = [Path(folder, name) for folder, _, names in walk for name in names if name.endswith(".py")]
        return sorted(path.relative_to(self._root).as_posix() for path in found)[:_MOST_FILES]

    def files(self) -> list[File]:
        """All files, in the order of their names; of a very large package only the first."""
        return [*self._all]

    @cached_property
    def _all(self) -> list[File]:
        return [self.file(name) for name in self._names]

    def line(self, where: str) -> str:
        """The source line of a place ``app/crud.py:12``; empty where there is none."""
        name, _, number = where.rpartition(":")
        if not name or not _is_number(number):
            return ""
        lines = self.file(name).lines
        return lines[int(number) - 1] if 0 < int(number) <= len(lines) else ""

    def function_of(self, where: str) -> str:
        """The name of the function around a place; empty where there is none."""
        name, _, number = where.rpartition(":")
        return self.file(name).function_at(int(number)) if name and _is_number(number) else ""

    def owner_of(self, where: str) -> tuple[str, str, list[list[str]]]:
        """What the statement around a place defines (`definition_at`), the task that a comment above it names, and
        what in the same file has to do with that definition (`File.around`).
        """
        name, _, number = where.rpartition(":")
        if not name or not _is_number(number):
            return "", "", []
        file = self.file(name)
        owner = self._column_at(file, int(number)) or definition_at(file.tree, int(number))
        return owner, file.task_above(int(number)), file.around(owner) if owner else []

    def beside(self, where: str) -> list[str]:
        """What else is defined beside a statement that stands in a task's place (`File.beside`)."""
        name, _, number = where.rpartition(":")
        return self.file(name).beside(int(number)) if name and _is_number(number) else []

    def users_of(self, where: str) -> list[list[str]]:
        """What in other files uses what the statement around a place defines: file, and definition (`owner_of`)."""
        owner, name = self.owner_of(where)[0].partition(".")[0], where.rpartition(":")[0]
        found: list[list[str]] = []
        for file in [each for each in self.files() if owner and each.name != name and each.mentions(owner)]:
            uses = [
                each for each in file.nodes if isinstance(each, ast.Name | ast.Attribute) and name_of(each) == owner
            ]
            found += [[file.name, definition_at(file.tree, each.lineno)] for each in uses]
        return found

    def _column_at(self, file: File, line: int) -> str:
        """Of a line with a column of a Table that a class is given: ``Item.name``; empty for any other."""
        for call in file.calls("Column"):
            name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
            if isinstance(name, str) and call.lineno <= line <= (call.end_lineno or 0):
                owners = [owner for owner in file.classes if call in self._table_of(file, owner)]
                return f"{owners[0].name}.{name}" if owners else ""
        return ""

    def _table_of(self, file: File, owner: ast.ClassDef) -> list[ast.AST]:
        """Every node of the table that a class is given: ``__table__ = Table(...)``, or the name of one."""
        for each in owner.body:
            if isinstance(each, ast.Assign) and name_of(each.targets[0]) == "__table__":
                bound = self.bound(name_of(each.value), file) if isinstance(each.value, ast.Name) else None
                return [*ast.walk(bound[1] if bound else each)]
        return []

    def begin_of(self, where: str) -> str:
        """Where the function around a place begins; the place itself where there is none."""
        name, _, number = where.rpartition(":")
        file = self.file(name)
        found = self.function(file.function_at(int(number)), name) if name and _is_number(number) else None
        return file.at(found[1]) if found else where

    @_asked_once
    def function(self, name: str, file: str = "") -> tuple[File, Function] | None:
        """A function or method by its name, in one file or in the first that has it."""
        for each in [self.file(file)] if file else self.files():
            for node in each.functions if each.has_function(name) else ():
                if node.name == name:
                    return each, node
        return None

    @_asked_once
    def doing(self, name: str, file: str, given: frozenset[str] = frozenset()) -> tuple[File, Function] | None:
        """The function that does what one of this name is for: this one, or one to which it only hands on what it gets.

        Args:
            name: the name.
            file: where it is looked for first.
            given: names of files that are as the chapter gave them; nothing is followed into them.
        """
        found = self.named(name, file)
        return self.handed_on(found, given) if found is not None else None

    def named(self, name: str, file: str) -> tuple[File, Function] | None:
        """A function by its name, also one that has another where it is written: ``get_item = items.get``."""
        found = self.function(name, file) or self.function(name)
        bound = self.bound(name, self.file(file)) if found is None else None
        other = name_of(getattr(bound[1], "value", None)) if bound else ""
        return self.function(other) if other else found

    def handed_on(self, found: tuple[File, Function], given: frozenset[str] = frozenset()) -> tuple[File, Function]:
        """The learner's function that does the work of one which only hands on what it gets; else this one itself.

        Args:
            found: the function, with its file.
            given: names of files that are as the chapter gave them; nothing in them is followed.
        """
        for _ in range(_MOST_CALLS):
            call = _only_call(found[1]) if not found[1].decorator_list else None
            name = name_of(call) if call is not None and not of_a_session(call) else ""
            beside = self.function(name, found[0].name) if name and not _of_a_module(found[0], call) else None
            other = (beside or self.function(name)) if name else None
            if other is None or other[1] is found[1] or other[0].name in given:
                break
            if any("contextmanager" in each for each, _ in decorators(other[1])):  # what it gives has to be entered
                break
            found = other
        return found

    def whole(self, file: File, node: Function, given: frozenset[str] = frozenset()) -> Function:
        """A decorated function with the statements of the one beside it to which it only hands on what it gets."""
        if id(node) not in self._wholes:
            self._wholes[id(node)] = node
            call = _only_call(node)
            beside = call is not None and not of_a_session(call) and not _of_a_module(file, call)
            does = self.function(name_of(call), file.name) if beside else None
            does = self.handed_on(does, given) if does is not None else None
            names = [name_of(each) for each in (*call.args, *(each.value for each in call.keywords))] if call else []
            if does is not None and does[0] is file and set(arguments_of(does[1])) == {*names}:
                self._wholes[id(node)] = copy(node)
                self._wholes[id(node)].body = does[1].body
        return self._wholes[id(node)]

    def reached(self, file: File, node: Function, given: frozenset[str] = frozenset()) -> list[tuple[File, Function]]:
        """A function, and the learner's functions that it leads to: those that it calls, and those that decorate it.

        Of a class that is called, and made for ``with``, these are the methods that begin and end the block.

        Args:
            file: the file of the function.
            node: the function.
            given: names of files that are as the chapter gave them; nothing in them is followed.
        """
        chain: list[tuple[File, Function]] = [(file, node)]
        for within, each in chain:  # which grows meanwhile
            called = [(name, within.name) for name, _ in decorators(each)]
            made = [call for call in inside(each) if isinstance(call, ast.Call)]
            made += filter(None, map(handed, made))
            called += [(name_of(call), self._module_of(call) or within.name) for call in made if not of_a_session(call)]
            for name, first in dict.fromkeys(called):
                found = (self.function(name, first) or self.function(name)) if name else None
                more = [found] if found is not None else self._of_a_block(name)
                chain += [place for place in more if place not in chain and place[0].name not in given]
        return chain

    def _module_of(self, call: ast.Call) -> str:
        """The file of the module whose function is called, ``app/crud.py`` of ``crud.create_item(…)``; or empty."""
        of = call.func.value if isinstance(call.func, ast.Attribute) else None
        name = f"app/{of.id}.py" if isinstance(of, ast.Name) else ""
        return name if name in self._names else ""

    def _of_a_block(self, name: str) -> list[tuple[File, Function]]:
        """The methods that run where a class of the learner's is the block of a ``with``."""
        file, node = (self.class_(name) if name else None) or (None, None)
        methods = [each for each in node.body if isinstance(each, Function)] if node else []
        block = [each for each in methods if each.name in ("__init__", "__enter__", "__exit__")]
        return [(file, each) for each in block] if file and any(each.name == "__exit__" for each in block) else []

    def bound(self, name: str, file: File) -> tuple[File, ast.stmt] | None:
        """The statement that gives a name its value at the top of a module; where it is imported, in the other one."""
        for each in (file, *(other for other in self.files() if other is not file)):
            if (statement := each.bound(name)) is not None:
                return each, statement
        return None

    def handed_over(
        self, file: File, function: Function, name: str, most: int = _MOST_CALLS
    ) -> tuple[File, ast.expr] | None:
        """What a parameter gets: what the one call passes that passes it, or its default; None where that is unclear.

        Args:
            file: the file of the function.
            function: the function.
            name: the name of the parameter.
            most: how many functions it may have been handed through.
        """
        arguments = [*function.args.posonlyargs, *function.args.args]
        names = [each.arg for each in arguments]
        passed: list[tuple[File, ast.expr]] = []
        for each in self.files():
            for call in each.calls(function.name):
                value = keyword(call, name)
                if value is None and name in names[: len(call.args)]:
                    value = call.args[names.index(name)]
                passed += [(each, value)] if value is not None else []
        defaults = defaults_of(function)
        if name in defaults and not passed:
            return file, defaults[name]
        if len(passed) != 1:
            return None
        other, value = passed[0]
        around = self.function(other.function_at(value.lineno), other.name) if isinstance(value, ast.Name) else None
        if around is None or around[1] is function or most == 1:
            return passed[0]
        # What is handed on in turn comes from elsewhere.
        return self.handed_over(*around, name_of(value), most - 1) or passed[0]

    def decides(self, file: File, value: ast.expr, given: frozenset[str] = frozenset()) -> tuple[File, ast.expr]:
        """What a value comes from: of a call of a learner's own function what that returns, if it has one return."""
        for _ in range(_MOST_CALLS):
            name = name_of(value) if isinstance(value, ast.Call) else ""
            found = (self.function(name, file.name) or self.function(name)) if name else None
            returned = [each.value for each in inside(found[1]) if isinstance(each, ast.Return)] if found else []
            if found is None or found[0].name in given or len(returned) != 1 or returned[0] is None:
                break
            file, value = found[0], returned[0]
        return file, value

    def unawaited(self, given: frozenset[str] = frozenset()) -> list[tuple[File, ast.Call, Function]]:
        """The calls of the learner's async functions that are statements of their own: nobody awaits what they give."""
        return [
            (file, node.value, found[1])
            for file in self.files()
            for node in file.nodes
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and file.name not in given
            for found in [self.function(name_of(node.value), file.name) or self.function(name_of(node.value))]
            if found is not None and isinstance(found[1], ast.AsyncFunctionDef) and not of_a_session(node.value)
        ]

    @_asked_once
    def class_(self, name: str, file: str = "") -> tuple[File, ast.ClassDef] | None:
        """A class by its name, in one file or in the first that has it."""
        for each in [self.file(file)] if file else self.files():
            for node in each.classes if each.has_class(name) else ():
                if node.name == name:
                    return each, node
        return None

    def ancestry(self, found: tuple[File, ast.ClassDef] | None) -> list[tuple[File, ast.ClassDef]]:
        """A class, and the learner's classes that it inherits from."""
        chain = [found] if found is not None else []
        for file, node in chain:  # which grows meanwhile
            names = [name_of(base) for base in node.bases if name_of(base) != node.name]
            parents = [self.class_(name, file.name) or self.class_(name) for name in names]
            chain += [parent for parent in parents if parent is not None and parent not in chain]
        return chain

    def declared_in(self, found: tuple[File, ast.ClassDef] | None) -> list[str]:
        """The names of the fields that a class declares, or inherits from the learner's."""
        bodies = [each for _, node in self.ancestry(found) for each in node.body]
        return [name_of(each.target) for each in bodies if isinstance(each, ast.AnnAssign)]


def arguments_of(function: Function) -> list[str]:
    """The names of a function's parameters."""
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def defaults_of(function: Function) -> dict[str, ast.expr]:
    """The defaults of a function's parameters, by their names."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    pairs = [*zip(arguments[::-1], function.args.defaults[::-1], strict=False)]
    pairs += [
        (each, value) for each, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if value
    ]
    return {each.arg: value for each, value in pairs}


def without_docstring(function: Function) -> list[ast.stmt]:
    """The statements of a function but for its docstring."""
    return function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body


def _only_call(function: Function) -> ast.Call | None:
    """The call of a function that does nothing but to call another with what it got itself, and to give that back."""
    body = without_docstring(function)
    value = getattr(body[0], "value", None) if len(body) == 1 else None
    call = value.value if isinstance(value, ast.Await | ast.YieldFrom) else value
    if not isinstance(call, ast.Call):
        return None
    names = arguments_of(function)
    own = [names.index(name) for each in call.args if (name := name_of(each)) in names]
    as_they_are = own == sorted(own) and all(each.arg in (None, name_of(each.value)) for each in call.keywords)
    passed = [*call.args, *(each.value for each in call.keywords)]
    simple = all(isinstance(each, ast.Name | ast.Starred) for each in passed) and bool(passed or not names)
    return call if simple and as_they_are else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def definition_at(tree: ast.AST, line: int) -> str:
    """What a module's statement around a line defines: a function, a variable, a class or its attribute, ``A.b``.

    Empty where it is none.
    """
    names: list[str] = []
    around: ast.AST | None = tree
    while around is not None:
        inside = (node for node in ast.iter_child_nodes(around) if isinstance(node, ast.stmt | ast.ExceptHandler))
        around = next((node for node in inside if first_line(node) <= line <= (node.end_lineno or 0)), None)
        if isinstance(around, Function | ast.ClassDef):
            names.append(around.name)
        single = isinstance(around, ast.AnnAssign | ast.AugAssign)
        targets = [around.target] if single else getattr(around, "targets", [])  # type: ignore[union-attr]
        names += [name_of(target) or _filled(target) for target in targets[:1]]
        names += filter(None, [_filled(around.value)]) if isinstance(around, ast.Expr) else []
        names += [] if names else _handed_function(tree, around)
        if not isinstance(around, ast.ClassDef) and names:
            break
    return ".".join(filter(None, names[:2]))


def _filled(node: ast.AST) -> str:
    """The variable into which something is put: ``options`` of ``options["echo"]`` and ``options.update(...)``."""
    inner: ast.AST | None = node if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = node.func if node.func.attr in ("update", "setdefault", "append", "extend", "insert") else None
    while isinstance(inner, ast.Subscript | ast.Attribute | ast.Call):
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    return name_of(inner)


def _handed_function(tree: ast.AST, statement: ast.AST | None) -> list[str]:
    """The one function of a module that a statement hands on, ``router.add_api_route("/", show)``, or the name of the
    variable that a loop goes through.
    """
    if isinstance(statement, ast.For):
        return [name_of(statement.iter)] if isinstance(statement.iter, ast.Name) else []
    call = statement.value if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    given = {name_of(each) for each in call.args} if call is not None else set()
    own = [each.name for each in getattr(tree, "body", ()) if isinstance(each, Function) and each.name in given]
    return own if len(own) == 1 else []


def _names_in(nodes: Sequence[ast.AST]) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def _attributes_in(nodes: Sequence[ast.AST]) -> set[str]:
    return {part.attr for node in nodes for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def first_line(node: ast.stmt | ast.ExceptHandler) -> int:
    """The number of the line in which a statement begins, with its decorators."""
    lines: list[int] = [each.lineno for each in getattr(node, "decorator_list", ())]
    return min([node.lineno, *lines])


def of_a_session(call: ast.Call) -> bool:
    """Whether a call is of a session's own method, ``db.add(...)``: another one of this name is not meant."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return name_of(owner).strip("_") in ("db", "session", "s", "connection", "conn")


def _of_a_module(file: File, call: ast.Call | None) -> bool:
    """Whether a call is of something that the file imports, ``crud.create_item(...)``: the one beside it is not."""
    owner = call.func.value if call is not None and isinstance(call.func, ast.Attribute) else None
    imports = [each for each in file.nodes if isinstance(each, ast.Import | ast.ImportFrom)]
    named = {one.asname or one.name.partition(".")[0] for each in imports for one in each.names}
    return isinstance(owner, ast.Name) and owner.id in named


def name_of(node: ast.AST | None) -> str:
    """The last name of an expression: ``commit`` of ``db.commit``, of ``commit`` and of ``db.commit()``."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@cache
def inside(node: ast.AST) -> tuple[ast.AST, ...]:
    """Every node within another; of a function not its decorators: ``@router.delete(...)`` deletes nothing."""
    decorators = {id(each) for one in getattr(node, "decorator_list", ()) for each in ast.walk(one)}
    return tuple(each for each in _walk(node) if id(each) not in decorators) if decorators else tuple(_walk(node))


def _walk(node: ast.AST) -> list[ast.AST]:
    """As `ast.walk`, in half of the time, and without what only marks a node: ``Load()``, ``Add()``."""
    found = [node]
    for each in found:  # which grows meanwhile
        for value in vars(each).values():
            kind = type(value)
            if kind is list:
                found += [one for one in value if isinstance(one, ast.AST)]
            elif kind is not int and kind is not str and isinstance(value, ast.AST) and value._fields:
                found.append(value)
    return found


def calls(node: ast.AST, *names: str) -> list[ast.Call]:
    """The calls within a node of something with one of these last names, in the order of their lines."""
    by_name = _calls_within(node)
    found = [call for name in dict.fromkeys(names) for call in by_name.get(name, ())]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset)) if len(found) > 1 else found


@cache
def _calls_within(node: ast.AST) -> dict[str, list[ast.Call]]:
    """The calls within a node by their last names; dozens of readings ask for the same node."""
    found: dict[str, list[ast.Call]] = {}
    for each in inside(node):
        if isinstance(each, ast.Call):
            found.setdefault(name_of(each), []).append(each)
    return found


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument of a call."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def passed_to(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """What a call passes to a function for a parameter; None where it passes nothing."""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    at = names.index(name) if name in names else len(call.args)
    return keyword(call, name) or (call.args[at] if at < len(call.args) else None)


_RUN = {"run_in_threadpool": 0, "to_thread": 0, "run_sync": 0, "run_in_executor": 1, "partial": 0}


def handed(call: ast.Call) -> ast.Call | None:
    """The call that one is handed: ``clean_up(db)`` of ``run_in_threadpool(clean_up, db)``, and of a partial."""
    at = _RUN.get(name_of(call), len(call.args))
    function, arguments = (call.args[at], call.args[at + 1 :]) if at < len(call.args) else (None, [])
    if isinstance(function, ast.Lambda):
        return function.body if isinstance(function.body, ast.Call) else None
    inner = handed(function) if isinstance(function, ast.Call) else None
    if inner is not None:
        return inner
    made = ast.Call(function, arguments, call.keywords) if isinstance(function, ast.Name | ast.Attribute) else None
    return ast.copy_location(made, call) if made is not None else None


@cache
def as_called(function: Function) -> Function:
    """A function as if it called itself what it has run in a thread, or has made a ``partial`` of."""
    made = [each for each in inside(function) if isinstance(each, ast.Assign) and name_of(each.value) == "partial"]
    partials = {name_of(each.targets[0]): each.value for each in made if isinstance(each.value, ast.Call)}
    return _Calls(partials).visit(deepcopy(function))  # type: ignore[no-any-return]


class _Calls(ast.NodeTransformer):
    """Puts in the place of each call that hands a function on the call that becomes of it."""

    def __init__(self, partials: dict[str, ast.Call]) -> None:
        self._partials = partials

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        found = handed(node) if name_of(node) != "partial" else None
        made = self._partials.get(text_of((found or node).func))
        found = handed(made) if made is not None else found
        return ast.copy_location(found, node) if found is not None else node


def options(node: ast.AST) -> Iterator[tuple[str, ast.AST, ast.expr]]:
    """Every option within a node that is given a value by its name: the name, the place where it stands, the value."""
    for each in inside(node):
        named: list[tuple[ast.AST | None, ast.expr]] = []
        if isinstance(each, ast.keyword) and each.arg is not None:
            yield each.arg, each, each.value
        elif isinstance(each, ast.Dict):
            named = [*zip(each.keys, each.values, strict=True)]
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Subscript):
            named = [(each.targets[0].slice, each.value)]
        elif isinstance(each, ast.Call) and name_of(each) == "setdefault" and len(each.args) == 2:
            named = [(each.args[0], each.args[1])]
        for name, value in named:
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, name, value


def commits_by_itself(name: str, value: ast.expr) -> bool:
    """Whether an option has every statement saved at once."""
    if name == "autocommit":
        return text_of(value) == "True"
    simple = not isinstance(value, ast.Dict) and any(each in text_of(value) for each in ("AUTOCOMMIT", "None"))
    return name == "isolation_level" and simple


def decorators(node: Function | ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """The decorators of a function, each with its last name: ``post`` of ``@router.post("/")``."""
    for each in node.decorator_list:
        yield name_of(each), each


def giving(function: Function, node: ast.Return) -> ast.Return | ast.Assign:
    """The statement whose value a return gives back: itself, or the one just before, which sets the variable."""
    name = node.value.id if isinstance(node.value, ast.Name) else ""
    body = [each for block in _blocks(function) if node in block for each in block]
    before = body[body.index(node) - 1] if name and body and body.index(node) else None
    if isinstance(before, ast.Assign) and [name_of(each) for each in before.targets] == [name]:
        return before
    return node


def _blocks(function: Function) -> Iterator[list[ast.stmt]]:
    """The blocks of statements of a function, also those within others."""
    for each in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(each, name, None)
            if isinstance(block, list):
                yield block


def always_returns(body: Sequence[ast.stmt]) -> bool:
    """Whether statements end with a value that is returned, or an exception, on every way through them."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and always_returns(last.body) and always_returns(last.orelse)
    if isinstance(last, ast.With):
        return always_returns(last.body)
    if isinstance(last, ast.Try):
        tried = always_returns(last.orelse or last.body) and all(always_returns(each.body) for each in last.handlers)
        return tried or (bool(last.finalbody) and always_returns(last.finalbody))
    returned = isinstance(last, ast.Return) and last.value is not None
    return returned or isinstance(last, ast.Raise | ast.Match | ast.While | ast.For)


def ends_without_a_value(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements of a function at which a way through it ends that hands nothing back."""
    early = [each for one in body for each in _of_this_function(one) if _hands_nothing_back(each)]
    return [*early, *(each for each in _falls_through(body) if each not in early)]


def last_line(function: Function) -> ast.stmt:
    """Where a function ends that hands nothing back: its last statement."""
    return function.body[-1]


def _of_this_function(node: ast.AST) -> Iterator[ast.AST]:
    """A node and those within it, but for other functions."""
    yield node
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, Function | ast.Lambda | ast.ClassDef):
            yield from _of_this_function(each)


def _hands_nothing_back(node: ast.AST) -> TypeGuard[ast.Return]:
    return isinstance(node, ast.Return) and (node.value is None or text_of(node.value) == "None")


def _falls_through(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return []
    if isinstance(last, ast.If):
        return [*_falls_through(last.body), *(_falls_through(last.orelse) if last.orelse else [last])]
    if isinstance(last, ast.With):
        return _falls_through(last.body)
    if isinstance(last, ast.Try):
        tried = [last.orelse or last.body, *(each.body for each in last.handlers)]
        after = last.finalbody and not _falls_through(last.finalbody)
        return [] if after else [each for one in tried for each in _falls_through(one)]
    if isinstance(last, ast.Match):
        every = any(isinstance(each.pattern, ast.MatchAs) and each.pattern.pattern is None for each in last.cases)
        return [*(each for one in last.cases for each in _falls_through(one.body)), *([] if every else [last])]
    endless = isinstance(last, ast.While) and text_of(last.test) == "True"
    return [] if endless else [last]


@cache
def text_of(node: ast.AST | None) -> str:
    """An expression as Python writes it."""
    if isinstance(node, ast.Name):  # most of them are, and this takes a hundredth of the time
        return node.id
    return ast.unparse(node) if node is not None else ""
