"""Commands: notices when a learner saves a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_POLL = 0.3  # seconds between two looks where the file system tells nothing


def saves(folder: Path, stop: threading.Event) -> Iterator[list[str]]:
    """Names of the Python files of a chapter that were saved, each time when some were.

    What counts is what the files look like, not what the file system tells: some, such as network drives, tell
    nothing.

    Args:
        folder: the chapter's folder.
        stop: ends it.
    """
    before = _stamps(folder)
    for _ in _wake_ups(folder, stop):
        now = _stamps(folder)
        names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        if names:
            before = now
            yield names


def _wake_ups(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Yield whenever something happens in the folder, and now and then when nothing does."""
    import watchfiles

    with suppress(OSError, RuntimeError):  # no such folder, or the system watches too many already
        for _ in watchfiles.watch(
            folder,
            watch_filter=watchfiles.PythonFilter(),
            stop_event=stop,
            debounce=200,
            step=20,
            rust_timeout=int(_POLL * 1000),
            yield_on_timeout=True,
        ):
            yield
    while not stop.wait(_POLL):
        yield


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for file in folder.glob("app/**/*.py"):
        with suppress(OSError):
            about = file.stat()
            found[file.relative_to(folder).as_posix()] = (about.st_mtime_ns, about.st_size)
    return found
