"""Command ``workbook diff``: your code against the solution, in the terminal or side by side on a page."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.cli import chain, console, grading, place
from grader.cli.options import ChapterOrTaskArgument, SubmissionOption, YesOption
from grader.keeping import code_below
from grader.places import SOLUTIONS
from grader.shown import MOST_LINES_COMPARED
from grader.starters import files_of, pieces_of
from grader.terminal import Line, plain

Texts = dict[str, list[str]]


def diff(
    chapter: ChapterOrTaskArgument = "",
    submission: SubmissionOption = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="write a side-by-side page to FILE")] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="show instead what this chapter's solution adds to the one before")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Compare your code with the solution. If the chapter has not passed yet, it asks first.

    Lines with - are yours (with --steps: the previous chapter's), lines with + are the solution's. The files that you
    write come first. For a task it shows the task's lines.

    \b
    Examples:
      workbook diff 5
      workbook diff 5.1
      workbook diff 5 --html compared.html
      workbook diff 6 --steps
    """
    where = place.submission(submission)
    task = place.task(chapter) if re.fullmatch(r"\d+\.\d+", chapter) else ""
    name = place.chapter(task.partition(".")[0] if task else chapter) if chapter else grading.at(where)
    if steps and not chain.before(name):
        raise BadInput("Chapter 01 is the first; there is no step before it. Leave --steps out.")
    if not yes and not grading.has_passed(where, name):
        console.agree(f"Chapter {name[:2]} has not passed yet, and this shows its solution. Show it?", yes)
    if steps:
        left, right = f"solutions/{chain.before(name)}", f"solutions/{name}"
        old = _texts(SOLUTIONS / chain.before(name))
    else:
        left, right = f"{where.name}/{name}", f"solutions/{name}"
        old = _texts(where.folder / name)
    new = _texts(SOLUTIONS / name)
    if task:
        old, new = _of_task(task, name, old, new)
    asked = {file for files in files_of(name).values() for file in files}
    files = [file for file in old.keys() | new.keys() if old.get(file) != new.get(file)]
    files.sort(key=lambda file: (file not in asked, file))
    if not files:
        what = f"The lines of task {task} in " if task else ""
        console.say(f"{what}{left} and {right} are exactly the same.")
    elif html is None:
        for file in files:
            console.show(_unified(file, left, right, old.get(file, []), new.get(file, [])))
    else:
        _write(html, _page(files, left, right, old, new), yes)


def _texts(folder: Path) -> Texts:
    """The lines of the Python files of a chapter.

    Raises:
        BadInput: one of them has so many that comparing takes minutes.
    """
    texts = {
        file.relative_to(folder).as_posix(): code.decode("utf-8", "replace").splitlines()
        for file, code in code_below(folder / "app").items()
        if not file.name.startswith(".")
    }
    for file, lines in texts.items():
        if len(lines) > MOST_LINES_COMPARED:
            raise BadInput(
                f"'{folder / file}' has {len(lines):,} lines; files of up to {MOST_LINES_COMPARED:,} are compared."
            )
    return texts


def _of_task(task: str, chapter: str, old: Texts, new: Texts) -> tuple[Texts, Texts]:
    """The lines of a task: in the solution those below its comment, in the other code what stands in their place."""
    theirs: Texts = {}
    wanted: Texts = {}
    for file in files_of(chapter).get(task, ()):
        mine, theirs[file], wanted[file] = old.get(file, []), [], []
        steps = difflib.SequenceMatcher(None, mine, new[file], autojunk=False).get_opcodes()
        for piece in pieces_of("\n".join(new[file]), int(chapter[:2])):
            if piece.task == task:
                first, last = piece.first - 1, piece.last
                wanted[file] += new[file][first:last]
                theirs[file] += mine[_before(steps, first, at_end=False) : _before(steps, last, at_end=True)]
    return theirs, wanted


def _before(steps: Sequence[tuple[str, int, int, int, int]], line: int, *, at_end: bool) -> int:
    """The line of the old text where a line of the new one begins, or where those before it end."""
    for kind, first, last, begin, end in steps:
        if begin <= line < end or (at_end and begin < line == end):
            return first + line - begin if kind == "equal" else last if at_end else first
    return steps[-1][2] if steps else 0


def _unified(file: str, left: str, right: str, old: list[str], new: list[str]) -> list[Line]:
    lines = []
    for row in difflib.unified_diff(old, new, f"{left}/{file}", f"{right}/{file}", lineterm=""):
        head = row.startswith(("---", "+++"))
        colour = {"-": "red", "+": "green"}.get(row[:1], "") if not head else ""
        lines.append(Line(plain(row.expandtabs()), colour, bold=head))
    return [*lines, Line("")]


def _page(files: list[str], left: str, right: str, old: Texts, new: Texts) -> str:
    import jinja2
    from markupsafe import Markup

    maker = difflib.HtmlDiff(tabsize=4, wrapcolumn=80)
    tables = {file: Markup(_table(maker, old.get(file, []), new.get(file, []), left, right)) for file in files}
    template = Path(__file__).with_name("diff.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(left=left, right=right, tables=tables)


def _table(maker: difflib.HtmlDiff, old: list[str], new: list[str], left: str, right: str) -> str:
    """Two columns; their lines wrap where there is little room."""
    made = maker.make_table(old, new, left, right, context=True, numlines=4)
    return made.replace("&nbsp;", " ").replace(' nowrap="nowrap"', "")


def _write(file: Path, page: str, yes: bool) -> None:
    if file.exists():
        console.agree(f"The file {file} already exists. Replace it?", yes)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"The page cannot be written to '{file}' ({error.strerror}); choose another file.") from None
    console.say(f"The page is in {file}")
