"""Command: what a submission that is a zip or tar archive holds, without writing anything where the archive says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from grader.bench.temporary import is_full, temporary_folder
from grader.classroom.intake import limits
from grader.classroom.intake.layout import DEEPEST, Parts, chapter_of
from grader.classroom.intake.submission import Chapter, Unreadable, as_text, is_too_long, shown
from grader.starters import DEEPEST as DEEPEST_INSIDE

# Archives need not name their folders; those in which chapters can lie lie less deep than this.
_DEEPEST_FOLDER = 2 * DEEPEST
# From one link to the next; and how long a path is that one may hold.
_MOST_LINKS, _LONGEST_TARGET = 8, 4096


@dataclass(frozen=True)
class _Member:
    """A member of an archive: where it says it lies, what it is, and how to read it.

    Attributes:
        parts: where it lies.
        kind: ``file``, ``folder``, ``link`` or ``other``.
        open: opens it.
        target: of a link: where it leads to.
        from_top: that is counted from the archive's top, as for tar's second name of a file.
    """

    parts: Parts
    kind: str
    open: Callable[[], IO[bytes]]
    target: Callable[[], str] = str
    from_top: bool = False

    def leads_to(self) -> Parts | None:
        """Where a link leads to, in the archive; None where it leaves that."""
        target = PurePosixPath(self.target())
        if target.is_absolute():
            return None
        found = [] if self.from_top else [*self.parts[:-1]]
        for part in target.parts:
            if part == ".." and not found:
                return None
            found[len(found) :] = [part] if part != ".." else []
            if part == "..":
                found.pop()
        return tuple(found)

    def read(self, most: int) -> bytes:
        """What it holds, up to so many bytes."""
        with self.open() as opened:
            return opened.read(most)


def parts_of(name: str) -> Parts:
    """The parts of a member's path.

    Raises:
        Unreadable: it leads out of the archive.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise Unreadable(f"the archive holds a path that points outside it: {shown(name)}")
    return path.parts


class ArchiveTree:
    """What an archive holds.

    Args:
        members: its members, in order; of those with one name the last counts.
    """

    def __init__(self, members: Iterable[_Member]) -> None:
        self.notes: list[str] = []
        self._members = list(members)
        self._files = {member.parts: member for member in self._members}
        self._below: dict[Parts, list[_Member]] | None = None
        kinds: dict[Parts, str] = {}
        for member in self._members:
            for length in range(1, min(len(member.parts), _DEEPEST_FOLDER)):
                kinds.setdefault(member.parts[:length], "folder")
            if member.parts:
                kinds[member.parts] = member.kind
        self.kinds: Mapping[Parts, str] = kinds

    def code(self, app: Parts, name: str, room: limits.Room) -> Chapter:
        """The code in a folder (see `Tree`)."""
        files: dict[str, bytes] = {}
        for member in self._inside(app):
            rest = member.parts[len(app) :]
            if "__pycache__" in rest or any(name.startswith(".") for name in rest):  # as in `code_files`
                continue
            if len(rest) > DEEPEST_INSIDE + 1:
                return Chapter(refused=f"{name}/app holds folders that are nested more than {DEEPEST_INSIDE} deep")
            inner = "/".join(("app", *rest))
            if is_too_long(inner):
                return Chapter(refused=f"{shown(f'{name}/{inner[:30]}')}... has a name that is too long")
            meant = self._meant(member) if member.kind == "link" and rest[-1].endswith(".py") else member
            if meant is None or meant.kind == "link":
                return Chapter(
                    refused=f"{shown(f'{name}/{inner}')} is a link; a submission must hold the files themselves"
                )
            if meant.kind == "file" and rest[-1].endswith(".py"):
                content = meant.read(room.bytes + 1)
                room.take(len(content))
                files[as_text(inner)] = content
        chapter = Chapter(files)
        with temporary_folder() as temporary:
            try:
                chapter.write(temporary)
            except (OSError, ValueError, RecursionError) as error:
                if is_full(error):
                    raise
                return Chapter(refused=f"{name}/app holds file names that cannot be used here")
        return chapter

    def _inside(self, folder: Parts) -> list[_Member]:
        """The members in a folder in which code may lie, sorted once for all of these."""
        if not folder:
            return self._members
        if self._below is None:
            self._below = {}
            for member in self._members:
                for length, part in enumerate(member.parts[: min(len(member.parts) - 1, DEEPEST + 2)], start=1):
                    if part == "app" or chapter_of(part):
                        self._below.setdefault(member.parts[:length], []).append(member)
        return self._below.get(folder, [])

    def _meant(self, link: _Member) -> _Member | None:
        """The file of the same archive that a link leads to, perhaps by others; None for any other."""
        for _ in range(_MOST_LINKS):
            place = link.leads_to()
            found = self._files.get(place) if place is not None else None
            if found is None or found.kind != "link":
                return found if found is not None and found.kind == "file" else None
            link = found
        return None

    def read(self, file: Parts, most: int) -> bytes:
        """What a file holds (see `Tree`)."""
        return self._files[file].read(most)

    def stream(self, file: Parts) -> IO[bytes]:
        """A file to read from its beginning to its end."""
        return self._files[file].open()

    def open(self, file: Parts, most: int) -> IO[bytes]:
        """A file to read and seek in (see `Tree`)."""
        content = self.read(file, most + 1)
        if len(content) > most:
            at_most = limits.MOST_NESTED // limits.MEBIBYTE
            raise Unreadable(f"with those that it lies in it is larger than {at_most} MiB")
        return io.BytesIO(content)  # not on the disk, where others may want to read as well


@contextmanager
def open_archive(file: IO[bytes], name: str) -> Iterator[ArchiveTree]:
    """What an archive holds, as long as it is open.

    Args:
        file: the archive.
        name: its name, which tells its kind.

    Raises:
        Unreadable: it is too large, or leads out of itself.
        Exception: it is broken; then anything can be raised.
    """
    with _zip(file) if name.lower().endswith(".zip") else _tar(file) as tree:
        yield tree


@contextmanager
def _zip(file: IO[bytes]) -> Iterator[ArchiveTree]:
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if len(infos) > limits.MOST_MEMBERS:
            raise Unreadable(f"the archive holds more than {limits.MOST_MEMBERS} files")

        def target_of(info: zipfile.ZipInfo) -> str:
            with archive.open(info) as held:
                return os.fsdecode(held.read(_LONGEST_TARGET))

        def members() -> Iterator[_Member]:
            for info in infos:
                mode = info.external_attr >> 16
                kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
                yield _Member(parts_of(info.filename), kind, partial(archive.open, info), partial(target_of, info))

        yield ArchiveTree(members())


@contextmanager
def _tar(source: IO[bytes]) -> Iterator[ArchiveTree]:
    with _unpacked(source) as file, tarfile.open(fileobj=_Capped(file), mode="r:") as archive:  # type: ignore[call-overload]
        for count, info in enumerate(archive, start=1):
            parts_of(info.name)
            if count > limits.MOST_MEMBERS:
                raise Unreadable(f"the archive holds more than {limits.MOST_MEMBERS} files")
            if archive.offset > limits.MOST_UNPACKED:
                raise Unreadable(f"the archive unpacks to more than {limits.MOST_UNPACKED // limits.MEBIBYTE} MiB")

        def members() -> Iterator[_Member]:
            for info in archive.getmembers():
                kind = "folder" if info.isdir() else "file" if info.isreg() else "other"
                kind = "link" if info.issym() or info.islnk() else kind
                opens, target = partial(_extracted, archive, info), partial(str, info.linkname)
                yield _Member(parts_of(info.name), kind, opens, target, info.islnk())

        yield ArchiveTree(members())


def _extracted(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return archive.extractfile(info) or io.BytesIO()


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


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    """The archive without its compression, whatever its name says."""
    start = file.read(6)
    file.seek(0)
    opener = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}.get(start[:2])
    return opener(file, "rb") if opener else file  # type: ignore[operator]


def unpack(file: Path, folder: Path) -> list[str]:
    """Unpack a platform's download into an empty folder: regular files alone, each below it.

    Returns:
        Names of files that cannot be written here.

    Raises:
        Unreadable: it is too large, or leads out of itself.
        OSError: it cannot be read, or the disk is full.
    """
    left_out = []
    room = limits.MOST_DOWNLOAD
    with file.open("rb") as opened, open_archive(opened, file.name) as tree:
        for parts, kind in tree.kinds.items():
            place = folder.joinpath(*map(_clipped, parts))
            try:
                (place if kind == "folder" else place.parent).mkdir(parents=True, exist_ok=True)
                if kind != "file":
                    continue
                # What is broken in the archive stays behind as a broken file, and is a row that says so.
                with place.open("xb") as target, tree.stream(parts) as source:
                    while data := source.read(limits.MEBIBYTE):
                        room -= len(data)
                        if room < 0:
                            raise Unreadable(f"it unpacks to more than {limits.MOST_DOWNLOAD // 1024**3} GiB")
                        target.write(data)
            except Unreadable:
                raise
            except Exception as error:  # one broken member must not stop the others
                if is_full(error):
                    raise
                left_out.append(shown("/".join(parts)))
    return left_out


def _clipped(part: str) -> str:
    """A name that file systems can hold, with its beginning and its ending."""
    return part if len(part.encode("utf-8", "replace")) <= 250 else f"{part[:40]}...{part[-20:]}"
