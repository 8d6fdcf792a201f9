"""Command ``workbook carry``: go on with your own code of the earlier chapters instead of ours."""

from __future__ import annotations

import ast
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader.bench import Target
from grader.cli import backup, chain, console, grading, place
from grader.cli.options import ChapterArgument, YesOption
from grader.places import SOLUTIONS, read_file
from grader.rules import rules_of
from grader.starters import read_code
from grader.terminal import Line, blocks, wrapped

if TYPE_CHECKING:
    from grader.report import Check


def carry(chapter: ChapterArgument = "", yes: YesOption = False) -> None:
    """Use your own code from earlier chapters in a chapter.

    Only files of chapters that have passed are taken, and only those with which the chapter's solution still passes
    every check. Modules of your own that they import come along. It asks before it replaces anything, and keeps what
    it replaces.

    \b
    Examples:
      workbook carry 5         your db.py, models.py, ... for chapters/05_crud
    """
    where = place.submission(None)
    target = place.whole_chapter(chapter, "carry") if chapter else grading.at(where)
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
    with_helpers = {file: {file: mine[file], **_helpers(mine[file], given[file], target)} for file in new}
    fitting = _fitting(target, with_helpers)
    if not fitting:
        raise typer.Exit(1)
    coming = {name: path for file in fitting for name, path in with_helpers[file].items()}
    coming = {name: path for name, path in coming.items() if not _is_there(path, where.folder / target / name)}
    where.refuse_what_is_no_file(f"{target}/{name}" for name in coming)
    console.say(f"These files go into {where.name}/{target}:")
    console.show(_plan(where, target, coming))
    console.agree("What is there now is kept in a backup. Go on?", yes)
    there = [where.folder / target / file for file in coming if (where.folder / target / file).is_file()]
    kept = backup.keep(there, where.folder, f"carry_{target}")
    for file, path in coming.items():
        backup.put(path, where.folder / target / file)
    console.say(f"Done. What was there before is in {backup.name_of(kept)}/{target}")


def _plan(where: place.Place, target: str, coming: Mapping[str, Path]) -> list[Line]:
    lines = []
    for file, path in coming.items():
        there = _text(where.folder / target / file)
        changed = there not in (b"", _text(SOLUTIONS / target / file))
        note = "; replaces a file that you have changed" if changed else ""
        origin = path.relative_to(where.folder).parts[0]
        lines.append(Line(f"  {file:<22} yours, of {origin}{note}", "yellow" if changed else ""))
    return lines


def _helpers(file: Path, origin: str, target: str) -> dict[str, Path]:
    """Modules of the learner's own that a file imports, and that those import in turn, by their names.

    Args:
        file: the learner's file.
        origin: its chapter.
        target: the chapter that it is carried to; what the two chapters give is no helper.
    """
    root = next(folder for folder in file.parents if folder.name == origin)
    found: dict[str, Path] = {}
    waiting = [file]
    while waiting:
        for path in _imported(waiting.pop(), root):
            name = path.relative_to(root).as_posix()
            ours = any((SOLUTIONS / chapter / name).is_file() for chapter in (origin, target))
            if name not in found and not ours:
                found[name] = path
                waiting.append(path)
    return found


def _imported(file: Path, root: Path) -> Iterator[Path]:
    """Files of the package ``app`` that a file imports, with the packages that they are in."""
    with warnings.catch_warnings(action="ignore"):
        try:
            nodes = list(ast.walk(ast.parse(read_code(file))))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return
    package = file.relative_to(root).parts[:-1]
    for node in nodes:
        names: list[tuple[str, ...]] = []
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            names = [module, *((*module, alias.name) for alias in node.names)]
        for parts in names:
            if parts[:1] == ("app",):
                for length in range(1, len(parts) + 1):
                    place = root.joinpath(*parts[:length])
                    yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


def _fitting(target: str, coming: dict[str, dict[str, Path]]) -> list[str]:
    """Those of the new files with which the chapter's solution passes; says which do not fit, and why.

    Args:
        target: the chapter.
        coming: for each file what comes with it: itself and its helpers.
    """
    new = list(coming)
    together = _failing(target, [{name: path for file in new for name, path in coming[file].items()}])[0]
    if not together:
        return new
    alone = dict(zip(new, _failing(target, [coming[file] for file in new]), strict=True))
    fitting = [file for file in new if not alone[file]]
    for file in new:
        if alone[file]:
            _decline(
                f"You keep our {file}: with yours, the solution of chapter {target[:2]} does not work.", alone[file]
            )
    of_fitting = {name: path for file in fitting for name, path in coming[file].items()}
    if len(fitting) == len(new) or (fitting and _failing(target, [of_fitting])[0]):
        _decline("Each of your files works alone, but together they do not; nothing was changed.", together)
        return []
    return fitting


def _decline(sentence: str, failing: list[Check]) -> None:
    """Say why something is not taken: what the first check that fails has seen."""
    console.say(sentence)
    first = blocks(failing)[0].check
    console.show(wrapped(first.observed, " " * 8, "  saw   "))
    for label, text in (("where", first.where), ("rule", first.id)):
        if text:
            console.show([Line(f"  {label:<6}{text}")])


def _failing(target: str, exchanged: Sequence[dict[str, Path]]) -> list[list[Check]]:
    """For each choice of files the checks of the chapter that its solution does not pass with them."""
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary, str(number)) for number in range(len(exchanged))]
        for folder, files in zip(folders, exchanged, strict=True):
            shutil.copytree(SOLUTIONS / target / "app", folder / target / "app")
            for file, path in files.items():
                (folder / target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / target / file)
        targets = [Target(folder, rule) for folder in folders for rule in rules_of(target)]
        found: dict[Path, list[Check]] = {folder: [] for folder in folders}
        for judged, check in grading.bench().grade(targets):
            if check.outcome != "passed":
                found[judged.submission].append(check)
    return [found[folder] for folder in folders]


def _is_there(source: Path, target: Path) -> bool:
    return target.is_file() and read_file(target) == read_file(source)


def _text(file: Path) -> bytes:
    return read_file(file) if file.is_file() else b""
