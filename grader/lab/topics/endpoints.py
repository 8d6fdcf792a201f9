"""In the child: when an endpoint is at work, and what it let through."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grader.lab.client import Client


class Endpoints:
    """Watches the endpoint of each request, apart from what prepares it and what comes after it.

    Attributes:
        phase: ``before``, ``inside`` or ``after`` the endpoint's work.
        error: the exception that it let through, whatever became of that afterwards.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.phase = "before"
        self.error: BaseException | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        routing: Any = importlib.import_module("fastapi.routing")
        original = routing.run_endpoint_function

        async def run_endpoint(**arguments: Any) -> Any:
            self.phase = "inside"
            try:
                return await original(**arguments)
            except BaseException as error:
                self.error = error
                raise
            finally:
                self.phase = "after"

        self._client.before_each(self._begin)
        routing.run_endpoint_function = run_endpoint
        try:
            yield
        finally:
            routing.run_endpoint_function = original

    def _begin(self) -> None:
        """Watch a new request."""
        self.phase, self.error = "before", None
