"""Kernel: the magics of the workbook, ``%grade 05``, ``%grade 5.1``, ``%hint 5.1``, ``%predict name``, ``%quiz 05``.

Grading runs on a bench that stays warm in processes of its own; the code that is graded never comes into
the notebook's kernel.
"""

from __future__ import annotations

import argparse
import html
import logging
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class

from grader import BadInput, terminal
from grader.bench import QUICK, Bench, Target, chapter_folders
from grader.databases import DATABASES, NAMES
from grader.guide import LEVELS, hint_lines
from grader.lessons import NOTEBOOKS, quizzing, resident
from grader.lessons.predicting import Predictor
from grader.lessons.questions import lesson_of, lessons, prediction
from grader.places import home, is_clone
from grader.rules import CHAPTERS, Rule, chapter_named, rules_named, rules_of, task_named
from grader.starters import tasks_of, untouched_below, untouched_tasks

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from grader.report import Check

_USAGE = "write %grade 05 for a chapter, %grade 5.1 for a task"
_COLOURS = {"green": "#2e9e4f", "red": "#e5484d", "yellow": "#b7791f"}


class Page:
    """Lines of a report, of any length, as HTML and as plain text."""

    def __init__(self, lines: Sequence[terminal.Line]) -> None:
        self._lines = list(lines)

    def _repr_html_(self) -> str:
        style = "line-height: 1.35; white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; margin: 0"
        return f'<pre style="{style}">' + "".join(map(_html, self._lines)) + "</pre>"

    def __repr__(self) -> str:
        return "\n".join(row for line in self._lines for row in _rows(line.text))


# What stands before the words of a line: the label of a fact, a sign, or white space.
_HEAD = re.compile(r" {0,6}\S+ {2,}| {10}\| | {2}[^\w\s] | *")


def _hanging(text: str) -> int:
    """Where the second row of a line begins, when the line is too long for one."""
    found = _HEAD.match(text)
    return found.end() if found and found.end() < len(text) else 0


def _rows(text: str) -> list[str]:
    indent = " " * _hanging(text)
    wrapper = textwrap.TextWrapper(
        terminal.USUAL_WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.wrap(text) or [""]


def _html(line: terminal.Line) -> str:
    """A line as HTML, in a block of its own: the browser wraps it, and its rows stay in their column."""
    column = _hanging(line.text)
    style = f' style="padding-left: {column}ch; text-indent: -{column}ch"' if column else ""
    # The tag ends on a line of its own: so a stored report has a line for each of its lines, and no blank ones.
    return f"<div{style}>{_words(line) or '<br>'}</div\n>"


def _words(line: terminal.Line) -> str:
    words = _linked(html.escape(line.text, quote=False))
    if line.text.startswith("next: "):
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", words)
    if line.colour:
        words = f'<span style="color: {_COLOURS[line.colour]}">{words}</span>'
    return f"<b>{words}</b>" if line.bold else words


# A file of the learner, perhaps with a line; the next chapter, of which the lesson is the way to begin.
_FILE = re.compile(r"(chapters/(\d\d_\w+/[\w/]+\.(?:py|md)))((?::\d+)?)")
_NEXT = re.compile(r"^next: chapter (\d\d) \(.*\)$")


def _linked(text: str) -> str:
    """Text with links to the learner's files, and to the lesson of the next chapter."""
    if (step := _NEXT.match(text)) and (chapter := next((each for each in CHAPTERS if each[:2] == step[1]), "")):
        return f'next: the lesson <a href="{chapter}.ipynb">{chapter}</a>'
    return _FILE.sub(r'<a href="../chapters/\2">\1\3</a>', text)


def selected(words: str) -> tuple[Rule, ...]:
    """The rules that ``05``, ``5``, ``05_crud``, ``5.1``, ``05.1`` or nothing (everything) names.

    A task without a check of its own is judged by the others of its chapter.

    Raises:
        BadInput: there is no such chapter or task.
    """
    rules = rules_named(words.strip() or "all")
    if not rules and chapter_named(words) and task_named(words) in tasks_of(chapter_named(words)):
        return rules_of(chapter_named(words))
    if not rules:
        raise BadInput(f"There is no chapter or task '{words.strip()}'; {_USAGE}.")
    return rules


@magics_class
class Workbook(Magics):
    """The magics of the lessons."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._hints: dict[str, int] = {}
        # JupyterLab says which notebook a kernel is for, and so does VS Code, in a variable.
        notebook = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__", "")
        self._chapter = chapter_named(Path(notebook).stem)
        self._predictor = Predictor()
        shell.events.register("pre_run_cell", self._predictor.before_cell)
        shell.events.register("post_run_cell", self._predictor.after_cell)

    @line_magic
    def grade(self, line: str) -> Page:
        """Grade your code in ``chapters/``: ``%grade 05`` a chapter, ``%grade 5.1`` a task, ``%grade`` everything.

        Options: ``--database postgresql``, ``--submission DIR``, ``--full-trace``.
        """
        try:
            options = _options(line)
            self._chapter = "" if options.submission else chapter_named(options.what)
            return Page(_graded(options))
        except BadInput as problem:
            raise UsageError(str(problem)) from None

    @line_magic
    def hint(self, line: str) -> Page:
        """Show a hint for a task: where to look, then the concept, then nearly the code; one more each time.

        ``%hint 5.1`` is for that task, ``%hint 5`` for the next one of chapter 05, ``%hint`` for your next one.
        """
        named = task_named(line) or line.strip()
        chapter = chapter_named(named) if named and "." not in named else ""
        try:
            task = named if named and not chapter else _current_task(chapter or self._chapter, only=bool(chapter))
        except BadInput as problem:
            raise UsageError(str(problem)) from None
        if not task:
            done = f"Every task of {chapter} is done" if chapter else "Every task is done"
            first = next(iter(tasks_of(chapter or CHAPTERS[-1])))
            raise UsageError(f"{done}; name one to see its hints: %hint {first}")
        if not chapter_named(task) or task not in tasks_of(chapter_named(task)):
            raise UsageError(f"There is no task '{task}'; write %hint 5.1 for a task.")
        self._hints[task] = min(self._hints.get(task, 0) + 1, len(LEVELS))
        left = len(LEVELS) - self._hints[task]
        whole = f"solutions/{chapter_named(task)}" if is_clone() else f"workbook diff {task}"
        more = f"({left} more: run %hint {task} again)" if left else f"(That is all; see {whole}.)"
        return Page([*hint_lines(task, self._hints[task], terminal.UNWRAPPED), terminal.Line(more)])

    @line_magic
    def predict(self, line: str) -> None:
        """Ask for a prediction of what the next cell does; below that cell the two are compared."""
        found = prediction(line.strip())
        if found is None:
            what = f"There is no prediction '{line.strip()}'" if line.strip() else "Write which prediction"
            raise UsageError(f"{what}; the lesson's own cells name theirs, as in %predict slash.")
        self._chapter = chapter_named(lesson_of(found.name)) or self._chapter
        self._predictor.ask(found)

    @line_magic
    def quiz(self, line: str) -> None:
        """Ask the questions of a lesson: ``%quiz 05``."""
        lesson = next((each for each in lessons() if line.strip() and each.startswith(f"{line.strip():0>2}")), "")
        if not lesson:
            raise UsageError(f"There is no quiz '{line.strip()}'; write %quiz 05 for the quiz of lesson 05.")
        quizzing.ask(lesson)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; {_USAGE}, and ?%grade for the options.")


def _options(line: str) -> argparse.Namespace:
    parser = _Parser(add_help=False)
    parser.add_argument("what", nargs="?", default="")
    parser.add_argument("--submission", default="")
    parser.add_argument("--database", default="sqlite", choices=DATABASES)
    parser.add_argument("--full-trace", action="store_true")
    return parser.parse_args(shlex.split(line))


def _graded(options: argparse.Namespace) -> list[terminal.Line]:
    folder = Path(options.submission) if options.submission else home() / "chapters"
    # A folder that a lesson made for an experiment is called by its own name.
    temporary = folder.is_relative_to(resident.bench().workshop)
    name = folder.name if temporary else options.submission or "chapters"
    rules = selected(options.what)
    chapter_folders(folder, name)
    bench = resident.bench(options.database)
    checks = _verdicts(bench, folder, rules)
    others = _others(folder, checks, bench)
    elsewhere = terminal.blamed_on(checks, others)
    checks += elsewhere
    style = terminal.Style(width=terminal.UNWRAPPED)
    asked = task_named(options.what)
    # More of the lesson follows, also after the only task of a chapter.
    goes_on = bool(asked) and all(check.outcome == "passed" for check in checks)
    others_judge = asked and not any(asked in (rule.task, *rule.also) for rule in rules)
    chapter = rules[0].chapter
    left = asked if asked and asked in untouched_tasks(chapter, folder / chapter) else ""
    usual = options.database == DATABASES[0]
    return [
        *([] if usual else [terminal.Line(f"graded on {NAMES[options.database]}")]),
        *([terminal.Line(terminal.JUDGED_BY_OTHERS.format(asked))] if others_judge else []),
        *terminal.chapters(checks, style, submission=name, full_trace=options.full_trace),
        *(
            terminal.standing(checks, others)
            if goes_on
            else terminal.closing(
                checks,
                submission=name,
                in_notebook=True,
                asked=left,
                untouched=untouched_below(folder),
            )
        ),
        *(_rest([*checks, *others]) if goes_on and not options.submission else ()),
        *(terminal.Line(sentence) for sentence in (bench.openness, bench.spoilt) if sentence),
        *_passed(options, checks),
    ]


def _others(folder: Path, checks: Sequence[Check], bench: Bench) -> list[Check]:
    """After a part of a chapter has passed, or waits for the rest: the verdicts on what else is judged in it."""
    chapter, known = checks[0].chapter, {check.id for check in checks}
    others = [rule for rule in rules_of(chapter) if rule.id not in known]
    passed = all((check.chapter, check.outcome) == (chapter, "passed") for check in checks)
    return _verdicts(bench, folder, others, quick=True) if others and (passed or terminal.only_waits(checks)) else []


def _rest(every: Sequence[Check]) -> list[terminal.Line]:
    """After a part of a chapter of the learner's own has passed: what is to be fixed in it, else the lesson goes on.

    The lesson knows which task comes next; it need not be the one with the lowest number.
    """
    chapter = every[0].chapter
    word, task = _task_within(chapter, every)
    if word == "fix":
        is_judged = any(rule.task == task for rule in rules_of(chapter))
        return terminal.rest_of_chapter(word, task, f"%grade {task if is_judged else chapter[:2]}")
    return [terminal.Line("next: go on with the lesson", bold=True)]


def _task_within(chapter: str, checks: Sequence[Check]) -> tuple[str, str]:
    """As `terminal.task_within`, from the verdicts on a whole chapter of the learner's own."""
    untouched = untouched_tasks(chapter, home() / "chapters" / chapter)
    return terminal.task_within(chapter, terminal.outcomes_by_task(checks), untouched)


def _current_task(chapter_at_hand: str, *, only: bool = False) -> str:
    """The next task of the chapter at hand, else of the first that has not passed.

    Args:
        chapter_at_hand: the one that was named or graded last, or whose lesson is open; empty where there is none.
        only: look at no other chapter.
    """
    folder = home() / "chapters"
    chapter_folders(folder, "chapters")
    for chapter in (*filter(None, [chapter_at_hand]), *(() if only else CHAPTERS)):
        _, task = _task_within(chapter, _verdicts(resident.bench(), folder, rules_of(chapter), quick=True))
        if task:
            return task
    return ""


def _verdicts(bench: Bench, folder: Path, rules: Sequence[Rule], *, quick: bool = False) -> list[Check]:
    with bench.within(QUICK if quick else bench.limits):
        found = {check.id: check for _, check in bench.grade([Target(folder.resolve(), rule) for rule in rules])}
    return [found[rule.id] for rule in rules]


def _passed(options: argparse.Namespace, checks: Sequence[Check]) -> list[terminal.Line]:
    """After a whole chapter of the learner's own: how to compare it with the solution."""
    chapter = chapter_named(options.what)
    whole = chapter and {rule.id for rule in rules_of(chapter)} <= {check.id for check in checks}
    if not whole or options.submission or any(check.outcome != "passed" for check in checks):
        return []
    return [terminal.Line(f"Compare with the solution, in a terminal: workbook diff {int(chapter[:2])}")]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Make the magics known, let the lessons import their example code, and warm the bench up."""
    shell.register_magics(Workbook)
    # The first plot on a machine makes matplotlib list its fonts, and say so if that takes long: no news for a learner.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    if str(NOTEBOOKS) not in sys.path:
        sys.path.append(str(NOTEBOOKS))
    resident.bench()
