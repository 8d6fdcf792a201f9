"""Command: what a submission that is a folder holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from grader.classroom.intake import limits
from grader.classroom.intake.layout import DEEPEST, Parts, chapter_of, is_theirs
from grader.classroom.intake.submission import Chapter, Unreadable, as_text, is_too_long, shown
from grader.shown import harmless
from grader.starters import TooMuch, code_files, read_code


class FolderTree:
    """What a folder holds, as far as chapters can lie in it; what lies in a chapter is read when it is asked for.

    Args:
        folder: the folder.

    Raises:
        OSError: it cannot be listed.
        Unreadable: it holds too much.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.notes: list[str] = []
        self.kinds: Mapping[Parts, str] = self._listed()

    def _listed(self) -> dict[Parts, str]:
        found: dict[Parts, str] = {}
        waiting: list[Parts] = [()]
        while waiting:
            place = waiting.pop()
            try:
                with os.scandir(self._folder.joinpath(*place)) as entries:
                    inner = [(entry.name, _kind(entry)) for entry in entries]
            except OSError as error:
                if not place:
                    raise
                self.notes.append(f"{shown('/'.join(place))} cannot be read ({error.strerror})")
                continue
            # What lies in a chapter is read when it is known that this is the copy.
            in_chapter = bool(place) and bool(chapter_of(place[-1])) and any(name == "app" for name, _ in inner)
            closed = in_chapter or place[-1:] == ("app",)
            for name, kind in inner:
                path = (*place, name)
                found[path] = kind
                if len(found) > limits.MOST_MEMBERS:
                    raise Unreadable(f"it holds more than {limits.MOST_MEMBERS} files")
                if kind == "folder" and not closed and is_theirs(path) and len(path) <= DEEPEST + 1:
                    waiting.append(path)
        return found

    def code(self, app: Parts, name: str, room: limits.Room) -> Chapter:
        """The code in a folder; what counts as code is the bench's word (see `Tree`)."""
        root = self._folder.joinpath(*app)
        files: dict[str, bytes] = {}
        try:
            for path, file in code_files(root, self._folder):
                inner = path.relative_to(root).as_posix()
                if is_too_long(as_text(f"app/{inner}")):
                    return Chapter(refused=harmless(f"{name}/app/{inner[:30]}... has a name that is too long"))
                try:
                    content = read_code(file)
                except OSError as error:
                    return Chapter(refused=f"{shown(f'{name}/app/{inner}')} cannot be read ({error.strerror})")
                room.take(len(content))
                files[as_text(f"app/{inner}")] = content
        except TooMuch as problem:
            return Chapter(refused=harmless(f"{name}/{problem}"))
        return Chapter(files)

    def read(self, file: Parts, most: int) -> bytes:
        """What a file holds (see `Tree`)."""
        with self.open(file, most) as opened:
            return opened.read(most)

    def open(self, file: Parts, most: int) -> IO[bytes]:
        """A regular file, never a link, and never one that waits for somebody (see `Tree`)."""
        path = self._folder.joinpath(*file)
        place = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        opened = os.fdopen(place, "rb")
        if not stat.S_ISREG(os.fstat(place).st_mode):
            opened.close()
            raise OSError(0, "it is no regular file")
        return opened


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    return "folder" if entry.is_dir(follow_symlinks=False) else "file" if entry.is_file() else "other"
