"""Command: reads a submission, whatever it is."""

from __future__ import annotations

from pathlib import Path

from grader.classroom.intake.archives import read_tar, read_zip
from grader.classroom.intake.finding import ARCHIVES
from grader.classroom.intake.folders import read_folder
from grader.classroom.intake.submission import Submission, Unreadable, shown


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
            raise Unreadable("it is a link; a submission must hold the files themselves")
        if path.is_dir():
            return read_folder(path)
        if not path.is_file():  # a pipe, say, which nobody may ever write to
            raise Unreadable("it is neither a file nor a folder")
        if name.endswith(".zip"):
            return read_zip(path)
        if name.endswith(ARCHIVES):
            return read_tar(path)
    except Unreadable:
        raise
    except Exception as error:  # a broken archive can raise anything; it must not stop the others
        reason = shown(str(error)).strip().split("\n")[0] or type(error).__name__
        raise Unreadable(f"it cannot be read: {reason}") from None
    raise Unreadable("it is not a folder, a zip or a tar archive")
