"""Command: reads a submission, whatever it is: finds every copy of a chapter in it, and takes the one that counts."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from grader.bench.temporary import is_full
from grader.classroom.intake import limits
from grader.classroom.intake.archives import open_archive
from grader.classroom.intake.choosing import Copy, choose
from grader.classroom.intake.entry import Source
from grader.classroom.intake.folders import FolderTree
from grader.classroom.intake.layout import (
    ARCHIVES,
    DEEPEST,
    OTHER_ARCHIVES,
    Parts,
    asked_for,
    asked_name,
    chapter_in,
    chapter_of,
    is_theirs,
    starter_files,
    without_ending,
)
from grader.classroom.intake.submission import Chapter, Submission, Unreadable, shown
from grader.classroom.intake.trees import Tree
from grader.rules import CHAPTERS

_MOST_NESTED = 3
_LONGEST_FILE = 200 * 1024


def read(*sources: Source | Path, selected: Sequence[str] = CHAPTERS) -> Submission:
    """Read a submission.

    Args:
        sources: its folders, archives, and files of code.
        selected: the chapters that count; where it is one, code that says nothing else is of that.

    Raises:
        Unreadable: nothing of it can be used.
        OSError: the disk is full.
    """
    reading = _Reading(selected)
    reasons: list[tuple[str, str]] = []
    other = ""
    for source in sources:
        each = source if isinstance(source, Source) else Source(source, source.name)
        try:
            if not reading.take(each, several=len(sources) > 1):
                other = "it is no folder, zip or tar archive"
        except Unreadable as reason:
            reasons.append((each.name, str(reason)))
    try:
        submission = reading.result()
    except Unreadable as reason:
        reasons.append(("", str(reason)))
        submission = Submission({})
    if not submission.chapters and (reasons or other):
        raise Unreadable(reasons[0][1] if reasons else other)
    failed = [f"{shown(name)} was left out: {reason}" for name, reason in reasons]
    return Submission(submission.chapters, (*submission.notes, *failed))


class _Reading:
    """What has been found of one submission."""

    def __init__(self, selected: Sequence[str]) -> None:
        self._selected = selected
        self._room = limits.Room()
        self._held = 0  # bytes of the archives in archives that are open
        self._copies: list[Copy] = []
        self._loose: list[tuple[Parts, bytes]] = []
        self._notes: list[str] = []
        self._unreadable: list[str] = []

    def take(self, source: Source, several: bool) -> bool:
        """Find what a folder, an archive or a file holds; whether it is one that can hold anything.

        Args:
            source: the folder or file.
            several: whether there are others beside it, from which its places are told apart by its name.
        """
        path, name = source.path, source.name
        try:
            if path.is_symlink():
                raise Unreadable("it is a link; a submission must hold the files themselves")
            if path.is_dir():
                self._take_tree(FolderTree(path), (name,) if several else (), 0)
                return True
            if not path.is_file():  # a pipe, say, which nobody may ever write to
                raise Unreadable("it is no file and no folder")
            if name.lower().endswith(ARCHIVES):
                with path.open("rb") as file, open_archive(file, name) as tree:
                    self._take_tree(tree, (name,), 1)
                return True
            if asked_name(name):
                with path.open("rb") as file:
                    self._loose.append(((name,), file.read(_LONGEST_FILE)))
                return True
        except Unreadable:
            raise
        except Exception as error:  # a broken archive can raise anything; it must not stop the others
            if is_full(error):
                raise
            raise Unreadable(f"it cannot be read: {_reason(error)}") from None
        return False

    def _take_tree(self, tree: Tree, above: Parts, nested: int) -> None:
        """Find the copies of chapters, stray code and archives in a folder or archive that lies at some place."""
        found = len(self._copies)
        taken: set[Parts] = set()
        inner, above_work = _looked_through(tree)
        for place, kind in sorted(tree.kinds.items()):
            if not is_theirs(place) or len(place) > DEEPEST + 1:
                continue
            if not taken.isdisjoint(place[:length] for length in range(len(place) + 1)):
                continue
            name = place[-1]
            is_copy = kind in ("folder", "link") and chapter_of(name)
            if is_copy and not _lies_deeper(inner.get(place, {}), place in above_work):
                taken.add(place)
                self._copies.append(self._chapter(tree, place, above, inner.get(place, {})))
            elif kind == "folder" and name == "app":
                taken.add(place)
                self._copies += self._app(tree, place, above)
            elif kind == "file" and asked_name(name):
                with suppress(OSError):
                    self._loose.append(((*above, *place), tree.read(place, _LONGEST_FILE)))
            elif kind == "file" and name.lower().endswith((*ARCHIVES, *OTHER_ARCHIVES)):
                self._take_nested(tree, place, above, nested)
            if len(self._copies) > limits.MOST_COPIES:  # each is looked for in all that there is
                del self._copies[found:]
                raise Unreadable(f"it holds more than {limits.MOST_COPIES} folders of chapters")
        if len(self._copies) == found and above and (chapter := chapter_of(without_ending(above[-1]))):
            self._copies += self._bare(tree, chapter, above)
        self._notes += tree.notes

    def _take_nested(self, tree: Tree, place: Parts, above: Parts, nested: int) -> None:
        where = (*above, *place)
        try:
            if not place[-1].lower().endswith(ARCHIVES):
                raise Unreadable("it is no zip or tar archive")
            if nested >= _MOST_NESTED:
                raise Unreadable("it lies in too many other archives")
            with tree.open(place, limits.MOST_NESTED - self._held) as file, open_archive(file, place[-1]) as inner:
                size = len(file.getbuffer()) if isinstance(file, io.BytesIO) else 0
                self._held += size
                try:
                    self._take_tree(inner, where, nested + 1)
                finally:
                    self._held -= size
        except Unreadable as reason:
            self._unreadable.append(f"{shown('/'.join(where))} was left out: {reason}")
        except Exception as error:  # as above
            if is_full(error):
                raise
            self._unreadable.append(f"{shown('/'.join(where))} was left out: it cannot be read: {_reason(error)}")

    def _chapter(self, tree: Tree, place: Parts, above: Parts, inner: Mapping[str, str]) -> Copy:
        """The copy of a chapter in a folder that is called like it."""
        name = place[-1]
        chapter, app = chapter_of(name), (*place, "app")
        note = ""
        if tree.kinds[place] == "link" or tree.kinds.get(app) == "link":
            code = Chapter(refused=f"{shown(name)}/app is a link; a submission must hold the files themselves")
        elif tree.kinds.get(app) == "folder":
            code = tree.code(app, shown(name), self._room)
        elif any(_is_code((name,), kind) for name, kind in inner.items()):
            code = tree.code(place, shown(name), self._room)
            note = f"{shown(name)}/app is missing; took the files in {shown(name)} for it"
        else:
            code = Chapter(refused=f"{shown(name)}/app is missing; the chapter's code belongs there")
        return Copy(chapter, (*above, *place), name == chapter, code, note)

    def _app(self, tree: Tree, place: Parts, above: Parts) -> Iterator[Copy]:
        """The copy of a chapter in a folder ``app`` that lies in no folder with the chapter's name."""
        code = tree.code(place, "", self._room)
        where = (*above, *place)
        if not code.files and not code.refused:
            return
        text = "\n".join(content.decode("utf-8", "replace") for content in code.files.values())
        chapter = self._only([*(chapter_of(without_ending(part)) for part in reversed(where)), chapter_in(text)])
        if not chapter:
            self._notes.append(f"{shown('/'.join(where))} was left out: nothing says of which chapter it is")
            return
        refused = f"{chapter}{code.refused}" if code.refused else ""
        note = f"took {shown('/'.join(where))} for {chapter}/app"
        yield Copy(chapter, where, False, Chapter(code.files, refused), note)

    def _bare(self, tree: Tree, chapter: str, above: Parts) -> Iterator[Copy]:
        """The copy of a chapter whose code lies at the top of a folder or archive that is called like it."""
        if any(len(path) == 1 and _is_code(path, kind) for path, kind in tree.kinds.items()):
            self._loose = [(place, content) for place, content in self._loose if place[: len(above)] != above]
            note = f"{shown('/'.join(above))} holds no folder app; took its files for it"
            yield Copy(chapter, above, False, tree.code((), chapter, self._room), note)

    def _only(self, told: Collection[str]) -> str:
        """The first chapter that is told, or the only one that is graded."""
        known = [chapter for chapter in told if chapter]
        return known[0] if known else self._selected[0] if len(self._selected) == 1 else ""

    def result(self) -> Submission:
        """What counts of all that was found.

        Raises:
            Unreadable: an archive could not be read, and there is nothing else.
        """
        chapters, notes = choose(self._copies)
        chapters |= self._from_loose(chapters)
        if self._unreadable and not chapters:
            raise Unreadable(self._unreadable[0])
        inner = {name: chapters[name] for name in CHAPTERS if name in chapters}
        return Submission(inner, tuple([*notes, *self._notes, *self._unreadable]))

    def _from_loose(self, present: Collection[str]) -> dict[str, Chapter]:
        """Chapters of which single files were handed in: these files, and the starter's for the rest."""
        found: dict[str, dict[str, bytes]] = {}
        told: dict[str, list[str]] = {}
        for place, content in sorted(self._loose, key=lambda each: (asked_name(each[0][-1]) != each[0][-1], each[0])):
            name = asked_name(place[-1])
            options = asked_for()[name]
            chapter = chapter_in(content.decode("utf-8", "replace"))
            if chapter not in options:
                selected = [each for each in options if each in self._selected]
                chapter = selected[0] if len(selected) == 1 else ""
            where = shown("/".join(place))
            if chapter in present:
                if chapter_in(content.decode("utf-8", "replace")):
                    self._notes.append(f"{where} was left out: {chapter} was handed in as a whole")
            elif not chapter:
                if not present:
                    self._notes.append(f"{where} was left out: it may be of {', '.join(options)}; give --chapters")
            elif options[chapter] in told.get(chapter, ()):
                self._notes.append(f"{where} was left out: there is another {name}")
            else:
                found.setdefault(chapter, dict(starter_files(chapter)))[options[chapter]] = content
                told.setdefault(chapter, []).append(options[chapter])
        for chapter, files in told.items():
            self._notes.append(f"{chapter} is made of {', '.join(files)}; the rest of it is the starter's")
        return {chapter: Chapter(files) for chapter, files in found.items()}


def _looked_through(tree: Tree) -> tuple[dict[Parts, dict[str, str]], set[Parts]]:
    """What each folder holds, by name, and the folders that hold a copy of a chapter further down."""
    inner: dict[Parts, dict[str, str]] = {}
    above_work: set[Parts] = set()
    for path, kind in tree.kinds.items():
        inner.setdefault(path[:-1], {})[path[-1]] = kind
        if path[-1] == "app" or (len(path) > 1 and chapter_of(path[-2])):
            above_work.update(path[:length] for length in range(min(len(path) - 1, DEEPEST + 2)))
    return inner, above_work


def _lies_deeper(inner: Mapping[str, str], is_above_work: bool) -> bool:
    """Whether a folder with a chapter's name holds none itself, but a folder that may, as in ``05_crud/05_crud``."""
    return is_above_work and "app" not in inner and not any(_is_code((name,), kind) for name, kind in inner.items())


def _is_code(path: Parts, kind: str) -> bool:
    return kind == "file" and path[-1].endswith(".py") and not path[-1].startswith(".")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return shown(str(error)).strip().split("\n")[0] or type(error).__name__
