"""Command: finds the submissions in what a platform gave out, one for each learner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from grader import BadInput
from grader.bench.temporary import disk_full, is_full, temporary_folder
from grader.classroom.intake.archives import open_archive, unpack
from grader.classroom.intake.entry import Download
from grader.classroom.intake.layout import ARCHIVES, asked_name, chapter_of, is_spare, is_theirs, without_ending
from grader.classroom.intake.layouts import LAYOUTS, gradescope, layout_of, plain
from grader.classroom.intake.layouts.pieces import printable, put_together
from grader.classroom.intake.submission import Unreadable, shown
from grader.rules import CHAPTERS


@contextmanager
def opened(submissions: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folder of submissions; a platform's archive is unpacked into a temporary folder meanwhile.

    Yields:
        The folder, and names in the archive that could not be unpacked.

    Raises:
        BadInput: the archive cannot be read.
    """
    archive = _archive(submissions)
    if archive is None:
        yield submissions, []
        return
    with temporary_folder() as temporary:
        folder = temporary / (without_ending(archive.name) or "download")
        folder.mkdir()
        try:
            left_out = unpack(archive, folder)
        except OSError as error:
            if is_full(error):
                raise disk_full(temporary) from None
            raise BadInput(f"'{archive}' cannot be read ({error.strerror or error}).") from None
        except Exception as error:  # a broken archive can raise anything
            reason = str(error) if isinstance(error, Unreadable) else f"it is broken ({shown(str(error))})"
            raise BadInput(f"'{archive}' cannot be unpacked: {reason}. Download it again.") from None
        yield folder, left_out


def _archive(submissions: Path) -> Path | None:
    """The archive that is a whole class: what was given, or the only file in the folder that was."""
    if submissions.is_file():
        return submissions if submissions.name.lower().endswith(ARCHIVES) else None
    with suppress(OSError):
        inner = _visible(submissions)
        if len(inner) == 1 and inner[0].is_file() and not inner[0].is_symlink() and _holds_a_class(inner[0]):
            return inner[0]
    return None


def _holds_a_class(archive: Path) -> bool:
    """Whether the names in an archive are a platform's; a learner's own is never unpacked as a whole."""
    if not archive.name.lower().endswith(ARCHIVES):
        return False
    with suppress(Exception), archive.open("rb") as file, open_archive(file, archive.name) as tree:
        top = {parts[0] for parts in tree.kinds if not parts[0].startswith((".", "__MACOSX"))}
        inner = {parts[1] for parts in tree.kinds if len(parts) > 1} if len(top) == 1 else set()
        for names in (top, inner):
            if {"chapters", *CHAPTERS} & names:  # one learner's, whatever the other names look like
                return False
            if names and layout_of([archive / name for name in names]) != "plain":
                return True
    return False


def find(folder: Path, layout: str | None = None) -> Download:
    """The submissions in a folder, by learner.

    Args:
        folder: what a platform gave out, as it is, or a folder or archive for each learner.
        layout: name of its layout; recognised where it is not given.

    Raises:
        BadInput: the folder does not exist, is itself one submission, or holds none.
    """
    if layout is not None and layout not in LAYOUTS:
        raise BadInput(f"There is no layout '{layout}'; give --layout {', '.join(LAYOUTS)}.")
    if not folder.is_dir():
        raise BadInput(f"There is no folder '{folder}'. Give the folder that holds one submission for each learner.")
    if _is_submission(folder):
        raise BadInput(
            f"'{folder}' is one submission. Give the folder that holds a folder, zip or tar archive per learner."
        )
    place, paths = _inside(folder, descend=layout != "plain")
    name = layout or layout_of(paths)
    pieces = LAYOUTS[name].pieces(paths)
    named = {piece.path for piece in pieces}
    # What somebody has put beside a platform's files is a submission, too.
    more = [piece for path in paths if path not in named and (piece := plain.piece_of(path)) is not None]
    known = {*named, *(piece.path for piece in more)}
    ignored = [printable(path.name) for path in paths if path not in known and path.name != gradescope.METADATA]
    entries = sorted(put_together([*pieces, *more]), key=lambda entry: entry.learner)
    if not entries:
        raise BadInput(
            f"'{folder}' holds no submission{f' in the layout of {name}' if layout else ''}. "
            "Put a folder, zip or tar archive for each learner into it."
        )
    told = "" if name == "plain" and place == folder else f"Layout: {name}, {LAYOUTS[name].TITLE}"
    if told and place != folder:
        told += f", in '{printable(place.name)}'"
    if told and not layout:
        told += ". If it is another, give --layout."
    return Download(name, told, entries, ignored)


def _is_submission(folder: Path) -> bool:
    """Whether chapters lie in a folder, and nothing beside them that others have handed in.

    What a learner of a class has called like a chapter, or ``chapters``, is that learner's submission.
    """
    return _has_chapters(folder) and not any(map(_is_anothers, _visible(folder)))


def _has_chapters(folder: Path) -> bool:
    return any((folder / chapter).is_dir() or (folder / "chapters" / chapter).is_dir() for chapter in CHAPTERS)


def _is_anothers(path: Path) -> bool:
    """Whether a folder or archive beside chapters is called like none of theirs, and holds work itself."""
    name = without_ending(path.name)
    if chapter_of(name) or name == "chapters" or not is_theirs((name,)) or is_spare(name):
        return False
    return _holds_work(path)


def _holds_work(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        found = chain.from_iterable(path.glob(depth) for depth in ("*", "*/*", "*/*/*"))
        here = [each for each in _visible(path) if each.is_file()]
        return (
            any(asked_name(each.name) for each in here)
            or any(chapter_of(each.name) and each.is_dir() for each in found)
            or any(map(_holds_work, here))
        )
    if path.is_file() and path.name.lower().endswith(ARCHIVES):
        with suppress(Exception), path.open("rb") as file, open_archive(file, path.name) as tree:
            return any(asked_name(part) or chapter_of(part) for place in tree.kinds for part in place)
    return False


def _inside(folder: Path, descend: bool = True) -> tuple[Path, list[Path]]:
    """What lies in the folder; or one level deeper, where nothing but one folder lies in it that is a class itself."""
    paths = _visible(folder)
    if descend and len(paths) == 1 and paths[0].is_dir() and not paths[0].is_symlink() and layout_of(paths) == "plain":
        inner = _visible(paths[0])
        others = [each for each in inner if not chapter_of(each.name)]
        is_class = len(others) == len(inner) or len([each for each in others if _is_anothers(each)]) > 1
        several = len(inner) > 1 and all(map(plain.piece_of, inner)) and is_class
        if inner and not _is_submission(paths[0]) and (several or layout_of(inner) != "plain"):
            return paths[0], inner
    return folder, paths


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))
