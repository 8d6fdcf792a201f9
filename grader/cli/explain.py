"""Command ``workbook explain``: what a rule asks for and why, with an example, broken and fixed."""

from __future__ import annotations

import difflib
import inspect
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader.bench import Target
from grader.cli import console, examples, grading, place
from grader.cli.options import RuleArgument, SubmissionOption, YesOption
from grader.places import SOLUTIONS
from grader.rules import CHAPTERS, Rule, chapter_named, roster, rules_of
from grader.starters import tasks_of
from grader.terminal import Line, failure, task_number, wrapped

if TYPE_CHECKING:
    from grader.diagnosis.reading import Reading


def explain(rule: RuleArgument = "", submission: SubmissionOption = None, yes: YesOption = False) -> None:
    """Explain a rule or a mistake, with an example.

    It says what is asked, why it matters and how the check sees it. The example is shown broken and fixed. A failed
    check shows the id of its rule; the JSON report also has the name of the mistake. If the chapter has not passed
    yet, it asks before it shows the fixed example. For a chapter or a task it lists the rules.

    \b
    Examples:
      workbook explain         the rules of your current chapter
      workbook explain 5.1     the rules of task 5.1
      workbook explain 05_crud.create_refreshes
      workbook explain list_is_ordered
      workbook explain not_refreshed
    """
    if listed := _listed(rule, submission):
        console.show(_list(listed))
        return
    from grader.diagnosis.catalogue import mistake_named

    chapter, _, name = rule.rpartition(".")
    mistake = mistake_named(rule if chapter not in CHAPTERS else name)
    if mistake is not None and rule not in [each.id for each in roster()]:
        _explain_mistake(mistake, place.submission(submission), chapter, yes)
        return
    found = place.rule(rule)
    console.show([Line(found.id, bold=True), *wrapped(f"task {found.task}: {found.title}"), Line("")])
    console.show(_paragraph("what", inspect.getdoc(found.function) or found.title))
    console.show(_paragraph("why", found.why))
    example = examples.example_of(found)
    if example is None:
        console.show(_paragraph("example", "There is none here: the examples are in the project's folder tests."))
        return
    console.show(_observed(found, example))
    _show_fixed(example, place.submission(submission), yes)


def _listed(words: str, submission: Path | None) -> tuple[Rule, ...]:
    """The rules of the chapter or task that the words name, or of the chapter where the learner is; else none."""
    if not words:
        return rules_of(grading.at(place.submission(submission)))
    if re.fullmatch(r"\d+\.\d+", words):
        return place.rules(words)
    return rules_of(chapter_named(words)) if chapter_named(words) and "." not in words else ()


def _list(rules: Sequence[Rule]) -> Iterator[Line]:
    chapter = rules[0].chapter
    yield Line(chapter, bold=True)
    in_order = sorted(rules, key=lambda rule: task_number(rule.task))
    for task, group in groupby(in_order, key=lambda rule: rule.task):
        yield from (Line(""), *wrapped(f"{task} {tasks_of(chapter)[task]}", "      ", "  "))
        for rule in group:
            yield from (Line(f"      {rule.id}", bold=True), *wrapped(rule.title, " " * 10))
    yield Line("")
    yield from wrapped(f"workbook explain {rules[0].id} explains that rule.")
    yield from wrapped(
        f'A mistake has a name, too: workbook check {int(chapter[:2])} --json shows those of your code as "mistake".'
    )


def _explain_mistake(mistake: Reading, where: place.Place, chapter: str, yes: bool) -> None:
    console.show([*wrapped(f"{mistake.name}: {mistake.title}"), Line("")])
    console.show(_paragraph("what", mistake.about))
    example = examples.example_of_mistake(mistake.name, chapter or grading.at(where))
    if example is not None:
        rules = [rule for rule in rules_of(example.chapter) if rule.name in example.fails]
        broken = "; ".join(f"{rule.task} {rule.title} ({rule.id})" for rule in rules)
        console.show(_paragraph("breaks", f"in the example: {broken}"))
        _show_fixed(example, where, yes)


def _show_fixed(example: examples.Example, where: place.Place, yes: bool) -> None:
    """Show the difference between a broken example and the solution; not unasked while there is still work to do."""
    if not yes and not grading.has_passed(where, example.chapter):
        said = console.answer(
            f"Chapter {example.chapter[:2]} has not passed yet; the example shows a part of its solution. Show it?"
        )
        if not said:
            console.say("Not shown: the example holds a part of the solution; --yes shows it.")
            raise typer.Exit(0 if said is None else 1)
    console.show(
        [*_paragraph("example", f"{example.about} (lines with -); lines with + are from the solution"), Line("")]
    )
    for file, text in example.files.items():
        console.show(_difference(example.chapter, file, text))


def _paragraph(label: str, text: str) -> list[Line]:
    return wrapped(" ".join(text.split()), " " * 10, f"{label:<10}")


def _observed(rule: Rule, example: examples.Example) -> Iterator[Line]:
    """How the check comes to its verdict, shown with the broken example."""
    with tempfile.TemporaryDirectory() as folder:
        example.write(Path(folder))
        (_, check), *_ = grading.bench().grade([Target(Path(folder), rule)])
    yield from _paragraph(
        "how", "The check runs the code and looks at what it does. About the broken example below it says:"
    )
    yield from failure(replace(check, id="", why="", hint="", where=""), console.style())


def _difference(chapter: str, file: str, broken: str) -> Iterator[Line]:
    solution = SOLUTIONS / chapter / file
    fixed = solution.read_text(encoding="utf-8") if solution.is_file() else ""
    heads = (f"broken {file}", f"fixed {file}")
    for row in difflib.unified_diff(broken.splitlines(), fixed.splitlines(), *heads, n=2, lineterm=""):
        if not row.startswith("@@"):
            head = row.startswith(("---", "+++"))
            yield Line(f"  {row}".rstrip(), "" if head else {"-": "red", "+": "green"}.get(row[:1], ""), bold=head)
    yield Line("")
