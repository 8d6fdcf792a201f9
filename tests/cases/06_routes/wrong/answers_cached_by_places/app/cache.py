"""A small cache for answers."""

from collections.abc import Callable
from functools import wraps
from typing import Any


class AnswerCache:
    """Remembers what an endpoint answered until something is written."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Any, ...], Any] = {}

    def cached(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator for endpoints that only read."""

        @wraps(endpoint)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            key = (endpoint.__name__, *args)
            if key not in self._answers:
                self._answers[key] = endpoint(*args, **kwargs)
            return self._answers[key]

        return wrapper

    def evicts(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator for endpoints that write."""

        @wraps(endpoint)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                return endpoint(*args, **kwargs)
            finally:
                self._answers.clear()

        return wrapper


answers = AnswerCache()
