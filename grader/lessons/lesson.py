"""What the lessons in ``notebooks/`` use: see what the database is asked, try what may fail, send requests.

    with observe(draw=True), Session(engine) as db:
        db.add(book)
        db.commit()

shows a table and a sequence diagram of what was done to the database meanwhile.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

from pydantic import ValidationError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from grader import BadInput
from grader.lab.observer import Seen, leave_out, observers, observing_with
from grader.lessons import picture
from grader.lessons.picture import Story
from grader.lessons.resident import new_file, new_postgresql_database

if TYPE_CHECKING:
    from fastapi import FastAPI

_PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = _PROJECT / "notebooks"
_SOLUTIONS = _PROJECT / "solutions"
# What differs from run to run, and where to read on: in one line there is no room for it.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+|(?<=thread id )\d+")
_BACKGROUND = re.compile(r" \(Background on this error at: \S+\)")


class Shown:
    """A piece of Markdown that a notebook draws."""

    def __init__(self, markdown: str) -> None:
        self._markdown = markdown

    def _repr_markdown_(self) -> str:
        return self._markdown

    def __repr__(self) -> str:
        return self._markdown


def show(markdown: str) -> None:
    """Draw a piece of Markdown below the cell."""
    from IPython.display import display

    display(Shown(markdown))  # type: ignore[no-untyped-call]


# -- observing --------------------------------------------------------------------------------------


@contextmanager
def observe(table: bool = True, draw: bool = False) -> Iterator[Story]:
    """Show what the block does to the database.

    Args:
        table: show every step in a table.
        draw: show a sequence diagram.
    """
    story = Story(is_told=_is_of_the_lesson())
    try:
        with observing_with(story):
            yield story
    finally:
        if table:
            show(picture.table(story))
        if draw:
            show(f"```mermaid\n{picture.diagram(story)}\n```")


def _is_of_the_lesson() -> Callable[[FrameType], bool]:
    """Whether a frame belongs to a cell, or to a file of the lessons."""
    from IPython import get_ipython

    shell = get_ipython()
    cells = shell.user_ns if shell is not None else {}
    files = (str(NOTEBOOKS), str(_SOLUTIONS))
    return lambda frame: frame.f_globals is cells or frame.f_code.co_filename.startswith(files)


@contextmanager
def attempt() -> Iterator[None]:
    """Run what may fail; say in one line what was raised, and go on."""
    try:
        yield
    except Exception as error:
        print(f"raised {in_one_line(error)}")


def in_one_line(error: BaseException) -> str:
    """An exception as Python would name it last, without what differs from run to run."""
    first, *more = str(error).strip().split("\n")
    if first.startswith("(raised as a result of Query-invoked autoflush") and more:
        first = f"{more[0]} (raised by autoflush)"
    if isinstance(error, ValidationError):
        first = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    message = _BACKGROUND.sub("", _ADDRESS.sub("...", first))
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


# -- databases --------------------------------------------------------------------------------------


def new_database() -> str:
    """URL of a new and empty SQLite database; it is removed when the notebook's kernel ends."""
    return f"sqlite:///{new_file('lesson.db').as_posix()}"


def new_postgresql() -> str:
    """URL of a new and empty PostgreSQL database; it is removed when the notebook's kernel ends.

    The first call starts a server. It runs until the kernel ends.
    """
    from IPython.core.error import UsageError

    try:
        return new_postgresql_database()
    except BadInput as problem:
        raise UsageError(f"{problem}\nThis section is optional; go on with the next.") from None


def look(at: Engine | str, query: str, **parameters: Any) -> None:
    """Show the rows that a query finds, read through a connection of its own: what is not committed is not seen.

    Args:
        at: the engine, or the URL, of the database.
        query: a SELECT, or the name of a table.
        parameters: values for the query's ``:name`` places.
    """
    statement = query if " " in query else f"SELECT * FROM {query} ORDER BY 1"
    url = at.url if isinstance(at, Engine) else at
    engine = leave_out(create_engine(url, poolclass=NullPool))
    with engine.connect() as connection:
        result = connection.execute(text(statement), parameters)
        heads, rows = list(result.keys()), [[_cell(value) for value in row] for row in result]
    show(picture.markdown_table(heads, rows) if rows else "*no rows*" if " " in query else f"*{query}: no rows*")


def _cell(value: object) -> str:
    return "NULL" if value is None else _cut(" ".join(str(value).split()), 80)


# -- code and requests ------------------------------------------------------------------------------


def source(*things: object) -> None:
    """Show the code of classes, functions or modules of the lessons."""
    blocks = []
    for file, found in groupby(things, key=_file):
        codes = [inspect.getsource(thing).strip() for thing in found]  # type: ignore[arg-type]
        blocks.append(f"`{file}`\n\n```python\n{(chr(10) * 3).join(codes)}\n```")
    show("\n\n".join(blocks))


def _file(thing: object) -> str:
    file = Path(inspect.getsourcefile(thing) or "")  # type: ignore[arg-type]
    return file.relative_to(NOTEBOOKS).as_posix() if file.is_relative_to(NOTEBOOKS) else file.name


def finished_app(chapter: str) -> FastAPI:
    """The application of a chapter's solution, on a new database."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "app"}
    with mock.patch.dict(os.environ, DATABASE_URL=new_database()), mock.patch("sys.path", [*sys.path]):
        sys.path.insert(0, str(_SOLUTIONS / chapter))
        app: FastAPI = importlib.import_module("app.main").app
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
    sys.modules.update(hidden)
    return app


def copy_of_solution(chapter: str) -> Path:
    """A folder with a copy of a chapter's solution, to be changed and graded."""
    folder = new_file("example")
    shutil.copytree(_SOLUTIONS / chapter, folder / chapter, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Reply:
    """An answer of an application; it was printed when it came."""

    def __init__(self, status: int, body: str) -> None:
        self.status, self.body = status, body

    def _ipython_display_(self) -> None:
        """Nothing: it was printed already."""


class Client:
    """Sends requests to an application, without a network, and prints what was sent and answered.

    In a ``with`` block the application is started first and shut down at the end.
    """

    def __init__(self, app: FastAPI) -> None:
        from fastapi.testclient import TestClient

        self._failures: list[BaseException] = []

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def telling(message: Any) -> None:
                if message["type"] == "http.response.start":
                    _note(lambda seen: seen.note_answer(message["status"]))
                await send(message)

            if scope["type"] == "http":
                query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
                _note(lambda seen: seen.note(f"REQUEST {scope['method']} {scope['path']}{query}"))
            try:
                await app(scope, receive, telling)
            except Exception as error:
                self._failures.append(error)
                raise

        self._client = TestClient(watched, raise_server_exceptions=False, headers={"host": "localhost"})

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def get(self, path: str) -> Reply:
        """Send a GET request."""
        return self.send("GET", path)

    def post(self, path: str, json: Any) -> Reply:
        """Send a POST request."""
        return self.send("POST", path, json=json)

    def patch(self, path: str, json: Any) -> Reply:
        """Send a PATCH request."""
        return self.send("PATCH", path, json=json)

    def delete(self, path: str) -> Reply:
        """Send a DELETE request."""
        return self.send("DELETE", path)

    def send(self, method: str, path: str, quiet: bool = False, **options: Any) -> Reply:
        """Send a request, and print it with its answer.

        Args:
            method: GET, POST, ...
            path: path and query.
            quiet: print nothing.
            options: as for the test client, for example ``json=``.
        """
        self._failures.clear()
        response = self._client.request(method, path, **options)
        if not quiet:
            print(f"{method} {_cut(path)}{' ' + _json(options['json']) if 'json' in options else ''}")
            print(f"    {response.status_code} {_cut(_body(response))}".rstrip())
            for failure in self._failures:
                print(f"    the application raised {_cut(in_one_line(failure))}")
        return Reply(response.status_code, response.text)


def _note(act: Callable[[Seen], object]) -> None:
    for seen in observers():
        act(seen)


def _body(response: Any) -> str:
    """The text of an answer; of FastAPI's long 422 only what a reader needs."""
    if response.status_code != 422:
        return str(response.text)
    problems = response.json()["detail"]
    shown = [f'{{"loc": {_json(each["loc"])}, "msg": {_json(each["msg"])}, ...}}' for each in problems]
    return f'{{"detail": [{", ".join(shown)}]}}'


def _json(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(words: str, limit: int = 240) -> str:
    return words if len(words) <= limit else words[: limit - 3] + "..."


__all__ = [
    "Client",
    "attempt",
    "copy_of_solution",
    "finished_app",
    "look",
    "new_database",
    "new_postgresql",
    "observe",
    "show",
    "source",
]
