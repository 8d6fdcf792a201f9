"""Command ``workbook reset``: the starter of a chapter again; the learner's work is kept aside."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from grader import BadInput
from grader.cli import backup, console, grading, place, progress
from grader.cli.options import ChapterArgument, SubmissionOption, YesOption
from grader.starters import tasks_of, write_starters


def reset(chapter: ChapterArgument = "", submission: SubmissionOption = None, yes: YesOption = False) -> None:
    """Go back to the starter of a chapter. Your work is kept in a dated folder.

    It asks first. The exit status is 0 when the chapter is as it was at the beginning.

    \b
    Examples:
      workbook reset 5
    """
    where = place.submission(submission)
    name = place.chapter(chapter) if chapter else grading.at(where)
    folder = where.folder / name
    if folder.is_symlink() or (folder / "app").is_symlink():
        raise BadInput(f"{where.name}/{name} is a link; put the folder itself there, and try again.")
    with tempfile.TemporaryDirectory() as temporary:
        starter = Path(temporary, name)
        write_starters(name, starter)
        mine, new = _files(folder), _files(starter)
        changed = {file for file in mine.keys() | new.keys() if mine.get(file) != new.get(file)}
        if not changed:
            console.say(f"{where.name}/{name} is already the starter.")
            raise typer.Exit(0)
        if changed & mine.keys():
            console.say(f"In {where.name}/{name} the starter replaces: {', '.join(sorted(changed & mine.keys()))}")
            console.agree("Your work is kept in a backup. Go on?", yes)
            kept = backup.keep([folder / file for file in sorted(mine)], where.folder, f"reset_{name}")
            console.say(f"Your work is in {backup.name_of(kept)}/{name}")
        for file in changed - new.keys():
            (folder / file).unlink()
        for file in changed & new.keys():
            backup.put(starter / file, folder / file)
    if where.own:
        progress.see_hints(dict.fromkeys(tasks_of(name), 0))
    console.say(f"{where.name}/{name} is the starter again.")


def _files(folder: Path) -> dict[str, bytes]:
    """The text of the files of a chapter; what Python and the app made meanwhile is not among them."""
    found = (file for pattern in ("app/**/*.py", "README.md") for file in folder.glob(pattern) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}
