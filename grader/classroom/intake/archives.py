"""Command: reads a submission that is a zip or tar archive, without writing anything where the archive says."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from grader.classroom.intake import limits
from grader.classroom.intake.layout import root_of
from grader.classroom.intake.submission import Chapter, Submission, Unreadable, as_text, shown
from grader.rules import CHAPTERS


@dataclass(frozen=True)
class _Member:
    """A member of an archive: where it says it lies, what it is, and how to read it."""

    parts: tuple[str, ...]
    kind: str  # "file", "folder", "link" or "other"
    read: Callable[[int], bytes]


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a member's path.

    Raises:
        Unreadable: it leads out of the archive.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise Unreadable(f"the archive holds a path that points outside it: {shown(name)}")
    return path.parts


def read_zip(path: Path) -> Submission:
    """The chapters in a zip archive."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > limits.MOST_MEMBERS:
            raise Unreadable(f"the archive holds more than {limits.MOST_MEMBERS} files")

        def all_members() -> Iterator[_Member]:
            for info in members:
                mode = info.external_attr >> 16
                kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"

                def content(most: int, info: zipfile.ZipInfo = info) -> bytes:
                    with archive.open(info) as file:
                        return file.read(most)

                yield _Member(_parts(info.filename), kind, content)

        return _sorted_out(all_members(), root_of({place for info in members for place in _places(info.filename)}))


def read_tar(path: Path) -> Submission:
    """The chapters in a tar archive."""
    with _unpacked(path) as file, tarfile.open(fileobj=_Capped(file), mode="r:") as archive:  # type: ignore[call-overload]
        names = []
        for info in archive:
            names.append(info.name)
            if len(names) > limits.MOST_MEMBERS:
                raise Unreadable(f"the archive holds more than {limits.MOST_MEMBERS} files")
            if archive.offset > limits.MOST_UNPACKED:
                raise Unreadable(f"the archive unpacks to more than {limits.MOST_UNPACKED // limits.MEBIBYTE} MiB")
        root = root_of({place for name in names for place in _places(name)})

        def all_members() -> Iterator[_Member]:
            for info in archive.getmembers():
                kind = "folder" if info.isdir() else "file" if info.isreg() else "other"

                def content(most: int, info: tarfile.TarInfo = info) -> bytes:
                    file = archive.extractfile(info)
                    return file.read(most) if file is not None else b""

                yield _Member(_parts(info.name), "link" if info.issym() or info.islnk() else kind, content)

        return _sorted_out(all_members(), root)


class _Capped:
    """A file that is read in moderate pieces only: a header of gigabytes is no header."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if not 0 <= size <= 2 * limits.MOST_BYTES:
            raise Unreadable("the archive holds a header or file that is far too large")
        return self._file.read(size)


def _unpacked(path: Path) -> IO[bytes]:
    """The archive without its compression, whatever its name says."""
    with path.open("rb") as file:
        start = file.read(6)
    opener = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}.get(start[:2], open)
    return opener(path, "rb")  # type: ignore[operator, no-any-return]


def _places(name: str) -> Iterator[tuple[str, ...]]:
    """The folders on a member's path that hold a chapter."""
    parts = _parts(name)
    for number, part in enumerate(parts):
        if part in CHAPTERS:
            yield parts[:number]
            return


def _sorted_out(members: Iterable[_Member], root: tuple[str, ...] | None) -> Submission:
    """The chapters below the root of an archive."""
    files: dict[str, dict[str, bytes]] = {}
    refused: dict[str, str] = {}
    room = limits.Room()
    for member in members:
        parts = member.parts[len(root) :] if root is not None and member.parts[: len(root)] == root else ()
        if not parts or parts[0] not in CHAPTERS:
            continue
        chapter, rest = parts[0], parts[1:]
        files.setdefault(chapter, {})
        if rest[:1] not in ((), ("app",)) or "__pycache__" in rest:
            continue
        if member.kind == "link":
            link = "/".join(parts if len(rest) > 1 else (chapter, "app"))
            refused.setdefault(chapter, f"{shown(link)} is a link; a submission must hold the files themselves")
        elif member.kind == "file" and len(rest) > 1 and rest[-1].endswith(".py"):
            content = member.read(room.bytes + 1)
            room.take(len(content))
            files[chapter][as_text("/".join(rest))] = content
        elif rest == ("app",) and member.kind == "folder":
            files[chapter].setdefault("", b"")
    return Submission({chapter: _chapter(chapter, files[chapter], refused) for chapter in CHAPTERS if chapter in files})


def _chapter(name: str, files: dict[str, bytes], refused: Mapping[str, str]) -> Chapter:
    has_app = bool(files)
    files.pop("", None)
    if name in refused:
        return Chapter(refused=refused[name])
    if not has_app:
        return Chapter(refused=f"{name}/app is missing; the chapter's code belongs there")
    chapter = Chapter(files)
    with tempfile.TemporaryDirectory(prefix="grader-") as temporary:
        try:
            chapter.write(Path(temporary))
        except (OSError, ValueError):
            return Chapter(refused=f"{name}/app holds file names that cannot be used here")
    return chapter
