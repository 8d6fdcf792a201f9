"""Commands and kernel: what is kept in a learner's folder, in ``.workbook/``: backups, and JSON files.

Each of the files can be deleted at any time. The folder may be a stranger's: no link in it is followed, and nothing in
it is waited for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader import BadInput
from grader.places import MOST_READ, found_home, read_file

_DEEPEST, _MOST_FILES = 12, 20_000


def kept(home: Path | None = None) -> Path:
    """The folder ``.workbook``.

    Args:
        home: the folder that holds it; this process's if none is given.

    Raises:
        BadInput: it is a link, or holds one, which may lead into somebody else's folder; or what is no file.
    """
    folder = (home or found_home() or Path.cwd()) / ".workbook"
    if folder.is_symlink():
        raise BadInput(f"'{folder}' is a link; remove it, or put the folder itself there, and try again.")
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
                raise BadInput(f"'{folder / entry.name}' is a link, or no ordinary file; remove it, and try again.")
    return folder


def read(name: str, home: Path | None = None) -> dict[str, Any]:
    """What a file in ``.workbook/`` holds; nothing where it is missing or was spoilt."""
    try:
        data = json.loads(read_file(kept(home) / name))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def write(name: str, data: Mapping[str, Any], home: Path | None = None) -> None:
    """Write a file in ``.workbook/`` as a whole.

    Raises:
        OSError: it cannot be written.
    """
    file = kept(home) / name
    file.parent.mkdir(exist_ok=True)
    put(file, f"{json.dumps(data, indent=1)}\n".encode())


def put(file: Path, content: bytes) -> None:
    """Put a file in the place of another, as a whole: nothing is written into what is there, be it somebody else's.

    Raises:
        OSError: it cannot be written.
    """
    number, new = 0, file.with_name(f".{file.name}.new")
    while new.is_symlink() or new.exists():
        number += 1
        new = file.with_name(f".{file.name}.new{number}")
    with new.open("xb") as opened:
        opened.write(content)
    new.replace(file)


def code_below(folder: Path) -> dict[Path, bytes]:
    """The files of Python in a folder and those below it, with what they hold.

    Raises:
        BadInput: they are so large that no command can work with them.
        OSError: one cannot be read.
    """
    found: dict[Path, bytes] = {}
    room = MOST_READ
    for file in files_below(folder):
        if file.suffix == ".py":
            room -= file.stat().st_size
            if room < 0:
                raise BadInput(f"'{folder}' holds more than {MOST_READ >> 20} MB of code; move what is not yours away.")
            found[file] = read_file(file)
    return found


def files_below(folder: Path) -> list[Path]:
    """The ordinary files in a folder and those below it, in order; of a very large or deep one only some."""
    found: list[Path] = []
    waiting = [(folder, 0)]
    while waiting and len(found) < _MOST_FILES:
        place, depth = waiting.pop()
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found.append(Path(entry))
                elif entry.is_dir(follow_symlinks=False) and depth < _DEEPEST:
                    waiting.append((Path(entry), depth + 1))
    return sorted(found)
