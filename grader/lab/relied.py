"""In the child: what the grader itself relies on in a process in which the code under test can change everything."""

from __future__ import annotations

import builtins
import importlib.util
import sys
from collections.abc import Callable, Mapping
from typing import Any

# Replacing these is a matter of taste, and changes no verdict.
_OFTEN_REPLACED = frozenset({"print", "input", "open", "help", "exit", "quit", "breakpoint", "__import__"})


class Relied:
    """Remembers Python's built-in functions and the grader's own code, as they are before the learner's code runs.

    Args:
        more: what else has to stay as it is.
    """

    def __init__(self, *more: Mapping[str, object]) -> None:
        modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "grader"]
        classes = [
            value
            for module in modules
            for value in vars(module).values()
            if isinstance(value, type) and value.__module__ == module.__name__
        ]
        self._kept: list[tuple[Mapping[str, Any], str, object]] = [
            (vars(owner), name, value)
            for owner in (builtins, *modules, *classes)
            for name, value in vars(owner).items()
            if (callable(value) or isinstance(value, property)) and name not in _OFTEN_REPLACED
        ]
        self._kept += [(owner, name, value) for owner in more for name, value in owner.items()]

    def replaced(self) -> str:
        """The name of the first that is no longer what it was; empty where all are."""
        return next((name for owner, name, value in self._kept if owner.get(name) is not value), "")


def json_encoder() -> Callable[[Any], str]:
    """What ``json.dumps`` does, out of reach of whoever replaces that."""
    spec = importlib.util.find_spec("json.encoder")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    encode: Callable[[Any], str] = module.JSONEncoder().encode
    return encode
