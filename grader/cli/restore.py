"""Command ``workbook restore``: brings back what a command has replaced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.cli import backup, console, given, place, progress
from grader.cli.options import ChapterArgument, YesOption
from grader.cli.update import renumbered
from grader.keeping import files_below
from grader.places import MOST_READ, home, read_file, refuse_links
from grader.rules import CHAPTERS
from grader.terminal import Line

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d)(\d\d)(\d\d)_(\w+?)(?:_(.+))?")


def restore(
    chapter: ChapterArgument = "",
    from_: Annotated[
        str, typer.Option("--from", metavar="BACKUP", help="that backup; a part of its name is enough")
    ] = "",
    list_: Annotated[bool, typer.Option("--list", help="show the backups, the newest first, and do nothing")] = False,
    yes: YesOption = False,
) -> None:
    """Bring back what a command has replaced: the newest backup, or the newest of a chapter.

    It shows what comes back and asks. What is there now is kept in another backup, so that you can go back again:
    --from takes those that a restore has made as well.

    \b
    Examples:
      workbook restore --list
      workbook restore 5
      workbook restore --from 2026-05-01_101500_reset_05_crud
      workbook restore --from 101500
    """
    name = place.whole_chapter(chapter, "restore") if chapter else ""
    found = _backups(name)
    if list_:
        console.show([Line(_told(folder)) for folder in found] or [Line("There is no backup yet.")])
        raise typer.Exit(0)
    found = _named(Path(from_).name, found) if from_ else [each for each in found if _command(each) != "restore"]
    if not found:
        what = f"backup {from_}" if from_ else f"backup of {name}" if name else "backup"
        raise BadInput(f"There is no {what}; workbook restore --list shows what you have.")
    folder = found[0]
    files = {file: _place_of(file.relative_to(folder)) for file in _files(folder, name)}
    files = {file: target for file, target in files.items() if given.can_be_given(backup.name_of(target))}
    if sum(file.stat().st_size for file in files) > MOST_READ:
        raise BadInput(f"'{folder}' holds more than {MOST_READ >> 20} MB, so bring back by hand what you need of it.")
    changing = {file: target for file, target in files.items() if not _is_same(file, target)}
    if not changing:
        console.say(f"Everything in {backup.name_of(folder)} is already in its place; --list shows other backups.")
        raise typer.Exit(0)
    refuse_links(home(), map(backup.name_of, changing.values()))
    console.say(f"The backup {backup.name_of(folder)} brings back:")
    console.show(Line(f"  {backup.name_of(target)}") for target in changing.values())
    console.agree("What is there now is kept in another backup. Go on?", yes)
    there = [target for target in changing.values() if target.is_file()]
    if there:
        console.say(f"What was there is in {backup.name_of(backup.keep(there, home(), 'restore'))}")
    for file, target in changing.items():
        backup.put(file, target)
    now = given.given_to(home()).files
    given.go_back(home(), folder, [*map(backup.name_of, changing.values()), *_declined(folder, name)])
    progress.rename_tasks(renumbered(now, given.given_to(home()).files))
    console.say("Done.")


def _declined(folder: Path, chapter: str) -> list[str]:
    """What an update has given (to a chapter), whether it was taken or not: it is to be offered again.

    A file that the learner has kept as it was is not in the backup.
    """
    known = given.given_to(folder).files if _command(folder) == "update" else {}
    return [name for name in known if not chapter or chapter in Path(name).parts or Path(name).stem == chapter]


def _backups(chapter: str) -> list[Path]:
    """The backups that hold something (of a chapter), the newest first."""
    folders = sorted(backup.folders(), key=_age, reverse=True)
    return [folder for folder in folders if any(True for _ in _files(folder, chapter))]


def _named(words: str, folders: list[Path]) -> list[Path]:
    """The backup of this name, or the only one with this part in its name.

    Raises:
        BadInput: several have it.
    """
    fitting = [folder for folder in folders if folder.name == words] or [each for each in folders if words in each.name]
    if len(fitting) > 1:
        raise BadInput(
            f"'{words}' is a part of {len(fitting)} backups, {fitting[0].name} and {fitting[1].name} among them; "
            "write more of the name."
        )
    return fitting


def _command(folder: Path) -> str:
    """The command that made a backup."""
    found = _NAME.fullmatch(folder.name)
    return found[5] if found else ""


def _age(folder: Path) -> tuple[str, float]:
    return folder.name[:17], folder.stat().st_mtime


def _files(folder: Path, chapter: str) -> list[Path]:
    """The files of a backup; of a chapter, those and its lesson."""
    return [
        file
        for file in files_below(folder)
        if ".workbook" not in file.relative_to(folder).parts
        and (not chapter or chapter in file.relative_to(folder).parts or file.name == f"{chapter}.ipynb")
    ]


def _place_of(name: Path) -> Path:
    """Where a file of a backup belongs: those of chapters lie in it as they do in ``chapters/``."""
    return home() / ("chapters" if re.match(r"\d\d_", name.parts[0]) else "") / name


def _is_same(file: Path, target: Path) -> bool:
    return target.is_file() and not target.is_symlink() and read_file(target) == read_file(file)


def _told(folder: Path) -> str:
    """What a backup holds: the command before which it was made, the chapters, and how many files."""
    found, files = _NAME.fullmatch(folder.name), _files(folder, "")
    names = {part.removesuffix(".ipynb") for file in files for part in file.relative_to(folder).parts}
    chapters = [name[:2] for name in CHAPTERS if name in names]
    few = f"chapter{'s' * (len(chapters) > 1)} {' '.join(chapters)}"
    what = "all chapters" if len(chapters) == len(CHAPTERS) else few if chapters else "no chapter"
    version = f" to {found[6].partition('_')[0]}" if found and found[5] == "update" else ""
    count = f"{len(files)} {'file' if len(files) == 1 else 'files'}"
    return f"{folder.name:<36}  before {found[5] if found else 'something'}{version}: {what}, {count}"
