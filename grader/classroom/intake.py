"""Takes submissions in: one folder, zip or tar archive for each learner, read safely and within limits.

A submission becomes plain data: per chapter the code that counts, as bytes. Nothing of an archive is ever
written where it says: what is graded is written anew, file by file, below a folder of the grader's own.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from grader import BadInput
from grader.bench.staging import stage
from grader.rules import CHAPTERS

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHER_ARCHIVES = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")
_MEBIBYTE = 1024 * 1024
MOST_MEMBERS = 100_000
MOST_FILES = 1_000
MOST_BYTES = 20 * _MEBIBYTE
MOST_UNPACKED = 1024 * _MEBIBYTE
# Folders of a clone that hold no work of the learner's, or copies of what is not theirs.
_NOT_THEIRS = {"solutions", "tests", "grader", "notebooks", "node_modules", "__MACOSX", "__pycache__", "site-packages"}
_DEEPEST = 4


class Unreadable(Exception):
    """Nothing of a submission can be used; the message says why."""


@dataclass(frozen=True)
class Chapter:
    """What a learner handed in for one chapter.

    Attributes:
        files: content by path below the chapter's folder, ``app/crud.py``.
        refused: why it cannot be graded; empty when it can.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    refused: str = ""

    @property
    def digest(self) -> str:
        """A fingerprint of the content: the same for the same code, whoever handed it in."""
        found = hashlib.sha256(self.refused.encode())
        for path, content in sorted(self.files.items()):
            found.update(b"\0%d %d\0" % (len(path.encode()), len(content)) + path.encode() + content)
        return found.hexdigest()[:32]

    def write(self, folder: Path) -> None:
        """Write the code below an empty folder.

        Raises:
            OSError: a name cannot be written here.
        """
        for path, content in self.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        (folder / "app").mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Submission:
    """What one learner handed in, by chapter; a chapter that is not there is still to do."""

    chapters: Mapping[str, Chapter]


@dataclass(frozen=True)
class Entry:
    """A submission that was found, not yet read."""

    learner: str
    path: Path


def find(folder: Path) -> tuple[list[Entry], list[str]]:
    """The submissions in a folder, by learner.

    Returns:
        The submissions, and the names of files that are none.

    Raises:
        BadInput: the folder does not exist, is itself one submission, holds none, or two of one learner.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder '{folder}'. Give the folder that holds one submission for each learner.")
    if any((folder / chapter).is_dir() or (folder / "chapters" / chapter).is_dir() for chapter in CHAPTERS):
        raise BadInput(
            f"'{folder}' is one submission itself. Give the folder that holds a folder, zip or tar archive per learner."
        )
    found: dict[str, Entry] = {}
    ignored = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        learner = _learner(path)
        if not learner:
            ignored.append(_printable(path.name))
        elif learner in found:
            raise BadInput(
                f"There are two submissions of '{learner}', {_printable(found[learner].path.name)} and "
                f"{_printable(path.name)}. Rename or remove one."
            )
        else:
            found[learner] = Entry(learner, path)
    if not found:
        raise BadInput(f"'{folder}' holds no submission. Put a folder, zip or tar archive for each learner into it.")
    return list(found.values()), ignored


def _learner(path: Path) -> str:
    """The learner's id: the name of the folder, or of the archive without its ending."""
    name = _printable(path.name)
    if path.is_dir():
        return name
    endings = sorted((*ARCHIVES, *_OTHER_ARCHIVES), key=len, reverse=True)
    ending = next((ending for ending in endings if name.lower().endswith(ending)), "")
    return name[: -len(ending)].strip() if ending else ""


def _printable(name: str) -> str:
    """A file name as text that can be written anywhere."""
    return os.fsencode(name).decode("utf-8", "replace").strip()


def read(path: Path) -> Submission:
    """Read a submission.

    Args:
        path: its folder or archive.

    Raises:
        Unreadable: nothing of it can be used.
    """
    name = path.name.lower()
    try:
        if path.is_symlink():
            raise Unreadable("it is a link; a submission has to be its own files")
        if path.is_dir():
            return _read_folder(path)
        if name.endswith(".zip"):
            return _read_zip(path)
        if name.endswith(ARCHIVES):
            return _read_tar(path)
    except Unreadable:
        raise
    except Exception as error:  # a broken archive can raise anything; it must not stop the others
        reason = _shown(str(error)).strip().split("\n")[0] or type(error).__name__
        raise Unreadable(f"it cannot be read: {reason}") from None
    raise Unreadable("it is no folder, zip or tar archive")


# -- folders ------------------------------------------------------------------------------------


def _read_folder(folder: Path) -> Submission:
    places = set()
    for place, names, _ in os.walk(folder, onerror=_refuse):
        above = Path(place).relative_to(folder).parts
        if any(name in CHAPTERS for name in names):
            places.add(above)
        kept = [name for name in names if name not in _NOT_THEIRS and not name.startswith(".")]
        names[:] = [name for name in kept if name not in CHAPTERS and len(above) < _DEEPEST]
    root = _best(places)
    if root is None:
        return Submission({})
    found = {}
    room = _Room()
    for chapter in CHAPTERS:
        if (folder.joinpath(*root) / chapter).is_dir():
            found[chapter] = _read_chapter(folder.joinpath(*root), chapter, room)
    return Submission(found)


def _refuse_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _refuse(error: OSError) -> None:
    raise error


def _best(places: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Of all folders that hold chapters the one that is meant: the topmost; ``chapters`` before its neighbours."""

    def rank(place: tuple[str, ...]) -> tuple[int, bool, tuple[str, ...]]:
        in_chapters = place[-1:] == ("chapters",)
        return len(place) - in_chapters, not in_chapters, place

    allowed = [place for place in places if not _NOT_THEIRS & set(place) and len(place) <= _DEEPEST]
    return min((place for place in allowed if not any(part.startswith(".") for part in place)), key=rank, default=None)


class _Room:
    """How much of what a submission may hold is still free."""

    def __init__(self) -> None:
        self.files = MOST_FILES
        self.bytes = MOST_BYTES

    def take(self, size: int) -> None:
        """Use some of it.

        Raises:
            Unreadable: there is not so much.
        """
        self.files -= 1
        self.bytes -= size
        if self.files < 0:
            raise Unreadable(f"it holds more than {MOST_FILES} files of code")
        if self.bytes < 0:
            raise Unreadable(f"its code takes more than {MOST_BYTES // _MEBIBYTE} MiB")


def _read_chapter(submission: Path, chapter: str, room: _Room) -> Chapter:
    """A chapter of a folder; what counts as its code is the bench's word."""
    for place, names, files in os.walk(submission / chapter / "app", onerror=_refuse_unless_missing):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in files:
            if name.endswith(".py"):
                about = Path(place, name).lstat()
                room.take(about.st_size if stat.S_ISREG(about.st_mode) else 0)
    with tempfile.TemporaryDirectory(prefix="grader-") as temporary:
        copy = Path(temporary)
        refused = stage(submission, chapter, copy)
        if refused:
            return Chapter(refused=refused)
        code = sorted(file for file in copy.rglob("*.py") if file.is_file())
        return Chapter({_text(file.relative_to(copy).as_posix()): file.read_bytes() for file in code})


def _text(path: str) -> str:
    """A path that can be encoded; a name that is no UTF-8 is no module's."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


# -- archives -----------------------------------------------------------------------------------


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
        raise Unreadable(f"the archive holds a path that leads out of it: {_shown(name)}")
    return path.parts


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()[:200]


def _read_zip(path: Path) -> Submission:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise Unreadable(f"the archive holds more than {MOST_MEMBERS} files")

        def all_members() -> Iterator[_Member]:
            for info in members:
                mode = info.external_attr >> 16
                kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"

                def content(most: int, info: zipfile.ZipInfo = info) -> bytes:
                    with archive.open(info) as file:
                        return file.read(most)

                yield _Member(_parts(info.filename), kind, content)

        return _sorted_out(all_members(), _best({place for info in members for place in _places(info.filename)}))


def _read_tar(path: Path) -> Submission:
    with _unpacked(path) as file, tarfile.open(fileobj=_Capped(file), mode="r:") as archive:  # type: ignore[call-overload]
        names = []
        for info in archive:
            names.append(info.name)
            if len(names) > MOST_MEMBERS:
                raise Unreadable(f"the archive holds more than {MOST_MEMBERS} files")
            if archive.offset > MOST_UNPACKED:
                raise Unreadable(f"the archive unpacks to more than {MOST_UNPACKED // _MEBIBYTE} MiB")
        root = _best({place for name in names for place in _places(name)})

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
        if not 0 <= size <= 2 * MOST_BYTES:
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
    room = _Room()
    for member in members:
        parts = member.parts[len(root) :] if root is not None and member.parts[: len(root)] == root else ()
        if not parts or parts[0] not in CHAPTERS:
            continue
        chapter, rest = parts[0], parts[1:]
        files.setdefault(chapter, {})
        if rest[:1] not in ((), ("app",)) or "__pycache__" in rest:
            continue
        if member.kind == "link":
            shown = "/".join(parts if len(rest) > 1 else (chapter, "app"))
            refused.setdefault(chapter, f"{_shown(shown)} is a link; a submission has to be its own files")
        elif member.kind == "file" and len(rest) > 1 and rest[-1].endswith(".py"):
            content = member.read(room.bytes + 1)
            room.take(len(content))
            files[chapter][_text("/".join(rest))] = content
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
            return Chapter(refused=f"{name}/app holds names that cannot be written as files")
    return chapter
