"""In the child: whether there is nothing wrong with code that is still to do, apart from that."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.lab.asgi import RunningApp
from grader.lab.code import Code, forget_app
from grader.lab.focus import Focus
from grader.lab.fresh_database import NotPrepared, prepare_database
from grader.lab.judge import Judged, judge
from grader.lab.parts import Maker, open_parts
from grader.lab.place import Place
from grader.lab.surroundings import Surroundings
from grader.lab.words import describe
from grader.outcomes import Broken, ToDo

_ASKS = ("place", "code", "focus")


class Soundness:
    """Looks at the whole app once, when the first check is still to do: a check sees only what it needs.

    Args:
        place: where the checks run.
        makers: what makes the parts of a check.
        surroundings: what they find.
    """

    def __init__(self, place: Place, makers: dict[str, Maker], surroundings: Surroundings) -> None:
        self._place = place
        self._makers = makers
        self._surroundings = surroundings
        self._verdict: Judged | None = None

    def is_in_doubt(self, outcome: str, told: dict[str, Any], task: str) -> bool:
        """Whether a verdict on a rule of this task says, or may come of it, that something is still to do."""
        if outcome == "failed":
            return self._is_to_do(task) and not told["regression"]
        return bool(outcome == "todo" or (outcome == "blocked" and self._place.stubs))

    def unless_broken(self, outcome: str, told: dict[str, Any], task: str) -> Judged:
        """Such a verdict; if there is something broken, that. A name that is not there is never just to do."""
        if self._verdict is None:
            forget_app()
            self._surroundings.restore()
            with suppress(NotPrepared):  # then the next check says so
                prepare_database(self._place)
            with open_parts(self._place, self._makers) as parts:
                self._verdict = judge(parts, "", _expect_sound, _ASKS)
            forget_app()
        if self._verdict[0] == "error":
            return self._verdict
        if told.get("slip") and self._is_to_do(task):
            return "error", {**told, "expected": "code that runs"}
        return outcome, told

    def _is_to_do(self, task: str) -> bool:
        return any(stub.task == task for stub in self._place.stubs)


def _expect_sound(place: Place, code: Code, focus: Focus) -> None:
    """Every file is valid Python, what may be broken can be imported, and the app starts."""
    for path in sorted((place.root / "app").rglob("*.py")):
        module = _module(path.relative_to(place.root).as_posix())
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(path.read_bytes(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise code.import_failure(module, error) from None
    for file in place.suspicious:
        if (place.root / file).exists() and file != "app/__init__.py":  # with any other it is imported too
            try:
                code.module(_module(file))
            except ToDo:
                forget_app()  # half of what it imports is there, and cannot be imported again as it is
    if "app/main.py" in place.suspicious:
        with suppress(ToDo):
            _expect_start(code, focus)


def _expect_start(code: Code, focus: Focus) -> None:
    app = code.need("main.app")
    try:
        RunningApp(app).close()
    except BaseException as error:
        if code.to_do(error) is None:
            where = focus.line_of(error)
            raise Broken(f"the app does not start: {describe(error)}", "an app that starts", where, error) from None


def _module(file: str) -> str:
    """``routes.items`` for ``app/routes/items.py``, ``routes`` for ``app/routes/__init__.py``."""
    parts = Path(file).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)
