"""Command ``workbook reset``: the starter of a chapter again; the learner's work is kept aside."""

from __future__ import annotations

from pathlib import Path

import typer

from grader import keeping
from grader.cli import backup, console, grading, place, progress
from grader.cli.options import ChapterOrAllArgument, SubmissionOption, YesOption
from grader.keeping import code_below
from grader.places import read_file
from grader.rules import CHAPTERS
from grader.starters import starter_files, tasks_of


def reset(chapter: ChapterOrAllArgument = "", submission: SubmissionOption = None, yes: YesOption = False) -> None:
    """Put the starter of a chapter in the place of your work, which is kept in a dated folder.

    It asks first, and workbook restore brings your work back. The exit status is 0 when the chapter is as it was at the
    beginning.

    \b
    Examples:
      workbook reset 5
      workbook reset all
    """
    where = place.submission(submission)
    everything = chapter == "all"
    names = CHAPTERS if everything else [place.whole_chapter(chapter, "reset") if chapter else grading.at(where)]
    starters = {name: starter_files(name) for name in names}
    mine = {name: _files(where.folder / name) for name in names}
    where.refuse_what_is_no_file(f"{name}/{file}" for name in names for file in (*starters[name], *mine[name]))
    names = [name for name in names if mine[name] != starters[name]]
    if not names:
        console.say(f"{where.name if everything else f'{where.name}/{next(iter(starters))}'} is already the starter.")
        raise typer.Exit(0)
    replaced = {name: _changed(mine[name], starters[name]) & mine[name].keys() for name in names}
    for name, files in replaced.items():
        if files:
            console.say(f"In {where.name}/{name} the starter will replace: {', '.join(sorted(files))}")
    if any(replaced.values()):
        console.agree("Your work is kept in a backup. Go on?", yes)
        kept = backup.keep(
            [where.folder / name / file for name in names for file in sorted(mine[name])],
            where.folder,
            f"reset_{'all' if everything else names[0]}",
        )
        console.say(f"Your work is in {backup.name_of(kept)}{'' if everything else f'/{names[0]}'}")
    for name in names:
        _put(starters[name], mine[name], where.folder / name)
        if where.own:
            progress.see_hints(dict.fromkeys(tasks_of(name), 0))
        console.say(f"{where.name}/{name} is the starter again.")


def _changed(mine: dict[str, bytes], starter: dict[str, bytes]) -> set[str]:
    return {file for file in mine.keys() | starter.keys() if mine.get(file) != starter.get(file)}


def _put(starter: dict[str, bytes], mine: dict[str, bytes], folder: Path) -> None:
    """Make a chapter what its starter is."""
    for name in _changed(mine, starter):
        file = folder / name
        if name not in starter:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        keeping.put(file, starter[name])


def _files(folder: Path) -> dict[str, bytes]:
    """The text of the files of a chapter; what Python and the app made meanwhile is not among them."""
    found, readme = code_below(folder / "app"), folder / "README.md"
    if readme.is_file():
        found[readme] = read_file(readme)
    return {file.relative_to(folder).as_posix(): content for file, content in found.items()}
