"""Command ``workbook update``: brings what a newer version of the workbook gives into the learner's folder."""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import typer

from grader import BadInput, keeping
from grader.cli import backup, console, given, progress
from grader.cli.merging import Conflict, merge, text_of
from grader.cli.options import YesOption
from grader.places import home, is_clone, read_file, refuse_what_is_no_file
from grader.rules import CHAPTERS
from grader.shown import MOST_LINES_COMPARED
from grader.starters import LONGEST_FILE, files_of, read_code
from grader.terminal import Line, plain, wrapped

_TASK = re.compile(r"^ *# (\d{1,2}\.\d{1,2}) (.{1,200})", re.MULTILINE)
COMES, CHANGES, MERGES, GOES, CONFLICT = "comes", "new version", "new lines, beside yours", "goes", "changed by both"


@dataclass(frozen=True)
class Step:
    """What happens to one file.

    Attributes:
        name: its name in the learner's folder.
        kind: one of the words above.
        content: what it will hold, with the learner's lines where there is a conflict; None where it goes.
        other: with the new lines in the place of the learner's, where there is a conflict.
        shown: the conflict, as lines of a difference.
    """

    name: str
    kind: str
    content: bytes | None
    other: bytes | None = None
    shown: tuple[str, ...] = ()


def update(yes: YesOption = False) -> None:
    """Bring new starters, lessons and given files into your folder, after a newer version was installed.

    What you have not touched is replaced. What you wrote stays; where the new version changes the same lines, it shows
    them and asks. With --yes your lines stay there. Everything that changes is kept in a backup.

    \b
    Examples:
      workbook update
    """
    here = home()
    if is_clone():
        raise BadInput("This workbook is a clone: 'git pull' brings what is new, then 'pip install -e .'.")
    known, files = given.given_to(here), given.given_files()
    refuse_what_is_no_file(here, (*known.files, *files))
    steps = plan(here, known.files, files)
    if not steps:
        given.remember(here, files)
        console.say(f"Your workbook already has version {given.version()}; there is nothing to do.")
        raise typer.Exit(0)
    new = "older" if given.is_older(known.version) else "new"
    back = ", which is older" if new == "older" else ""
    console.say(f"From version {known.version or '(not known)'} to {given.version()}{back}:")
    for step in steps:
        kind = step.kind.replace("new", new)
        console.show([Line(f"  {step.name:<44} {kind}", "yellow" if step.kind == CONFLICT else "")])
    console.agree("Your work stays; what changes is kept in a backup. Go on?", yes)
    steps = [_decided(step, new, yes) for step in steps]
    changing = [step for step in steps if step.content != _read(here / step.name)]
    there = [here / step.name for step in changing if (here / step.name).is_file()]
    if there:
        kept = backup.keep(there, here, f"update_{given.version()}")
        console.say(f"What was there before is in {backup.name_of(kept)}")
    for step in changing:
        _write(here / step.name, step.content)
    given.remember(here, files)
    if known.files:
        progress.rename_tasks(renumbered(known.files, given.given_to(here).files))
    console.say(f"Done: your workbook now has version {given.version()}. workbook shows where you are.")


def plan(here: Path, before: Mapping[str, str], files: Mapping[str, bytes]) -> list[Step]:
    """What is to be done, in order.

    Args:
        here: the learner's folder.
        before: the essence of the files that it was given last.
        files: what is given now.
    """
    found = (_step(name, _read(here / name), before.get(name), files.get(name)) for name in {**files, **before})
    return sorted((step for step in found if step is not None), key=lambda step: step.name)


def _step(name: str, mine: bytes | None, before: str | None, new: bytes | None) -> Step | None:
    now = None if mine is None else given.essence(name, mine)
    wanted = None if new is None else given.essence(name, new)
    if now == wanted or before == wanted:  # it is there already, or nothing has changed in what is given
        return None
    if new is None:
        return Step(name, GOES, None) if now == before else None
    if mine is None or now is None:
        return Step(name, COMES, new) if before is None else None  # the learner has removed it
    if now == before:
        return Step(name, CHANGES, new)
    if name.endswith(".ipynb"):
        return Step(name, CONFLICT, mine, new, ("Cells are not compared: you keep one of the two as a whole.",))
    if before is None and name in _with_tasks():  # what was given is not known any more: it is the learner's work
        return None
    assert wanted is not None
    return _merged(name, mine, (before or "").splitlines(), now.splitlines(), wanted.splitlines())


def _with_tasks() -> set[str]:
    """The files in which learners write."""
    return {
        f"chapters/{chapter}/{file}" for chapter in CHAPTERS for files in files_of(chapter).values() for file in files
    }


def _merged(name: str, raw: bytes, before: list[str], mine: list[str], new: list[str]) -> Step | None:
    end = "\r\n" if b"\r\n" in raw else "\n"

    def joined(lines: Iterable[str]) -> bytes:
        return "".join(f"{line}{end}" for line in lines).encode("utf-8", "surrogateescape")

    too_long = sum(map(len, before)) > LONGEST_FILE  # of the others no more is read
    if too_long or max(map(len, (before, mine, new))) > MOST_LINES_COMPARED:
        return Step(name, CONFLICT, raw, joined(new), ("It is too long to be compared: you keep one of the two.",))
    pieces = merge(before, mine, new)
    conflicts = [piece for piece in pieces if isinstance(piece, Conflict)]
    content, other = joined(text_of(pieces, keep_mine=True)), joined(text_of(pieces, keep_mine=False))
    if name.endswith(".py") and _is_python(raw) and not _is_python(content):
        return Step(name, CONFLICT, raw, joined(new), tuple(_difference(mine, new)))
    if not conflicts:
        return Step(name, MERGES, content) if content != raw else None
    shown = [row for piece in conflicts for row in (*_difference(piece.mine, piece.new), "")]
    return Step(name, CONFLICT, content, other, tuple(shown))


def _difference(mine: Iterable[str], new: Iterable[str]) -> list[str]:
    return [row for row in difflib.ndiff(list(mine), list(new)) if not row.startswith("? ")]


def _is_python(code: bytes) -> bool:
    with warnings.catch_warnings(action="ignore"), suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        ast.parse(code)
        return True
    return False


def _decided(step: Step, new: str, yes: bool) -> Step:
    """A step of which the user has said whose lines it takes where both have changed them.

    Args:
        step: the step.
        new: what the other version is called, "new" or "older".
        yes: nobody is asked, and the learner's lines stay.
    """
    if step.kind != CONFLICT:
        return step
    is_lesson = step.name.endswith(".ipynb")
    both, lines = f"you have changed it, and so has the {new} version", "lines with - are yours, lines with + are"
    console.show([Line(""), Line(f"{step.name}: {both if is_lesson else f'{lines} {new}'}", bold=True)])
    colours = {"-": "red", "+": "green"}
    console.show(Line(f"  {plain(row.expandtabs())}".rstrip(), colours.get(row[:1], "")) for row in step.shown)
    if is_lesson:
        number = int(Path(step.name).name[:2])
        told = f"If you keep yours now, workbook lesson {number} --fresh brings the {new} one later."
        console.show(wrapped(told, "  "))
    what = f"the whole {new} lesson instead of yours" if is_lesson else f"the {new} lines instead of yours"
    if yes or not console.wants(f"Take {what} (yours {'is' if is_lesson else 'are'} kept in the backup)?"):
        console.say("Your lesson stays." if is_lesson else "Your lines stay.")
        return step
    return Step(step.name, CHANGES, step.other)


def _read(file: Path) -> bytes | None:
    """What a file of the learner's holds; None where there is none, or nothing that a command would replace."""
    with suppress(OSError):
        return read_file(file) if file.suffix == ".ipynb" else read_code(file)
    return None


def _write(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    keeping.put(file, content)


def renumbered(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The tasks that have another number now, the new by the old: their comments say the same, or nearly.

    Args:
        before: the essence of the files that a folder was given before.
        now: of those that it is given now.
    """
    old, new = _tasks(before), _tasks(now)
    found = {}
    for number, words in old.items():
        within = {text: other for other, text in new.items() if other.partition(".")[0] == number.partition(".")[0]}
        for close in difflib.get_close_matches(words, within, n=1, cutoff=0.8):
            found[number] = within[close]
    return {number: other for number, other in found.items() if other != number}


def _tasks(files: Mapping[str, str]) -> dict[str, str]:
    """The words of each task, by its number; the files of later chapters hold those of earlier ones as well."""
    found = {}
    for name, text in files.items():
        own = re.match(r"chapters/(\d\d)_.*\.py$", name)
        for number, words in _TASK.findall(text) if own else ():
            if own and number.startswith(f"{int(own[1])}."):
                found[number] = words
    return found
