"""Command ``workbook diff``: your code against the solution, in the terminal or side by side on a page."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.cli import chain, console, grading, place
from grader.cli.options import ChapterArgument, SubmissionOption, YesOption
from grader.starters import SOLUTIONS
from grader.terminal import Line, plain

Texts = dict[str, list[str]]


def diff(
    chapter: ChapterArgument = "",
    submission: SubmissionOption = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="write a side-by-side page to FILE")] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="show instead what this chapter's solution adds to the one before")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Compare your code with the solution. If the chapter has not passed yet, it asks first.

    Lines with - are yours (with --steps: the previous chapter's), lines with + are from the solution.

    \b
    Examples:
      workbook diff 5
      workbook diff 5 --html compared.html
      workbook diff 6 --steps
    """
    where = place.submission(submission)
    name = place.chapter(chapter) if chapter else grading.at(where)
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
    files = [file for file in sorted(old.keys() | new.keys()) if old.get(file) != new.get(file)]
    if not files:
        console.say(f"{left} and {right} are exactly the same.")
    elif html is None:
        for file in files:
            console.show(_unified(file, left, right, old.get(file, []), new.get(file, [])))
    else:
        _write(html, _page(files, left, right, old, new), yes)


def _texts(folder: Path) -> Texts:
    """The lines of the Python files of a chapter."""
    found = sorted(folder.glob("app/**/*.py"))
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8", errors="replace").splitlines()
        for file in found
        if file.is_file()
    }


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
    tables = {
        file: Markup(maker.make_table(old.get(file, []), new.get(file, []), left, right, context=True, numlines=4))
        for file in files
    }
    template = Path(__file__).with_name("diff.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(left=left, right=right, tables=tables)


def _write(file: Path, page: str, yes: bool) -> None:
    if file.exists():
        console.agree(f"The file {file} already exists. Replace it?", yes)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"The page cannot be written to '{file}' ({error.strerror}); choose another file.") from None
    console.say(f"The page is in {file}")
