"""Verdict process and commands: which tasks of a submission are untouched, which given files are as they were."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from grader.places import SOLUTIONS
from grader.starters.reading import has_many_marks, read_code
from grader.starters.tasks import Piece, bound, bound_in, pieces_of, tasks_of
from grader.starters.writing import starter_of
from grader.stubs import BASES, VALUE, Stub

# Solutions take a tenth of it. What takes Python longest to parse are long lines of f-strings.
_LONGEST = 32 * 1024
_MOST_BRACES = 500


def untouched_tasks(chapter: str, root: Path) -> frozenset[str]:
    """Tasks of a chapter whose code is still the starter's, comments and layout aside.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
    """
    return frozenset(stub.task for stub in untouched_stubs(chapter, root))


def untouched_below(folder: Path) -> Callable[[str], frozenset[str]]:
    """Tells of a chapter that lies in this folder which of its tasks are untouched."""
    return lambda chapter: untouched_tasks(chapter, folder / chapter)


def untouched_stubs(chapter: str, root: Path) -> tuple[Stub, ...]:
    """What stands in the place of their code; arguments as for `untouched_tasks`."""
    touched: set[str] = set()
    for file, stubs in starter_code(chapter):
        try:
            module = parsed(read_code(root / file))
            whole = owners_in(module)
            others = [of_others(stub, stubs) for stub, _ in stubs]
            present = [owners_in(module, each) if each else whole for each in others]
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            present = [{} for _ in stubs]
        pairs = zip(stubs, present, strict=True)
        touched |= {stub.task for (stub, code), owners in pairs if owners.get(stub.name) != code}
    return tuple(stub for _, stubs in starter_code(chapter) for stub, _ in stubs if stub.task not in touched)


def suspicious_files(chapter: str, root: Path) -> tuple[str, ...]:
    """Files of a chapter that may be broken: those that it asks for; if anything that was given was changed, all.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
    """
    asked = tuple(file for file, _ in starter_code(chapter))
    given = given_files(chapter, root)
    return asked if {*asked, *given} == set(solution(chapter)) else tuple(solution(chapter))


def given_files(chapter: str, root: Path) -> frozenset[str]:
    """Files that a chapter gives to the learner and that are still as they were given.

    Args:
        chapter: name of the chapter.
        root: folder that holds the learner's ``app``.
    """
    asked = {file for file, _ in starter_code(chapter)}
    found = set()
    for file, code in solution(chapter).items():
        with suppress(OSError):
            if file not in asked and _same_text(read_code(root / file), code):
                found.add(file)
    return frozenset(found)


def _same_text(mine: bytes, ours: bytes) -> bool:
    """Whether two files are the same, whatever their line ends: git and editors change them on Windows."""
    return mine.replace(b"\r\n", b"\n") == ours.replace(b"\r\n", b"\n")


@lru_cache(maxsize=8)
def parsed(code: bytes) -> ast.Module:
    """The syntax tree of code that somebody may have written so that this takes for ever; nobody changes it.

    Raises:
        ValueError: it is no starter's, and not worth the time.
    """
    if len(code) > _LONGEST or code.count(b"{") > _MOST_BRACES:
        raise ValueError("it is much longer than any starter")
    if has_many_marks(code.decode("utf-8", "replace")):
        raise ValueError("it has names that Python needs long to read")
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(code)


def stubs_of(chapter: str) -> list[tuple[str, list[Stub]]]:
    """Per file: what stands in the starter where the code of a task belongs."""
    return [(file, [stub for stub, _ in stubs]) for file, stubs in starter_code(chapter)]


@cache
def solution(chapter: str) -> dict[str, bytes]:
    """The files of a chapter's solution."""
    folder = SOLUTIONS / chapter
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted((folder / "app").rglob("*.py"))}


@cache
def starter_code(chapter: str) -> list[tuple[str, list[tuple[Stub, str]]]]:
    """Per file: every stub of the starter, and its code."""
    found = []
    words = tasks_of(chapter)
    for file in sorted((SOLUTIONS / chapter / "app").rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        pieces = pieces_of(source, int(chapter[:2]))
        if pieces:
            code = owners_in(ast.parse(starter_of(source, int(chapter[:2]))))
            name = file.relative_to(SOLUTIONS / chapter).as_posix()
            stubs = [Stub(each.task, words[each.task], name, each.owner, _lacks(each, source)) for each in pieces]
            found.append((name, [(stub, code[stub.name]) for stub in stubs]))
    return found


def _lacks(piece: Piece, source: str) -> tuple[str, ...]:
    """What the name that a piece of a solution defines does not have in the starter (see `Stub`)."""
    if not piece.starter:  # lines of a class
        return bound_in(piece, source)
    head = piece.starter[0]
    return (BASES,) if head.startswith("class ") else (VALUE,) if head.endswith(" = ...") else ()


def of_others(stub: Stub, stubs: Sequence[tuple[Stub, str]]) -> tuple[str, ...]:
    """What other tasks write into the same class: it may be there while this task is untouched."""
    return tuple(
        name for other, _ in stubs if other.name == stub.name and other.task != stub.task for name in other.lacks
    )


def owners_in(module: ast.Module, left_out: Sequence[str] = ()) -> dict[str, str]:
    """The statements of a module by the name that they define; of a class without these attributes."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef) and left_out:
            body = [each for each in node.body if not {*bound(ast.Module([each], []))} & {*left_out}]
            found[node.name] = ast.dump(ast.ClassDef(**{**dict(ast.iter_fields(node)), "body": body}))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = ast.dump(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.dump(node.value)
    return found
