"""In the child: the learner's code. It is imported and called here, and what it raises becomes a verdict."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.lab import first_failures
from grader.lab.behind import stub_behind
from grader.lab.focus import Focus
from grader.lab.imports import import_module
from grader.lab.place import Place
from grader.lab.relied import expect_untouched
from grader.lab.sqlmodel_registry import forget_models
from grader.lab.story import Story
from grader.lab.synchronous import asynchronous_instead, makes_asynchronous
from grader.lab.words import arguments, describe, instead_of_begin, show
from grader.outcomes import Broken, ToDo, Verdict, Wrong, is_to_do

_NAME_NOT_THERE = re.compile(r"cannot import name '(\w+)'")


class Code:
    """The learner's package ``app``.

    Attributes:
        imports_anew: the check has had the package imported again.
    """

    __slots__ = ("_focus", "_place", "_sent", "_story", "imports_anew")

    def __init__(self, place: Place, focus: Focus, story: Story) -> None:
        self._place = place
        self._focus = focus
        self._story = story
        self.imports_anew = False
        self._sent: list[tuple[Any, str]] = []

    def sent_as(self, value: Any, words: str) -> None:
        """Tell of what was made for a call by what was sent: the learner's class may have made something else of it."""
        self._sent.append((value, words))

    def module(self, name: str) -> ModuleType:
        """The module ``app.<name>``.

        Raises:
            Broken: it is missing or cannot be imported, or its engine is asynchronous.
            ToDo: it meets what the starter has in the place of code that is still to do.
        """
        there, known = first_failures.here(), f"app.{name}" in sys.modules
        try:
            module = import_module(f"app.{name}")
        except BaseException as error:
            if self.to_do(error) is None:
                first_failures.keep(error, self._place.root, there)
            raise self._not_imported(name, error) from None
        if (first := first_failures.of_what_works_now()) is not None:
            raise self._not_imported(name, first)
        if not known:
            self.returned()
        if makes_asynchronous(sys.modules.get("app.db")):
            self._focus.on_name("db.engine")
            raise asynchronous_instead(self._focus.at)
        return module

    def _not_imported(self, name: str, error: BaseException) -> Verdict:
        verdict = self.import_failure(name, error)
        verdict.got_to = f"imported {self._focus.file_of(name)}"
        return verdict

    def import_failure(self, name: str, error: BaseException) -> Verdict:
        """What an import of ``app.<name>`` that raised means, as a verdict."""
        root, file = self._place.root, self._focus.file_of(name)
        to_do = self.to_do(error)
        if to_do is not None:
            return to_do
        if isinstance(error, ModuleNotFoundError) and error.name in ("app", f"app.{name}"):
            return Broken(f"{file} is missing", f"a file {file}", self._place.shown(file))
        if isinstance(error, SyntaxError):
            bad = Path(error.filename or self._with_null_bytes() or file)
            bad = bad.relative_to(root) if bad.is_relative_to(root) else Path(file)
            where = f"{self._place.shown(bad.as_posix())}:{error.lineno or 1}"
            return Broken(
                f"{bad.as_posix()} is not valid Python: {error.msg}", "a file that Python can read", where, error
            )
        where = self._focus.line_of(error) or self._place.shown(file)
        missing = self._missing_module(error)
        if missing:
            return Broken(
                f"{missing} is missing, and {where.partition('/')[2]} imports it", f"a file {missing}", where, error
            )
        return Broken(f"importing {file} raised {describe(error)}", "an import without an error", where, error)

    def to_do(self, error: BaseException) -> ToDo | None:
        """What of the starter made an import or a start fail; None where it was the learner's own code."""
        if is_to_do(error):
            return ToDo(str(error), where=self._focus.line_of(error))
        stub = stub_behind(error, self._place.stubs, self._place.root)
        return None if stub is None else ToDo(f"{stub.task} {stub.words}")

    def _with_null_bytes(self) -> Path | None:
        """The first file of the learner's that holds a NUL: Python refuses it without naming it."""
        files = sorted((self._place.root / "app").rglob("*.py"))
        return next((file for file in files if b"\0" in file.read_bytes()), None)

    def _missing_module(self, error: BaseException) -> str:
        """The file of a module of the learner's whose absence an import met, or an empty string."""
        if not isinstance(error, ImportError) or (error.name or "").partition(".")[0] != "app":
            return ""
        root, path = self._place.root, (error.name or "").replace(".", "/")
        if not isinstance(error, ModuleNotFoundError):  # from app import crud
            path += "/" + "".join(_NAME_NOT_THERE.findall(error.msg))
            if not (root / path).parent.is_dir():  # from app.crud import get_item: a name, not a file
                return ""
        return "" if (root / f"{path}.py").exists() or (root / path).is_dir() else f"{path}.py"

    def need(self, path: str) -> Any:
        """A name of the learner's, ``crud.create_item``.

        Raises:
            Broken: the module or the name is missing.
            ToDo: it is still the starter's placeholder ``...``.
        """
        module_name, _, name = path.rpartition(".")
        module = self.module(module_name)
        if not hasattr(module, name):
            file = self._focus.file_of(module_name)
            similar = "".join(
                f" (there is '{other}')" for other in difflib.get_close_matches(name, vars(module), 1, cutoff=0.85)
            )
            raise Broken(f"{file} has no name '{name}'{similar}", f"'{name}' in {file}", self._place.shown(file))
        value = getattr(module, name)
        if value is ...:
            raise ToDo(f"{path} is still to do")
        return value

    def call(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the learner's, and tell so.

        Raises:
            Wrong: it raised.
            ToDo: it raised the starter's ``NotImplementedError``.
        """
        function = self.need(path)
        self._story.did(f"{path.rpartition('.')[2]}({arguments(args, kwargs, self._sent)})")
        self._focus.on(function)
        with self.running():
            result = function(*args, **kwargs)
        if inspect.iscoroutine(result):
            result.close()
            raise Wrong("the function returned a coroutine: nobody awaits an 'async def' here", "a plain 'def'")
        return result

    def takes(self, path: str, *args: Any) -> bool:
        """Whether a function of the learner's can be called with these arguments."""
        try:
            inspect.signature(self.need(path)).bind(*args)
        except (TypeError, ValueError):
            return False
        return True

    @contextmanager
    def running(self, wanted: str = "no exception") -> Iterator[None]:
        """Run learner code in the block: what it raises becomes a verdict."""
        try:
            yield
        except Verdict:
            raise
        except BaseException as error:
            raise self.raised(error, wanted) from None
        self.returned()

    def returned(self) -> None:
        """Go on after the learner's code has run.

        Raises:
            Broken: it has changed what verdicts are made with.
        """
        expect_untouched()

    def raised(self, error: BaseException, wanted: str) -> Verdict:
        """What an exception out of learner code means, as a verdict."""
        where = self._focus.line_of(error)
        if is_to_do(error):
            return ToDo(str(error), where=where)
        return Wrong(describe(error), instead_of_begin(error) or wanted, where, error)

    def read(self, item: Any, *names: str) -> dict[str, Any]:
        """Attributes of an object of the learner's, as a dictionary.

        Raises:
            Wrong: one of them cannot be read.
        """
        found = {}
        if item is None:
            raise Wrong("None was returned", "the item, with " + ", ".join(names))
        for name in names:
            try:
                found[name] = getattr(item, name)
            except BaseException as error:
                if type(error).__name__ == "DetachedInstanceError":
                    saw = f"reading .{name} raised DetachedInstanceError: it was not loaded when the session was closed"
                elif isinstance(error, AttributeError):
                    saw = f"{show(item)} was returned, which has no .{name}"
                else:
                    saw = f"reading .{name} raised {describe(error)}"
                raise Wrong(saw, f".{name} can be read after the session is closed", "", error) from None
        self.returned()  # an attribute may be a function of the learner's
        return found

    def import_again(self, **environment: str | None) -> None:
        """Forget the learner's modules, so that the next use imports them again.

        Args:
            environment: environment variables to set first; None removes one.
        """
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        self.imports_anew = True
        forget_app()


def forget_app() -> None:
    """Forget that the learner's modules were ever imported."""
    for name in [name for name in [*sys.modules] if name == "app" or name.startswith("app.")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    forget_models()
