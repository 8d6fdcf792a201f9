"""In the child: which line of the learner's a verdict points to."""

from __future__ import annotations

import ast
import inspect
import os
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dis import opname
from pathlib import Path
from types import TracebackType

from grader.lab.place import Place


class Focus:
    """The place to look at when a check fails and nothing tells a better one: ``05_crud/app/crud.py:12``.

    Attributes:
        at: that place; empty where there is none.
        endpoint: the place of the endpoint that answered the last request; empty where none did.
    """

    __slots__ = ("_place", "at", "endpoint")

    def __init__(self, place: Place) -> None:
        self._place = place
        self.at = self.endpoint = ""

    def on_endpoint(self, function: object) -> None:
        """Look at the endpoint that has answered, if it is the learner's."""
        before, self.at = self.at, ""
        self.on(function)
        self.endpoint = self.at
        self.at = self.at or before

    def on(self, function: object) -> None:
        """Look at a function, if it is the learner's; of a decorated one at what was decorated."""
        with suppress(Exception):
            function = inspect.unwrap(function)  # type: ignore[arg-type]
        code = getattr(function, "__code__", None)
        root = f"{self._place.root}{os.sep}"
        if code is not None and str.startswith(code.co_filename, root):
            file = code.co_filename[len(root) :].replace(os.sep, "/")
            self.at = f"{self._place.shown(file)}:{code.co_firstlineno}"

    def on_name(self, path: str) -> None:
        """Look at the line where a name is bound, ``db.engine``; if it is not, at the file."""
        module, _, name = path.rpartition(".")
        file = self.file_of(module)
        self.at = self._place.shown(file)
        with suppress(OSError, SyntaxError, ValueError):
            for node in ast.parse((self._place.root / file).read_bytes()).body:
                bound = [getattr(node, "name", "")]
                targets = getattr(node, "targets", [getattr(node, "target", None)])
                bound += [each.id for each in targets if isinstance(each, ast.Name)]
                bound += [
                    each.asname or each.name for each in getattr(node, "names", ()) if isinstance(each, ast.alias)
                ]
                if name in bound:
                    self.at = f"{self._place.shown(file)}:{node.lineno}"

    def file_of(self, module: str) -> str:
        """The file of ``app.<module>``, ``app/db.py``; where there is a package of this name, its ``__init__.py``."""
        path = f"app/{module.replace('.', '/')}"
        package = (self._place.root / path).is_dir() and not (self._place.root / f"{path}.py").exists()
        return f"{path}/__init__.py" if package else f"{path}.py"

    def line_of(self, error: BaseException) -> str:
        """The innermost line of the learner's in a traceback; empty where there is none.

        What a file that was given raises comes from the line that called it, if that is the learner's own.
        """
        lines = list(self._learner_lines(error.__traceback__))
        own = [(file, line) for file, line in lines if file not in self._place.given]
        return "".join(f"{self._place.shown(file)}:{line}" for file, line in (own or lines)[-1:])

    def has_raised(self, error: BaseException) -> bool:
        """Whether a ``raise`` of the learner's own code was the begin of an exception, as far as it can be told."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None:  # it was dealt with meanwhile
            return True
        if not Path(trace.tb_frame.f_code.co_filename).is_relative_to(self._place.root):
            return False
        return opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")

    def _learner_lines(self, trace: TracebackType | None) -> Iterable[tuple[str, int]]:
        for frame, line in traceback.walk_tb(trace):
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(self._place.root):
                yield path.relative_to(self._place.root).as_posix(), line
