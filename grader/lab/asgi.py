"""In the child: sends requests to an application in this process, without sockets.

Starlette's test client does the same with eight hand-overs between threads for each request, and importing the
HTTP library below it takes a seventh of the time of all imports: here there is one hand-over, and no import.
Source: ASGI specification, "HTTP & WebSocket" and "Lifespan Protocol".
"""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from asyncio import all_tasks, run_coroutine_threadsafe, sleep
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from threading import enumerate as all_threads
from threading import main_thread
from typing import Any
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

from anyio._backends import _asyncio as anyios

from grader.lab.relied import json_encoder

App = Callable[[Any, Any, Any], Awaitable[None]]

_MOST_REDIRECTS = 10


class Loop(threading.Thread):
    """The thread in which an application's event loop runs."""


@dataclass
class Response:
    """What an application sent, and the exception that it let through, if any."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: BaseException | None = None


class RunningApp:
    """An application at work in an event loop of its own, in a thread of its own, as it is under a server.

    Attributes:
        served: the tasks in the event loop that are waited for: the application's lifespan, and a request.

    Args:
        app: the application.

    Raises:
        BaseException: what the application raised instead of starting.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._started = threading.Event()
        self.served: set[asyncio.Task[Any]] = set()
        self._workers: set[anyios.WorkerThread] = set()
        self._thread = Loop(target=self._serve, name="event loop of the app", daemon=True)
        _apps.add(self)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def close(self) -> None:
        """Shut the application down.

        Raises:
            BaseException: what the application raised meanwhile.
        """
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def has_more_to_do(self) -> bool:
        """Whether tasks go on in the event loop, apart from the application's lifespan."""
        assert self._loop is not None
        run_coroutine_threadsafe(sleep(0), self._loop).result()  # what was to come soon has come
        return len(all_tasks(self._loop)) > 1

    def works_beside_a_request(self) -> bool:
        """Whether there are more tasks in the event loop than the lifespan and a request."""
        return self._loop is not None and len(all_tasks(self._loop)) > 2

    def threads(self) -> Iterator[threading.Thread]:
        """The thread of the event loop, and those in which it has functions run that are no coroutines."""
        yield self._thread
        yield from [*self._workers]

    def request(
        self, method: str, path: str, *, json: object = None, content: str = "", headers: dict[str, str] | None = None
    ) -> Response:
        """Send a request, follow redirects, and wait until the application has finished with it.

        Args:
            method: ``GET``, ``POST``, ...
            path: path and query, as in a URL.
            json: what to send as JSON; nothing when None.
            content: text to send as it is, where `json` is None.
            headers: more headers.
        """
        body, sent = content.encode(), {"host": "localhost", "accept": "*/*", **(headers or {})}
        if json is not None:
            body, sent["content-type"] = _as_json(json), "application/json"
        for _ in range(_MOST_REDIRECTS):
            response = self._send(method, path, sent, body)
            target = response.headers.get("location")
            if target is None or response.status not in (301, 302, 303, 307, 308):
                break
            url = urlsplit(target)
            path = f"{url.path}?{url.query}" if url.query else url.path
            if response.status < 307 and method not in ("GET", "HEAD"):
                method, body = "GET", b""
        return response

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        raw_path, _, query = path.partition("?")
        if body or method in ("POST", "PUT", "PATCH"):
            headers = {**headers, "content-length": str(len(body))}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("localhost", 50000),
            "server": ("localhost", 80),
            "state": self._state.copy(),
        }
        assert self._loop is not None
        return run_coroutine_threadsafe(self._exchange(scope, body), self._loop).result()

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> Response:
        response, received, over = Response(), False, asyncio.Event()
        length = None  # as the answer has promised it
        with_a_body = scope["method"] != "HEAD"

        async def receive() -> dict[str, Any]:
            nonlocal received
            if received:
                await over.wait()
                return {"type": "http.disconnect"}
            received = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal length
            kind = message["type"]
            if kind in _PARTS and (over.is_set() or (kind == _PARTS[0]) == bool(response.status)):
                raise RuntimeError(f"Unexpected ASGI message {kind!r}: an answer starts once, has a body, and ends")
            if kind == "http.response.start":
                response.status = int(message["status"])  # a number, and nothing that may equal every other
                response.headers, length = _headers(message.get("headers", ()))
            elif kind == "http.response.body":
                response.body = b"".join((response.body, message.get("body", b"")))
                ends = not message.get("more_body", False)
                _expect_length(len(response.body), length if with_a_body else None, ends=ends)
                if ends:
                    over.set()

        own = self._serves()
        try:
            await self._app(scope, receive, send)
            if response.status and not over.is_set():
                response.error = RuntimeError("the answer has no end: its last part says that there is more to come")
        except BaseException as error:  # SystemExit too: it would end the loop, and nobody would ever answer
            response.error = error
        finally:
            self.served.discard(own)
        return response

    def _serves(self) -> asyncio.Task[Any]:
        """Count the task that runs now as one that is waited for."""
        own = asyncio.current_task()
        assert own is not None
        self.served.add(own)
        return own

    def _serve(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _live(self) -> None:
        """The application's lifespan: from its start to its shutdown."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._serves()
        vars(self._loop).update(add_signal_handler=_no_signal_comes, remove_signal_handler=_no_signal_comes)
        anyios._threadpool_workers.set(self._workers)  # as anyio does at the first function that it has a thread run
        anyios._threadpool_idle_workers.set(deque())
        messages = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> dict[str, Any]:
            message = next(messages)
            if message == "lifespan.shutdown":
                assert self._stop is not None
                await self._stop.wait()
            return {"type": message}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._started.set()

        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}, receive, send)


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], int | None]:
    """The headers of an answer, and the length that they promise.

    Raises:
        RuntimeError: no server would send them.
    """
    headers, length = {}, None
    for name, value in sent:
        key = name.decode().lower()
        if _NOT_IN_A_HEADER.search(name + value):
            raise RuntimeError("Invalid HTTP header: a line ends in it")
        headers[key] = value.decode("latin-1")
        if key == "content-length":
            if length is not None or not value.isdigit():
                raise RuntimeError("Invalid HTTP header: Content-Length")
            length = int(value)
    return headers, length


_PARTS = "http.response.start", "http.response.body"
_NOT_IN_A_HEADER = re.compile(rb"[\r\n\0]")


def _expect_length(found: int, promised: int | None, *, ends: bool) -> None:
    """Raise what a server raises where an answer is not as long as it promises; the client gets none then.

    Source: uvicorn, ``protocols/http/httptools_impl.py``.
    """
    if promised is not None and found > promised:
        raise RuntimeError("Response content longer than Content-Length")
    if promised is not None and ends and found < promised:
        raise RuntimeError("Response content shorter than Content-Length")


def _no_signal_comes(*_: object) -> bool:
    """Takes the place of a loop's methods for signals: only the main thread can set handlers, which under a server is
    the one with the loop.
    """
    return False


def _set_handler(number: int, handler: Any) -> Any:
    """Takes the place of ``signal.signal``, for the same reason."""
    if type(threading.current_thread()) is Loop:
        return signal.getsignal(number)
    return _signal(number, handler)


_signal = signal.signal
vars(signal)["signal"] = wraps(_signal)(_set_handler)


def _as_json(value: object) -> bytes:
    return _encode(value).encode()


_encode = json_encoder(compact=True)


def strange_threads() -> list[threading.Thread]:
    """The threads that are not the check's own, nor those in which the app's functions run.

    They are known one by one: anybody may make a thread of any class, or begin a loop of his own.
    """
    known = {id(main_thread()), *(id(thread) for app in _apps for thread in app.threads())}
    return [thread for thread in all_threads() if id(thread) not in known]


_apps: WeakSet[RunningApp] = WeakSet()
