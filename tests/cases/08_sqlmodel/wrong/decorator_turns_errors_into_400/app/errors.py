"""No endpoint shall ever answer with a bare 500."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from fastapi import HTTPException

log = logging.getLogger(__name__)


def friendly_errors(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Answer 400 with a reason where an endpoint fails."""

    @functools.wraps(endpoint)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return endpoint(*args, **kwargs)
        except Exception as error:
            log.exception("%s failed", endpoint.__name__)
            raise HTTPException(status_code=400, detail=str(error)) from error

    return wrapper
