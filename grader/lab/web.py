"""The learner's app behind an HTTP client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from grader.lab.asgi import Client
from grader.lab.lab import Answer, Lab
from grader.lab.probes import Probe, probe_api
from grader.lab.verdicts import TASK_TO_DO, Broken, ToDo, is_to_do
from grader.lab.words import shorten, show


class Web:
    """Starts an app, sends requests to it, and tells what was done and answered."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._client: Client | None = None
        self._app: FastAPI | None = None
        self._endpoint: object = None

    def app(self) -> FastAPI:
        """The learner's FastAPI application."""
        app = self._lab.need("main.app")
        if not isinstance(app, FastAPI):
            raise Broken(
                f"main.app is {show(app)}", "main.app is a FastAPI()", f"{self._lab.place.chapter}/app/main.py"
            )
        return app

    def start(self, app: FastAPI | None = None) -> None:
        """Start the learner's app, or another: its lifespan begins.

        Raises:
            Wrong: it does not start.
        """
        app = self._app = app or self.app()

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def telling(message: Any) -> None:
                if message["type"] == "http.response.start":
                    self._lab.seen.note_answer(message["status"])
                await send(message)

            try:
                await app(scope, receive, telling)
            finally:
                self._endpoint = scope.get("endpoint")
                self._lab.look_at(self._endpoint)

        with self._lab.learner_code("an app that starts"):
            self._client = Client(watched)

    def stop(self) -> None:
        """Shut the app down: its lifespan ends."""
        client, self._client = self._client, None
        if client is not None:
            with self._lab.learner_code("an app that shuts down"):
                client.close()

    def start_probe(self) -> Probe:
        """Start an API of the grader's own whose endpoints use the learner's ``get_db``."""
        app, probe = probe_api(self._lab)
        self.start(app)
        return probe

    def request_both(self, *paths: str) -> list[Answer]:
        """Send GET requests at the same time."""
        with ThreadPoolExecutor(len(paths)) as pool:
            return list(pool.map(lambda path: self.request("GET", path), paths))

    def request(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request to the app; it is started first where it is not running.

        Args:
            method: ``GET``, ``POST``, ...
            path: path and query.
            options: as for `Client.request`, for example ``json=``.

        Raises:
            ToDo: the answer is the starter's 501.
        """
        if self._client is None:
            self.start()
            self._lab.begin_timeline()
        assert self._client is not None
        body = options.get("json", options.get("content"))
        self._lab.did(f"{method} {shorten(path)}{' ' + show(body) if body is not None else ''}")
        response = self._client.request(method, path, **options)
        if response.error is not None:
            if is_to_do(response.error):
                raise ToDo(str(response.error), where=self._lab.where_of(response.error))
            return Answer(500, error=response.error)
        answer = Answer(response.status, response.body.decode("utf-8", "replace"), unrouted=self._endpoint is None)
        if answer.unrouted and answer.status in (404, 405):
            answer.routes = self._routes()
        detail = answer.json.get("detail") if isinstance(answer.json, dict) else None
        if answer.status == 501 and isinstance(detail, str) and TASK_TO_DO.match(detail):
            raise ToDo(detail)
        return answer

    def _routes(self) -> tuple[str, ...]:
        """What the app answers to, as its documentation has it: ``POST /items/``, ..."""
        with suppress(Exception):
            assert self._app is not None
            return tuple(
                f"{verb.upper()} {path}" for path, verbs in self._app.openapi()["paths"].items() for verb in verbs
            )
        return ()


def warm_up() -> None:
    """Use FastAPI and the client once, in small: what they import on first use is then there."""
    app = FastAPI()

    def endpoint(number: Any, session: Any) -> Any:
        return number

    endpoint.__annotations__ |= {"number": int, "session": Annotated[None, Depends(lambda: None)]}
    app.get("/{number}", response_model=int)(endpoint)
    client = Client(app)
    client.request("GET", "/1")
    client.request("GET", "/x")
    client.close()
