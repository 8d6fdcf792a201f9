"""Commands: what verdicts depend on beside the submission: the rules, the code that judges, the libraries."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from grader.places import COURSE, PACKAGE, PROJECT, SOLUTIONS
from grader.rules import Rule

# What only shows verdicts; all other code of the grader may have a say in one.
_FRONTS = ("classroom", "cli", "conftest", "guide", "lesson", "lessons", "notebook", "report", "terminal", "versions")
_LIBRARIES = ("fastapi", "starlette", "httpx2", "pydantic", "sqlalchemy", "sqlmodel", "psycopg")


@dataclass(frozen=True)
class Versions:
    """What a verdict was made with.

    Attributes:
        rules: fingerprint of each rule by its id: its code and its words.
        shared: fingerprint of all code that rules share, and of the solutions.
        libraries: versions of Python and of the libraries.
    """

    rules: dict[str, str]
    shared: str
    libraries: dict[str, str]

    def of(self, rules: Iterable[str]) -> str:
        """One fingerprint of everything that a verdict on these rules depends on.

        All of them count, for the checks of a chapter run one after the other in one process.
        """
        parts = [self.shared, *(f"{name}={self.rules[name]}" for name in sorted(rules))]
        parts += [f"{name}={version}" for name, version in sorted(self.libraries.items())]
        return _fingerprint("\n".join(parts).encode())

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def current(rules: Iterable[Rule]) -> Versions:
    """The versions of the grader that is running.

    Args:
        rules: the rules that are graded.
    """
    found = {}
    for rule in rules:
        words = (rule.task, rule.title, rule.why, rule.hint, rule.needs)
        found[rule.id] = _fingerprint(f"{source_of(rule.function)}{words}".encode())
    return Versions(found, _shared(), _libraries())


@cache
def fingerprint() -> str:
    """One fingerprint of everything that any verdict depends on."""
    found = hashlib.sha256("\n".join(f"{name}={version}" for name, version in _libraries().items()).encode())
    for file in _files():
        found.update(_name(file) + file.read_bytes())
    return found.hexdigest()


def source_of(function: Callable[..., Any]) -> str:
    """The code of a rule; of one that is used again (`grader.rules.again`) that of the original."""
    original = inspect.getclosurevars(function).nonlocals.get("original")
    return inspect.getsource(original.function if isinstance(original, Rule) else function)


@cache
def _shared() -> str:
    found = hashlib.sha256()
    for file in _files():
        content = file.read_bytes() if not file.name.startswith("test_") else _without_rules(file)
        found.update(_name(file) + content)
    return found.hexdigest()[:16]


def _files() -> list[Path]:
    """The files with all code that judges, and the solutions."""
    found: list[Path] = []
    for entry in PACKAGE.iterdir():
        if entry.name.removesuffix(".py") not in (*_FRONTS, "course"):
            found += entry.rglob("*.py") if entry.is_dir() else [entry] * (entry.suffix == ".py")
    return [*sorted(found), *sorted(SOLUTIONS.rglob("*.py"))]


def _name(file: Path) -> bytes:
    """What a file is called: the same in a clone and where the package is installed."""
    return file.relative_to(COURSE if file.is_relative_to(COURSE) else PROJECT).as_posix().encode()


def _without_rules(file: Path) -> bytes:
    """What a file of rules holds beside its rules."""
    import ast

    module = ast.parse(file.read_text(encoding="utf-8"))
    kept = [node for node in module.body if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))]
    return "\n".join(ast.unparse(node) for node in kept).encode()


@cache
def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
