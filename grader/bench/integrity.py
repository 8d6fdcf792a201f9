"""Verdict process: whether the grader and the solutions are what they were, where no wall kept code from them."""

from __future__ import annotations

import importlib.util
import marshal
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType

from grader.starters import PROJECT, SOLUTIONS

_WATCHED = (PROJECT / "grader", SOLUTIONS)
# Python's caches: the grader's own processes write them, too. Those of pytest are written before anything is graded.
_CACHE, _PYTESTS = ".pyc", "-pytest-"
_HEADER = 16

Stamp = tuple[int, int, int, int]


class Snapshot:
    """How the files are now: their sizes, and when they were changed, which code can set back for nobody but itself."""

    def __init__(self) -> None:
        self._stamps = dict(_stamps())

    def changed(self) -> list[str]:
        """The files that are not what they were, below the project's folder; in order."""
        now = dict(_stamps())
        touched = (path for path in self._stamps.keys() | now.keys() if self._stamps.get(path) != now.get(path))
        return sorted(Path(path).relative_to(PROJECT).as_posix() for path in touched if not _is_harmless(path, now))


def sentence(changed: list[str]) -> str:
    """What there is to say of changed files; empty where there are none."""
    if not changed:
        return ""
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return (
        f"{changed[0]}{more} changed while the code ran: the grader or a solution may be damaged, and these verdicts "
        f"may be wrong. Restore the files, for example with 'git checkout -- grader solutions', and remove "
        f"every __pycache__ there."
    )


def _stamps() -> Iterator[tuple[str, Stamp]]:
    waiting = [str(folder) for folder in _WATCHED]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    with suppress(OSError):
                        about = entry.stat(follow_symlinks=False)
                        yield entry.path, (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)


def _is_harmless(path: str, now: dict[str, Stamp]) -> bool:
    """Whether this is a cache that has gone, or that says what its source does."""
    if not path.endswith(_CACHE) or _PYTESTS in Path(path).name:
        return False
    return path not in now or _says_what_its_source_does(path)


def _says_what_its_source_does(cache: str) -> bool:
    with suppress(OSError, ValueError, EOFError, TypeError, SyntaxError):
        source = Path(importlib.util.source_from_cache(cache))
        code: CodeType = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
        return bool(marshal.loads(Path(cache).read_bytes()[_HEADER:]) == code)
    return False
