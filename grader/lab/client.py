"""In the child: the learner's app behind an HTTP client."""

from __future__ import annotations

import threading
from asyncio import Task
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from starlette.routing import BaseRoute, Match

from grader.lab.answer import Answer
from grader.lab.asgi import RunningApp, strange_threads
from grader.lab.code import Code
from grader.lab.focus import Focus
from grader.lab.observer import Seen
from grader.lab.place import Place
from grader.lab.story import Story
from grader.lab.words import shorten, show, with_null
from grader.outcomes import TASK_TO_DO, Broken, ToDo, is_to_do


class Client:
    """Starts an app, sends requests to it, and tells what was done and answered.

    Attributes:
        is_up: set when the app says that its start is over.
    """

    def __init__(self, place: Place, code: Code, focus: Focus, story: Story, seen: Seen) -> None:
        self._place = place
        self._code = code
        self._focus = focus
        self._story = story
        self._seen = seen
        self._running: RunningApp | None = None
        self.is_up = threading.Event()
        self._app: FastAPI | None = None
        self._endpoint: object = None
        self._before_each: list[Callable[[], None]] = []

    def app(self) -> FastAPI:
        """The learner's FastAPI application."""
        app = self._code.need("main.app")
        if not isinstance(app, FastAPI):
            raise Broken(f"main.app is {show(app)}", "main.app is a FastAPI()", self._place.shown("app/main.py"))
        return app

    def start(self, app: FastAPI | None = None) -> None:
        """Start the learner's app, or another: its lifespan begins.

        Raises:
            Wrong: it does not start.
        """
        self.is_up.clear()  # what an import makes comes before the start, also after another one
        app = self._app = app or self.app()

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            answer = _Sent()

            async def telling(message: Any) -> None:
                message = _read_once(message)
                if answer.is_complete_with(message):
                    self._seen.note_answer(answer.status)
                if message["type"] == "lifespan.startup.complete":
                    self.is_up.set()
                await send(message)

            try:
                await app(scope, receive, telling)
            finally:
                if answer.is_cut_off:
                    self._seen.note_answer(answer.status)
                self._endpoint = scope.get("endpoint")
                # With 405 no endpoint has answered: Starlette names one that has the path, with another method.
                self._focus.on_endpoint(self._endpoint if answer.status != 405 else None)

        with self._code.running("an app that starts"):
            self._running = RunningApp(watched)

    def stop(self) -> None:
        """Shut the app down: its lifespan ends."""
        running, self._running = self._running, None
        if running is not None:
            with self._code.running("an app that shuts down"):
                running.close()

    def before_each(self, call: Callable[[], None]) -> None:
        """Have this called before each request from now on."""
        self._before_each.append(call)

    def request(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request to the app; it is started first where it is not running.

        Args:
            method: ``GET``, ``POST``, ...
            path: path and query.
            options: as for `RunningApp.request`, for example ``json=``.

        Raises:
            ToDo: the answer is the starter's 501.
        """
        for call in self._before_each:
            call()
        if self._running is None:
            self.start()
            self._story.begin_timeline()
        assert self._running is not None
        body = show(with_null(options["json"], "null")) if options.get("json") is not None else options.get("content")
        self._story.did(f"{method} {shorten(path)}{f' {shorten(body, 160) or repr(body)}' if body is not None else ''}")
        response = self._running.request(method, path, **options)
        self._code.returned()
        if response.error is not None:
            self._seen.errors.append(response.error)
            if is_to_do(response.error):
                raise ToDo(str(response.error), where=self._focus.line_of(response.error))
            return Answer(500, error=response.error)
        # Numbers and text of Python's own, whatever came: nothing that may say that it equals everything.
        status, body = int(response.status), bytes(response.body).decode("utf-8", "replace")
        answer = Answer(status, body, unrouted=self._endpoint is None, routes=self._routes)
        detail = answer.json.get("detail") if isinstance(answer.json, dict) else None
        if answer.status == 501 and isinstance(detail, str) and TASK_TO_DO.match(detail):
            raise ToDo(detail)
        return answer

    def has_more_to_do(self) -> bool:
        """Whether the app has begun something that no request waits for: a task in its event loop, or a thread."""
        in_the_loop = self._running is not None and self._running.has_more_to_do()
        return in_the_loop or bool(strange_threads())

    def works_beside_a_request(self) -> bool:
        """Whether the app does more in its event loop than to answer a request."""
        return self._running is not None and self._running.works_beside_a_request()

    def served_tasks(self) -> set[Task[Any]]:
        """The tasks in the app's event loop that a server waits for: the app's lifespan, and a request."""
        return self._running.served if self._running is not None else set()

    def only_request(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request of which the story tells alone: one of many like it."""
        self._story.begin()
        return self.request(method, path, **options)

    def has_route(self, method: str, path: str) -> bool:
        """Whether the app has a route for a request that is not for every path, with or without a slash at the end."""
        whole = path.rstrip("/")
        return any(
            _matches(route, method, wanted) and not _matches(route, method, "/no-such-path")
            for wanted in (whole, f"{whole}/")
            for route in self.app().routes
        )

    def close(self) -> None:
        """Shut the app down, whatever becomes of that."""
        with suppress(Exception):
            self.stop()

    def _routes(self) -> tuple[str, ...]:
        """What the app answers to, as its documentation has it: ``POST /items/``, ..."""
        with suppress(Exception):
            assert self._app is not None
            return tuple(
                f"{verb.upper()} {path}" for path, verbs in self._app.openapi()["paths"].items() for verb in verbs
            )
        return ()


def _read_once(message: Any) -> Any:
    """A piece of an answer in Python's own types, as a server reads it: objects of the learner's may say something
    else each time that they are asked.
    """
    kind = "".join([message["type"]])
    if kind == "http.response.start":
        headers = [(b"".join([name]), b"".join([value])) for name, value in message.get("headers", ())]
        return {"type": kind, "status": int.__add__(message["status"], 0), "headers": headers}
    if kind == "http.response.body":
        body, more = b"".join([message.get("body", b"")]), bool(message.get("more_body", False))
        return {"type": kind, "body": body, "more_body": more}
    return message


class _Sent:
    """What of an answer has been sent: a client waits for all of it. Source: ASGI specification, "HTTP".

    Attributes:
        status: its status code.
    """

    def __init__(self) -> None:
        self.status = 0
        self._begun = self._complete = False
        self._left: int | None = None  # bytes; None where its head does not say how many there are

    @property
    def is_cut_off(self) -> bool:
        """Whether it has begun, and not ended."""
        return self._begun and not self._complete

    def is_complete_with(self, message: Any) -> bool:
        """Whether this message ends it, or goes on where it seemed to have ended.

        An empty last piece, which some middleware sends late, is not waited for.
        """
        if message["type"] == "http.response.start":
            self.status, self._begun = message["status"], True
            length = dict(message["headers"]).get(b"content-length", b"")
            self._left = int(length) if length.isdigit() and len(length) < 20 else None
        elif message["type"] == "http.response.body" and self._begun:
            body, seemed_complete = message["body"], self._complete
            if self._left is not None:
                self._left -= len(body)
            ends = not message["more_body"] or (self._left is not None and self._left <= 0)
            self._complete = seemed_complete or ends
            return bool(body) if seemed_complete else ends
        return False


def _matches(route: BaseRoute, method: str, path: str) -> bool:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    return route.matches(scope)[0] is Match.FULL


def warm_up() -> None:
    """Use FastAPI and the client once, in small: what they import on first use is then there."""
    app = FastAPI()

    def endpoint(number: Any, session: Any) -> Any:
        return number

    endpoint.__annotations__ |= {"number": int, "session": Annotated[None, Depends(lambda: None)]}
    app.get("/{number}", response_model=int)(endpoint)
    running = RunningApp(app)
    running.request("GET", "/1")
    running.request("GET", "/x")
    running.close()
