"""Command ``workbook lint``: whether the course is complete, every task, every rule, and what is said about them."""

from __future__ import annotations

import difflib
import inspect
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from grader.bench import Target
from grader.cli import console, examples, grading, place
from grader.cli.options import OneChapterArgument
from grader.guide import LEVELS, hints_for, mistake_for, reason_for
from grader.places import NOTEBOOKS, SOLUTIONS
from grader.rules import CHAPTERS, rules_of
from grader.starters import pieces_of, starter_of, tasks_of, untouched_tasks, write_starters
from grader.terminal import Line

_LINE_NUMBER = re.compile(r"\blines? \d+|:\d+\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """Something that is missing: where, which rule of the course asks for it, and what to do."""

    file: str
    rule: str
    remedy: str


def lint(chapter: OneChapterArgument = "") -> None:
    """For authors: check that the course is complete.

    Every task has a comment, a starter, a check that notices when it is missing, hints, a section in the notebook and
    known mistakes; every rule an explanation. The exit status is 0 if nothing was found.

    \b
    Examples:
      workbook lint            all chapters
      workbook lint 5
    """
    place.expect_clone()
    chapters = [place.chapter(chapter)] if chapter else CHAPTERS
    found = [finding for name in chapters for finding in (*_tasks(name), *_rules(name))] + _judged(chapters)
    console.show(Line(f"{finding.file}: {finding.rule}: {finding.remedy}") for finding in found)
    console.say(f"{len(found)} found." if found else "The course is complete.")
    raise typer.Exit(1 if found else 0)


def _tasks(chapter: str) -> Iterator[Finding]:
    tasks, code, number = tasks_of(chapter), f"solutions/{chapter}/app", int(chapter[:2])
    expected = [f"{number}.{count}" for count in range(1, len(tasks) + 1)]
    named = {rule.task for rule in rules_of(chapter)}
    for task in sorted({*expected, *named} - set(tasks)):
        yield Finding(code, "task-has-comment", f"write a comment '# {task} ...' above the code of task {task}")
    sheet = (SOLUTIONS / chapter / "README.md").read_text(encoding="utf-8")
    lesson = _lesson(chapter)
    with tempfile.TemporaryDirectory() as starter:
        write_starters(chapter, Path(starter))
        taken_out = untouched_tasks(chapter, Path(starter))
    mistaken = _tasks_with_mistakes(chapter)
    for task in tasks:
        if task not in taken_out:
            yield Finding(code, "task-has-starter", f"put code under the comment of task {task}")
        if f"**{task}**" not in sheet:
            yield Finding(f"solutions/{chapter}/README.md", "task-is-on-the-sheet", f"say what task {task} asks for")
        if f"**{task}**" not in lesson:
            remedy = f"say in 'Your task' what **{task}** asks for"
            yield Finding(f"notebooks/{chapter}.ipynb", "task-is-in-notebook", remedy)
        if task not in mistaken:
            remedy = f"add a case that makes a mistake in the code of task {task}"
            yield Finding(f"tests/cases/{chapter}/wrong", "task-has-cases", remedy)
        yield from _hints(chapter, task)
    try:
        complete = reason_for(chapter).strip()
    except (KeyError, OSError):
        complete = ""
    if not complete:
        remedy = "say in 'reason' why the solution is as it is"
        yield Finding(f"grader/guide/{chapter}.toml", "chapter-has-reason", remedy)


def _hints(chapter: str, task: str) -> Iterator[Finding]:
    file = f"grader/guide/{chapter}.toml"
    try:
        hints = hints_for(task)
    except (KeyError, OSError):
        hints = []
    if len(hints) != len(LEVELS) or not all(hint.strip() for hint in hints):
        yield Finding(file, "task-has-hints", f"write {len(LEVELS)} hints for task {task}: {', '.join(LEVELS)}")
        return
    if "https://" not in hints[1]:
        yield Finding(file, "hint-has-link", f"name the page of the documentation in the second hint for task {task}")
    for hint in hints:
        if _LINE_NUMBER.search(hint.replace("https://", "")):
            yield Finding(file, "hint-without-line-number", f"name the place in words in the hints for task {task}")


def _lesson(chapter: str) -> str:
    file = NOTEBOOKS / f"{chapter}.ipynb"
    if not file.is_file():
        return ""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def _tasks_with_mistakes(chapter: str) -> set[str]:
    """The tasks in whose code some known mistake is made."""
    places = {
        file.relative_to(SOLUTIONS / chapter).as_posix(): pieces_of(file.read_text(encoding="utf-8"), int(chapter[:2]))
        for file in (SOLUTIONS / chapter / "app").rglob("*.py")
    }
    found = set()
    for example in examples.examples(chapter):
        for name, text in example.files.items():
            if name in places:
                solution = (SOLUTIONS / chapter / name).read_text(encoding="utf-8")
                changes = difflib.SequenceMatcher(None, solution.splitlines(), text.splitlines(), False).get_opcodes()
                spans = [(first, last) for kind, first, last, _, _ in changes if kind != "equal"]
                found |= {
                    piece.task
                    for piece in places[name]
                    if any(first < piece.last and max(last, first + 1) >= piece.first for first, last in spans)
                }
    return found


def _rules(chapter: str) -> Iterator[Finding]:
    file = f"grader/test_{chapter}.py"
    known = examples.examples(chapter)
    for rule in rules_of(chapter):
        missing = [name for name in ("title", "why", "hint") if not str(getattr(rule, name)).strip()]
        if not inspect.getdoc(rule.function):
            missing.append("docstring")
        if missing:
            yield Finding(file, "rule-is-explained", f"write {' and '.join(missing)} of test_{rule.name}")
        named = mistake_for(chapter, rule.name)
        if named and not any(rule.name in example.fails for example in known if example.slug == named):
            remedy = f"name a case under [mistakes] that breaks {rule.name}; {named} does not"
            yield Finding(f"grader/guide/{chapter}.toml", "mistake-breaks-its-rule", remedy)
        if not any(rule.name in example.fails for example in known):
            remedy = f"add a case that breaks {rule.name}; workbook explain shows it"
            yield Finding(f"tests/cases/{chapter}/wrong", "rule-has-example", remedy)


def _judged(chapters: Sequence[str]) -> list[Finding]:
    """Tasks that could be left out of a solution without any check's noticing it."""
    everything = {task: chapter for chapter in chapters for task in tasks_of(chapter)}
    with tempfile.TemporaryDirectory() as temporary:
        for task, chapter in everything.items():
            app = Path(temporary, task, chapter, "app")
            shutil.copytree(SOLUTIONS / chapter / "app", app)
            for file in app.rglob("*.py"):
                text = file.read_text(encoding="utf-8")
                file.write_text(starter_of(text, int(chapter[:2]), task), encoding="utf-8", newline="\n")
        # First the rules of the task itself: they are few, and mostly enough.
        unnoticed = _passing(Path(temporary), everything, own=True)
        unnoticed = _passing(Path(temporary), unnoticed, own=False)
    return [
        Finding(f"grader/test_{chapter}.py", "task-is-judged", f"write a rule that fails while task {task} is to do")
        for task, chapter in unnoticed.items()
    ]


def _passing(folder: Path, tasks: dict[str, str], own: bool) -> dict[str, str]:
    """Those of the tasks without which all their own rules pass, or all others of their chapter."""
    targets = [
        Target(folder / task, rule)
        for task, chapter in tasks.items()
        for rule in rules_of(chapter)
        if (rule.task == task) == own
    ]
    verdicts = grading.bench().grade(targets) if targets else ()
    noticed = {target.submission.name for target, check in verdicts if check.outcome != "passed"}
    return {task: chapter for task, chapter in tasks.items() if task not in noticed}
