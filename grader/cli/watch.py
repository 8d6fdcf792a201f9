"""Command ``workbook watch``: keeps the bench warm and grades a chapter again on every save."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import typer

from grader import BadInput, terminal
from grader.bench import Interrupted
from grader.cli import console, grading, hint, passed, place, status
from grader.cli.keys import listening
from grader.cli.options import ChapterArgument, DatabaseOption, SubmissionOption
from grader.cli.saves import saves
from grader.databases import Database
from grader.rules import CHAPTERS, rules_of
from grader.terminal import Line

if TYPE_CHECKING:
    from grader.report import Check

# What happens: ("saved", names), ("key", letter), ("verdict", check), ("end", None), ("broken", exception), or nothing.
Events = SimpleQueue[tuple[str, Any]]

_PATIENCE = 1.0  # seconds after which somebody wants to know whether it works


def watch(
    chapter: ChapterArgument = "", submission: SubmissionOption = None, database: DatabaseOption = "sqlite"
) -> None:
    """Grade a chapter again on every save, and say what has changed. Press n for next, h for a hint, q to quit.

    The exit status is 0 when you quit with q.

    \b
    Examples:
      workbook watch           your current chapter
      workbook watch 5
    """
    where = place.submission(submission)
    events: Events = SimpleQueue()
    with listening(lambda letter: events.put(("key", letter))) as has_keys:
        view = _View(where, place.chapter(chapter) if chapter else grading.at(where), database, has_keys)
        while view.chapter:
            if not (where.folder / view.chapter).is_dir():
                raise BadInput(f"There is no folder {where.name}/{view.chapter} to watch; give another chapter.")
            _follow(view, events)
    raise typer.Exit(0)


@dataclass
class _View:
    """What is watched, and what is known about it; `chapter` is empty when the user has quit."""

    where: place.Place
    chapter: str
    database: Database
    has_keys: bool
    checks: list[Check] = field(default_factory=list)
    shown: int = 0


def _follow(view: _View, events: Events) -> None:
    """Watch one chapter until the user quits or goes on to the next."""
    stop = threading.Event()
    watched, view.checks = view.chapter, []

    def look() -> None:
        for names in saves(view.where.folder / watched, stop):
            events.put(("saved", names))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    grade = _Grading(view, events)
    try:
        grade.start(f"watching {view.where.name}/{watched}")
        while view.chapter == watched:
            kind, what = _next(events)
            grade.tell()
            if kind == "saved":
                grade.start(f"{time.strftime('%H:%M:%S')}  saved: {terminal.plain(', '.join(what))}")
            elif kind == "verdict":
                grade.take(what)
            elif kind == "end":
                grade.end()
            elif kind == "broken":
                raise what
            elif kind == "key":
                _press(view, what, grade.running)
    finally:
        stop.set()
        grade.stop()
        watcher.join()


def _next(events: Events) -> tuple[str, Any]:
    try:
        return events.get(timeout=0.5)  # never for ever: on Windows nothing else lets Ctrl-C in
    except Empty:
        return "nothing", None


class _Grading:
    """Grades in a thread of its own, so that a new save or a key never has to wait for it."""

    def __init__(self, view: _View, events: Events) -> None:
        self._view, self._events = view, events
        self._rules = rules_of(view.chapter)
        self._thread: threading.Thread | None = None
        self._found: dict[str, Check] = {}
        self._again = ""
        self._told_at = 0.0

    @property
    def running(self) -> bool:
        """Whether verdicts are still to come."""
        return self._thread is not None

    def start(self, title: str) -> None:
        """Grade; what is being graded already has become old."""
        if self._thread is not None:
            self._again = title
            console.show([Line(title, bold=True)])
            grading.bench(self._view.database).interrupt()
            return
        self._found = {}
        self._told_at = time.monotonic()
        console.clear()
        console.show([Line(title, bold=True), Line("")])
        self._thread = threading.Thread(target=self._grade, daemon=True)
        self._thread.start()

    def _grade(self) -> None:
        try:
            for check in grading.stream(self._view.where, self._rules, self._view.database):
                self._events.put(("verdict", check))
        except Interrupted:
            pass
        except Exception as problem:
            self._events.put(("broken", problem))
        self._events.put(("end", None))

    def tell(self) -> None:
        """Say that it is still going on, once, where nothing was to be seen for a while."""
        if self.running and self._told_at and time.monotonic() - self._told_at > _PATIENCE:
            self._told_at = 0.0
            console.show([Line(f"checking; {len(self._found)} of {len(self._rules)} checks are done so far")])

    def take(self, check: Check) -> None:
        """A verdict has come."""
        self._found[check.id] = check

    def end(self) -> None:
        """The thread has come to its end: show the whole, or begin again."""
        if self._thread is not None:
            self._thread.join()
        self._thread, again, self._again = None, self._again, ""
        if again:
            self.start(again)
        elif len(self._found) == len(self._rules):
            before = self._view.checks
            self._view.checks = [self._found[rule.id] for rule in self._rules]
            self._view.shown = 0
            console.show(_changes(before, self._view.checks))
            console.show(_result(self._view))
            grading.warn(self._view.database)

    def stop(self) -> None:
        """End the thread."""
        while self._thread is not None and self._thread.is_alive():
            grading.bench(self._view.database).interrupt()
            self._thread.join(0.05)


# What is shown of an outcome, as in the numbers of a chapter.
_WORDS = {"todo": "to do", "passed": "passed", "blocked": "waits"}
_EACH = 3  # how many checks that have become the same are named


def _changes(before: list[Check], now: list[Check]) -> Iterator[Line]:
    """What has become of the checks since the last run."""
    then, words = _in_words(before), _in_words(now)
    headings = {**terminal.headings(before), **terminal.headings(now)}
    changed: dict[str, list[str]] = {}
    for check in now:
        if then.get(check.id, words[check.id]) != words[check.id]:
            name = headings.get(check.id, f"{check.task} {check.title}")
            changed.setdefault(f"{then[check.id]} -> {words[check.id]}", []).append(name)
    if before and not changed:
        yield Line("nothing has changed since the last run")
        yield Line("")
    for what, names in changed.items():
        for name in names if len(names) <= _EACH else [f"{len(names)} checks"]:
            yield Line(f"  {name}: {what}", "green" if what.endswith("passed") else "yellow")
    if changed:
        yield Line("")


def _in_words(checks: list[Check]) -> dict[str, str]:
    """How it stands with each check, by its id."""
    return {name: _WORDS.get(outcome, "to fix") for name, outcome in terminal.settled(checks).items()}


def _result(view: _View) -> Iterator[Line]:
    yield from terminal.chapters(view.checks, console.style(), submission=view.where.name, whole=1)
    yield Line("")
    yield from passed.closing(view.where, view.checks)
    yield _help(view)


def _left(view: _View) -> list[terminal.Block]:
    return terminal.blocks(view.checks)


def _task(view: _View) -> str:
    """The task that the user is at: that of the failure that is shown, else the next one."""
    left = _left(view)
    found = {check.id: check.outcome for check in view.checks}
    return left[view.shown % len(left)].task if left else status.next_task(view.where, found, view.chapter)


def _help(view: _View) -> Line:
    if not view.has_keys:
        return Line("(waiting for the next save; Ctrl-C stops it)")
    done = all(check.outcome == "passed" for check in view.checks)
    more = ["[n] next chapter"] if done else ["[n] next failure"] if len(_left(view)) > 1 else []
    return Line("   ".join([*more, "[h] hint", "[q] quit", "(waiting for the next save)"]))


def _press(view: _View, letter: str, running: bool) -> None:
    if letter == "q":
        view.chapter = ""
    elif running or not view.checks:
        return
    elif letter == "h":
        task = _task(view)
        console.show(hint.one_more(task) if task else [Line("nothing is left to do here")])
        console.show([_help(view)])
    elif letter == "n":
        _go_on(view)


def _go_on(view: _View) -> None:
    if all(check.outcome == "passed" for check in view.checks):
        number = CHAPTERS.index(view.chapter) + 1
        if number < len(CHAPTERS):
            view.chapter = CHAPTERS[number]
        else:
            console.say("That was the last chapter.")
        return
    view.shown += 1
    left = _left(view)
    told = [Line("nothing fails; go on with what is still to do")]
    if left:
        shown = left[view.shown % len(left)]
        told = [Line(""), *terminal.block_lines(shown, console.style(), submission=view.where.name), Line("")]
    console.show([*told, _help(view)])
