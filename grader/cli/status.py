"""Command ``workbook status``: what has passed, what has not, and what is next."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer

from grader.cli import console, grading, passed, place
from grader.cli.options import SubmissionOption
from grader.lessons import results
from grader.places import found_home
from grader.rules import CHAPTERS, rules_of
from grader.starters import file_of, tasks_of, untouched_tasks
from grader.terminal import Line, is_place, wrapped

_COLOURS = {"passed": "green", "failed": "red", "todo": "", "open": ""}


def status(submission: SubmissionOption = None) -> None:
    """Show your progress and the next step.

    Progress is what has passed, what fails and what is still to do, by chapters and tasks. Code that has not changed
    is not graded again. The exit status is 0.
    """
    where = place.submission(submission)
    with _patience():
        found = grading.outcomes(where)
    at = grading.at(where, found)
    console.show(_lines(where, found, at))
    raise typer.Exit(0)


@contextmanager
def _patience() -> Iterator[None]:
    """Say to a person who waits for more than a second what takes so long."""
    words = "Checking the code that has changed ..."
    timer = threading.Timer(1, console.say, [words])
    timer.daemon = True
    if console.is_terminal(sys.stdout):
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _lines(where: place.Place, found: dict[str, str], at: str) -> list[Line]:
    style = console.style()
    sign = {"passed": style.passed, "failed": style.failed, "todo": style.waiting, "open": style.waiting}
    lines = [Line(f"Your progress in {where.name}", bold=True), Line("")]
    for chapter in CHAPTERS:
        states = _tasks(chapter, found, frozenset())
        given = any(is_place(found[rule.id].partition(" ")[2]) for rule in rules_of(chapter))
        state = "failed" if given else _together(list(states.values()))
        done = sum(each == "passed" for each in states.values())
        checks = [found[rule.id] for rule in rules_of(chapter)]
        counts = f"{done:>2} of {len(states):>2} tasks   {checks.count('passed'):>2} of {len(checks):>2} checks"
        here = "   <- you are here" if chapter == at else ""
        quiz = _quiz(chapter) if where.own else ""
        lines.append(Line(f"  {sign[state]} {chapter:<18} {counts}{quiz}{here}", _COLOURS[state], chapter == at))
    lines += [Line(""), Line(at, bold=True)]
    texts = tasks_of(at)
    untouched = untouched_tasks(at, where.folder / at)
    for task, state in _tasks(at, found, untouched).items():
        head = f"  {sign[state]} {task} "
        waits = " (written; it waits for what is to be fixed)" if state == "open" else ""
        rows = wrapped(texts[task] + waits, " " * len(head), head)
        lines += [Line(row.text, _COLOURS[state]) for row in rows]
    return [*lines, Line(""), *_closing(where, found, at), *passed.news(where)]


def _quiz(chapter: str) -> str:
    """How the quiz of a chapter's lesson went; it counts for the learner alone."""
    counts = results.right_and_all(chapter)
    return f"   quiz {counts[0]}/{counts[1]}" if counts else ""


def _tasks(chapter: str, found: Mapping[str, str], untouched: frozenset[str]) -> dict[str, str]:
    """Whether each task of a chapter is passed, failed, todo, or open: written, and not judged by itself."""
    outcomes = [(rule.task, *found[rule.id].partition(" ")[::2]) for rule in rules_of(chapter)]
    everything = [outcome for _, outcome, _ in outcomes]
    states = {}
    for task in tasks_of(chapter):
        own = ["blocked" if there else outcome for judged, outcome, there in outcomes if judged == task]
        own += [outcome for _, outcome, there in outcomes if there == task]
        broken = "error" in (own or everything)
        if task in untouched and not broken:
            states[task] = "todo"
        elif own or broken:
            states[task] = _together(own or everything)
            if states[task] == "todo" and "todo" not in own and own:
                states[task] = "open"  # it waits for another task
        else:  # a task without a check of its own has passed when all others have; it never fails for them
            states[task] = "passed" if _together(everything) == "passed" else "open"
    return states


def _together(outcomes: list[str]) -> str:
    if all(outcome == "passed" for outcome in outcomes):
        return "passed"
    return "failed" if any(outcome in ("failed", "error", "timeout") for outcome in outcomes) else "todo"


def _closing(where: place.Place, found: dict[str, str], at: str) -> list[Line]:
    count = sum(outcome == "passed" for outcome in found.values())
    lines = [Line(f"{count} of {len(found)} checks passed.")]
    if count == len(found):
        return [*lines, Line("You have finished the workbook.", "green", bold=True)]
    task = next_task(where, found, at)
    if not task:
        lines.append(Line(f"Chapter {at[:2]} has passed: workbook diff {int(at[:2])} compares it with the solution"))
        at = next((each for each in (*CHAPTERS[int(at[:2]) :], *CHAPTERS) if next_task(where, found, each)), at)
        task = next_task(where, found, at)
    places = [found[rule.id].partition(" ")[2] for rule in rules_of(at)]
    if given := next(filter(is_place, places), ""):
        lines.append(Line(f"next: fix {where.name}/{at}/{given}, which came with the chapter", bold=True))
        return [*lines, Line(f"      what is wrong with it: workbook check {int(at[:2])}")]
    number, home = int(at[:2]), found_home()
    lesson = _lesson(at, home) if home is not None else ""
    return [
        *lines,
        Line(f"next: task {task}, in {where.name}/{at}/{file_of(task, at)}", bold=True),
        Line(f"      what there is to do: {where.name}/{at}/README.md"),
        *([Line(f"      the lesson:          {lesson}")] if lesson else []),
        Line(f"      then: workbook check {number}    workbook hint {task}    workbook watch {number}"),
    ]


def _lesson(chapter: str, home: Path) -> str:
    """The lesson of a chapter: the learner's copy before the project's own; empty where there is none."""
    files = (f"{folder}/{chapter}.ipynb" for folder in ("lessons", "notebooks"))
    return next((file for file in files if (home / file).is_file()), "")


def next_task(where: place.Place, found: Mapping[str, str], chapter: str) -> str:
    """The task of a chapter to go on with: what fails before what is to do; an empty string where nothing is left."""
    states = _tasks(chapter, found, untouched_tasks(chapter, where.folder / chapter))
    for wanted in ("failed", "todo", "open"):
        for task, state in states.items():
            if state == wanted:
                return task
    return ""
