"""Run functions that block without stopping the event loop."""

from collections.abc import Callable
from typing import Any

from fastapi.concurrency import run_in_threadpool


async def in_background(function: Callable[..., Any], *arguments: Any) -> None:
    """Run the function in a background thread."""
    await run_in_threadpool(function, *arguments)
