"""Command ``workbook carry``: go on with your own code of the earlier chapters instead of ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer

from grader.bench import Target
from grader.cli import backup, chain, console, grading, place
from grader.cli.options import ChapterArgument, YesOption
from grader.rules import rules_of
from grader.starters import SOLUTIONS
from grader.terminal import Line


def carry(chapter: ChapterArgument = "", yes: YesOption = False) -> None:
    """Use your own code from earlier chapters in a chapter.

    It takes only files from chapters that have passed, and only files with which the chapter's solution still passes
    every check. It asks before it replaces anything, and keeps a backup.

    \b
    Examples:
      workbook carry 5         your db.py, models.py, ... for chapters/05_crud
    """
    where = place.submission(None)
    target = place.chapter(chapter) if chapter else grading.at(where)
    given = chain.given_from(target)
    if not given:
        console.say(f"Chapter {target[:2]} uses no file from an earlier chapter, so there is nothing to carry.")
        raise typer.Exit(0)
    origins = sorted(set(given.values()))
    passed = {origin for origin in origins if grading.has_passed(where, origin)}
    for origin in origins:
        if origin not in passed:
            number = int(origin[:2])
            console.say(
                f"Chapter {number:02} has not passed yet, so you keep our files of it (workbook check {number})."
            )
    mine = {file: where.folder / origin / file for file, origin in given.items() if origin in passed}
    new = [file for file in mine if _text(mine[file]) != _text(where.folder / target / file)]
    if not new:
        console.say(f"{where.name}/{target} already has all of your files that can be carried.")
        raise typer.Exit(0)
    fitting = _fitting(target, mine, new)
    if not fitting:
        raise typer.Exit(1)
    console.say(f"These files will go into {where.name}/{target}:")
    console.show(_plan(where, target, given, fitting))
    console.agree("The files that are there now are kept in a backup. Go on?", yes)
    there = [where.folder / target / file for file in fitting if (where.folder / target / file).is_file()]
    kept = backup.keep(there, where.folder, f"carry_{target}")
    for file in fitting:
        backup.put(mine[file], where.folder / target / file)
    console.say(f"Done. The files that were there before are in {backup.name_of(kept)}/{target}")


def _plan(where: place.Place, target: str, given: dict[str, str], files: Sequence[str]) -> list[Line]:
    lines = []
    for file in files:
        there = _text(where.folder / target / file)
        changed = there not in (b"", _text(SOLUTIONS / target / file))
        note = "; replaces a file that you have changed" if changed else ""
        lines.append(Line(f"  {file:<22} yours, from {given[file]}{note}", "yellow" if changed else ""))
    return lines


def _fitting(target: str, mine: dict[str, Path], new: list[str]) -> list[str]:
    """Those of the new files with which the chapter's solution passes; says which do not fit, and why."""
    together = _failing(target, [{file: mine[file] for file in new}])[0]
    if not together:
        return new
    alone = dict(zip(new, _failing(target, [{file: mine[file]} for file in new]), strict=True))
    fitting = [file for file in new if not alone[file]]
    for file in new:
        if alone[file]:
            failing = _some(alone[file])
            console.say(f"You keep our {file}: with yours, the solution of chapter {target[:2]} fails {failing}.")
    if len(fitting) == len(new) or (fitting and _failing(target, [{file: mine[file] for file in fitting}])[0]):
        console.say(
            f"Each of your files works alone, but together they do not ({_some(together)}); nothing was changed."
        )
        return []
    return fitting


def _some(rules: list[str]) -> str:
    return rules[0] if len(rules) == 1 else f"{rules[0]} and {len(rules) - 1} more"


def _failing(target: str, exchanged: Sequence[dict[str, Path]]) -> list[list[str]]:
    """For each choice of files the rules of the chapter that its solution does not pass with them."""
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary, str(number)) for number in range(len(exchanged))]
        for folder, files in zip(folders, exchanged, strict=True):
            shutil.copytree(SOLUTIONS / target / "app", folder / target / "app")
            for file, path in files.items():
                shutil.copyfile(path, folder / target / file)
        targets = [Target(folder, rule) for folder in folders for rule in rules_of(target)]
        found: dict[Path, list[str]] = {folder: [] for folder in folders}
        for judged, check in grading.bench().grade(targets):
            if check.outcome != "passed":
                found[judged.submission].append(check.id)
    return [sorted(found[folder]) for folder in folders]


def _text(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""
