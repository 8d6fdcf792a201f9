"""Verdict process: what of a submission is graded, and a copy of it that a child can work on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from grader import BadInput
from grader.bench.temporary import is_full
from grader.places import IS_INSTALLED, SOLUTIONS
from grader.rules import CHAPTERS
from grader.shown import harmless
from grader.starters import TooMuch, code_files, read_code


def chapter_folders(submission: Path, name: str = "") -> list[str]:
    """Names of the chapters that a submission holds.

    Args:
        submission: folder laid out like ``chapters/``.
        name: what the user calls it; its path when not given.

    Raises:
        BadInput: the folder does not exist or holds no chapter.
    """
    name = name or str(submission)
    if not submission.is_dir():
        raise BadInput(f"There is no folder '{name}'. Give the folder that holds 01_engine, 02_models, ...")
    found = [chapter for chapter in CHAPTERS if (submission / chapter).is_dir()]
    if not found:
        raise BadInput(f"The folder '{name}' holds no chapter. Give the folder that holds 01_engine, 02_models, ...")
    return found


def expect_solutions(chapters: Iterable[str] = CHAPTERS) -> None:
    """Make sure that the solutions of these chapters are there: they tell what was given, and what is a task.

    Raises:
        BadInput: one is missing.
    """
    for chapter in chapters:
        if not (SOLUTIONS / chapter / "app").is_dir():
            remedy = "install the workbook again."
            if not IS_INSTALLED:
                remedy = "put solutions/ back as it was, for example with 'git checkout -- solutions'."
            raise BadInput(
                f"The folder solutions/{chapter}/app is missing, from which the grader knows what was given and what "
                f"is still to do; {remedy}"
            )


def stage(submission: Path, chapter: str, folder: Path, copied: dict[str, bytes] | None = None) -> str:
    """Copy the code of one chapter, and nothing else, into an empty folder.

    Args:
        submission: folder laid out like ``chapters/``.
        chapter: name of the chapter.
        folder: where the package ``app`` is to be put.
        copied: gets what each file holds, by its path below that (see `put_back`).

    Returns:
        Why it was refused, or an empty string.

    Raises:
        OSError: the disk is full.
    """
    source = submission / chapter
    app = source / "app"
    if source.is_symlink() or app.is_symlink():
        return f"{chapter}/app is a link; a submission must hold the files themselves"
    if not app.is_dir():
        return f"{chapter}/app is missing; the chapter's code belongs there"
    try:
        code = list(code_files(app, submission))
    except TooMuch as problem:
        return harmless(f"{chapter}/{problem}")
    for path, file in code:
        copy = folder / path.relative_to(source)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = read_code(file)
            copy.write_bytes(content)
            if copied is not None:
                copied[path.relative_to(source).as_posix()] = content
        except OSError as error:
            if is_full(error):  # which is not the submission's fault
                raise
            return harmless(f"{path.relative_to(submission).as_posix()} cannot be read ({error.strerror})")
    (folder / "app").mkdir(exist_ok=True)
    return ""


def put_back(copied: Mapping[str, bytes], folder: Path) -> None:
    """Stage the same once more, in another empty folder.

    Raises:
        OSError: the disk is full.
    """
    (folder / "app").mkdir()
    for name, content in copied.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
