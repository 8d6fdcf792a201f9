"""Kernel: sends requests to an application, and prints what was sent and answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from grader.lab.observer import Seen, observers
from grader.lessons.attempts import in_one_line, in_rows
from grader.lessons.showing import shortened

if TYPE_CHECKING:
    from fastapi import FastAPI

_LONGEST = 240


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
            print(f"{method} {shortened(path, _LONGEST)}{' ' + _json(options['json']) if 'json' in options else ''}")
            print(f"    {response.status_code} {shortened(_body(response), _LONGEST)}".rstrip())
            for failure in self._failures:
                raised = shortened(in_one_line(failure), _LONGEST)
                print(in_rows(f"the application raised {raised}", indent=" " * 4))
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
    return shortened(json.dumps(value, ensure_ascii=False), _LONGEST)
