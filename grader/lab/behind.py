"""In the child: whether it is the starter's code, and not the learner's, that makes an import or a check fail."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.stubs import BASES, VALUE, Stub

_CLASS = re.compile(r"\bapp\.(?:\w+\.)*(\w+)\b")
_ELLIPSIS = re.compile(r"\b[Ee]llipsis\b")


def stub_behind(error: BaseException, stubs: Sequence[Stub], root: Path) -> Stub | None:
    """The untouched code of the starter that an exception complains of; None where it is the learner's own code.

    A name that is not there is never the starter's fault: what it leaves out, it leaves out below a name.

    Args:
        error: what importing the learner's code raised.
        stubs: what of the starter is untouched.
        root: folder that holds the learner's ``app``.
    """
    if isinstance(error, SyntaxError | NameError | ImportError):
        return None
    modules = list(_modules(root))
    if isinstance(error, AttributeError):
        found = [stub for stub in stubs if _is_missed(error, stub)]
    else:
        classes = set(_CLASS.findall(str(error)))
        named = {name for each in classes for name in _with_ancestors(each, modules)}
        found = [stub for stub in stubs if stub.name in named and _is_class(stub)]
    if _ELLIPSIS.search(str(error)):
        used = set(_names_used(error, root))
        found += [stub for stub in stubs if stub.lacks == (VALUE,) and stub.name in used]
    return min(found, key=lambda stub: [int(part) for part in stub.task.split(".")], default=None)


def stub_at(where: str, stubs: Sequence[Stub], root: Path) -> Stub | None:
    """The untouched code of the starter at a place in the learner's files.

    Args:
        where: the place, ``app/models.py:12``.
        stubs: what of the starter is untouched.
        root: folder that holds the learner's ``app``.
    """
    file, _, line = where.rpartition(":")
    here = [stub for stub in stubs if stub.file == file]
    with suppress(OSError, SyntaxError, ValueError):
        for node in ast.parse((root / file).read_bytes()).body if here and line.isdigit() else ():
            if node.lineno <= int(line) <= (node.end_lineno or node.lineno):
                names = {getattr(node, "name", ""), *(getattr(each, "id", "") for each in getattr(node, "targets", ()))}
                return next(
                    (each for each in here if each.name in names and not _is_beside(each, node, int(line))), None
                )
    return None


def _is_beside(stub: Stub, node: ast.stmt, line: int) -> bool:
    """Whether a line of a class is an attribute that this task does not write."""
    for each in node.body if isinstance(node, ast.ClassDef) and stub.lacks != (BASES,) else ():
        targets = [each.target] if isinstance(each, ast.AnnAssign) else getattr(each, "targets", [])
        if targets and each.lineno <= line <= (each.end_lineno or each.lineno):
            return not {getattr(target, "id", "") for target in targets} & {*stub.lacks}
    return False


def _is_class(stub: Stub) -> bool:
    return bool(stub.lacks) and stub.lacks != (VALUE,)


def _is_missed(error: AttributeError, stub: Stub) -> bool:
    """Whether an attribute was looked for that a stub does not have yet."""
    if not _is_class(stub):
        return False
    if error.obj is None:  # Pydantic tells the name alone
        return str(error) in stub.lacks
    owner: Any = error.obj if isinstance(error.obj, type) else type(error.obj)
    inherits = any(each.__name__ == stub.name and each.__module__.startswith("app.") for each in owner.__mro__)
    return inherits and (stub.lacks == (BASES,) or error.name in stub.lacks)


def _modules(root: Path) -> Iterator[ast.Module]:
    """The learner's files that Python can read."""
    for file in sorted((root / "app").rglob("*.py")):
        with suppress(OSError, SyntaxError, ValueError):
            yield ast.parse(file.read_bytes())


def _with_ancestors(name: str, modules: Iterable[ast.Module]) -> set[str]:
    """The name of a class of the learner's and the names of those that it inherits from."""
    bases: dict[str, set[str]] = {}
    for module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                names = {each.id for base in node.bases for each in ast.walk(base) if isinstance(each, ast.Name)}
                names |= {each.attr for each in node.bases if isinstance(each, ast.Attribute)}
                bases.setdefault(node.name, set()).update(names)
    found, left = set[str](), [name]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += bases.get(each, ())
    return found


def _names_used(error: BaseException, root: Path) -> Iterator[str]:
    """The names that are read somewhere in the learner's files through which an exception came."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(root):
            with suppress(OSError, SyntaxError, ValueError):
                for node in ast.walk(ast.parse(file.read_bytes())):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                        yield node.id
