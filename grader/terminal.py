"""Verdict process, commands and kernel: what a run found out, as lines for a terminal."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from grader.outcomes import SAYS_IT_ALL
from grader.rules import CHAPTERS, GIVEN, NO_FOLDER, THE_REST, Rule, rules_of
from grader.shown import without_commands

if TYPE_CHECKING:
    from grader.report import Check

USUAL_WIDTH, _NARROWEST, _WIDEST = 80, 40, 100
_MAY_END = re.compile(r"[(\[{,]|(?<=\w)(?=\.)")
UNWRAPPED, _NARROW_WINDOW = 100_000, 66  # for a notebook, which wraps lines itself
_LABEL = 16
_SOME = 3  # how many other checks are named that fail for the same reason


@dataclass(frozen=True)
class Line:
    """A line of text and how to colour it: ``green``, ``red``, ``yellow`` or nothing."""

    text: str
    colour: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Style:
    """The signs in front of a check, plain letters where the terminal knows no others; and how wide a line may be."""

    passed: str = "\N{CHECK MARK}"
    failed: str = "\N{BALLOT X}"
    waiting: str = "\N{MIDDLE DOT}"
    between: str = " \N{MIDDLE DOT} "
    width: int = USUAL_WIDTH


ASCII = Style("+", "x", "-", " > ")


def line_width() -> int:
    """How many characters a line may have in this terminal; 80 where there is none."""
    return min(max(shutil.get_terminal_size((USUAL_WIDTH, 24)).columns, _NARROWEST), _WIDEST)


def style_for(encoding: str | None, width: int | None = None) -> Style:
    """The style that suits an output.

    Args:
        encoding: its encoding.
        width: how many characters fit on a line; that of the terminal when not given.
    """
    style = Style()
    try:
        (style.passed + style.failed + style.waiting + style.between).encode(encoding or "ascii")
    except (UnicodeError, LookupError):
        style = ASCII
    return replace(style, width=min(max(width or line_width(), _NARROWEST), _WIDEST))


# -- one mistake, one block ---------------------------------------------------------------------------


@dataclass
class Block:
    """What is told at once: a check that has to be fixed, others that fail for the same reason, and who waits.

    Of the checks that fail for one reason those are told in whose task's code the line is that is to be changed; the
    others wait, as if they had not failed: their tasks may be done. So do those that could not be judged. Where the
    line is `given`, it came with the chapter, and no task is named.
    """

    check: Check
    task: str
    same: list[Check] = field(default_factory=list)
    waiting: list[Check] = field(default_factory=list)
    given: bool = False

    @property
    def names(self) -> set[str]:
        """The names of its rules."""
        return {check.id.partition(".")[2] for check in (self.check, *self.same, *self.moved)}

    @property
    def place(self) -> tuple[str, ...]:
        """The line that is to be changed."""
        return self.check.chapter, self.check.outcome, self.check.where

    @property
    def moved(self) -> list[Check]:
        """Those that wait although they have failed."""
        return [check for check in self.waiting if check.outcome != "blocked"]


# Many lines belong to what such a line begins, and each may have a mistake of its own.
_BEGINS_SOMETHING = re.compile(r"\s*(@|(async )?def |class )")


def blocks(checks: Sequence[Check]) -> list[Block]:
    """What is to be fixed, what is broken first: the same mistake in the same place is one block."""
    groups: dict[tuple[str, ...], list[Check]] = {}
    to_fix = [check for check in checks if check.outcome in ("error", "failed", "timeout")]
    for check in sorted(to_fix, key=_urgency):
        reason, where = check.mistake or check.observed, check.where
        is_known = bool(where and (check.mistake or check.differs))
        if is_known and not _BEGINS_SOMETHING.match(check.line):
            reason = ""  # it is the one line that is to be changed, however many things come of it
        if check.outcome == "timeout" and where:  # which line of a loop ran last is chance, and so is for how long
            reason, where = "", check.function or where.partition(":")[0]
        outcome = "" if is_known else check.outcome  # one mistake may end in many ways
        groups.setdefault((check.chapter, outcome, reason, where), []).append(check)
    for key in [key for key, (first, *_) in groups.items() if not (key[-1] or first.mistake)]:
        # The same was seen, and nobody knows where: it is told with the others.
        known = next((other for other in groups if other[-1] and other[:-1] == key[:-1]), None)
        if known is not None:
            groups[known] += groups.pop(key)
    begun = [_block_of(group, checks) for group in groups.values()]
    found = _joined(sorted(begun, key=lambda block: _urgency(block.check, block.task)))
    waiting = [check for check in checks if check.outcome == "blocked"]
    for check in waiting:
        block = _block_for(check, checks, found)
        if block is not None:
            block.waiting.append(check)
    return found


def _block_of(group: Sequence[Check], checks: Sequence[Check]) -> Block:
    here = [check for check in group if not check.elsewhere] or list(group)
    here.sort(key=lambda check: check.outcome != "failed")  # an error may come of what happened before it
    first, waiting = here[0], [check for check in group if check not in here]
    # Where the code cannot be imported, say, nothing is known of the other rules: they are not broken for that.
    unjudged = [
        check for check in here[1:] if first.outcome == check.outcome == "error" and _seen(check) == _seen(first)
    ]
    waiting += unjudged
    about_given = first.mistake or first.outcome == "error" or first.id.endswith(f".{THE_REST}")
    given = first.task_there == GIVEN and bool(about_given)
    same = [check for check in here[1:] if check not in unjudged]
    return Block(first, _task_to_fix(first, checks), same, waiting, given)


def _task_to_fix(check: Check, checks: Sequence[Check]) -> str:
    """The task whose code is to be changed.

    Another one only if its mistake is known, it is where the code crashed, or a check of its own fails, if it has any.
    """
    if check.task_there == GIVEN:
        return check.task
    there = [each.outcome for each in checks if (each.chapter, each.task) == (check.chapter, check.task_there)]
    crashed = check.outcome == "error" or check.hint == SAYS_IT_ALL
    blamed = check.mistake or crashed or not there or any(outcome != "passed" for outcome in there)
    return check.task_there if check.task_there and blamed else check.task


def _joined(found: Sequence[Block]) -> list[Block]:
    """What has to be changed in a file of another task waits, if that task fails at the same line."""
    own = {block.place: block for block in reversed(found) if not block.check.elsewhere}
    for block in found:
        if block.check.elsewhere and block.place in own:
            own[block.place].waiting += [block.check, *block.same, *block.waiting]
    return [block for block in found if not block.check.elsewhere or block.place not in own]


def blamed_on(checks: Sequence[Check], others: Sequence[Check]) -> list[Check]:
    """Which checks of other tasks have to do with these.

    They fail because the code of the tasks of these checks is wrong; or these wait for them, and what is missing or
    wrong is neither's own code but that of another task, perhaps of one that no check is named after.
    """
    tasks = {check.task for check in checks}
    every = blocks([*checks, *others])
    to_fix = [block for block in every if block.task in tasks and not block.given]
    if not to_fix:
        to_fix = [
            block for block in every if block.task != block.check.task and any(each in checks for each in block.waiting)
        ]
    found = [check for block in to_fix for check in (block.check, *block.same) if check.task not in tasks]
    waited_for = {name for check in checks if check.outcome == "blocked" for name in _needed(check)}
    in_the_way = [each for each in others if each.outcome == "todo" and task_left(each) != each.task]
    return found or [each for each in in_the_way if each.id.partition(".")[2] in waited_for]


def only_waits(checks: Sequence[Check]) -> bool:
    """Whether nothing of a part is to be fixed or to be done, and some of it waits for the rest of the chapter."""
    outcomes = {check.outcome for check in checks}
    return "blocked" in outcomes and outcomes <= {"blocked", "passed"}


def _urgency(check: Check, task: str = "") -> tuple[object, ...]:
    return CHAPTERS.index(check.chapter), check.outcome != "error", task_number(task or check.task)


def settled(checks: Sequence[Check]) -> dict[str, str]:
    """The outcomes by ids; what fails only because of another task's code waits for that task."""
    return _settled(checks, blocks(checks))


def _settled(checks: Sequence[Check], found: Sequence[Block]) -> dict[str, str]:
    moved = {check.id for block in found for check in block.moved}
    return {check.id: "blocked" if check.id in moved else check.outcome for check in checks}


def outcomes_by_task(checks: Sequence[Check]) -> dict[str, str]:
    """As `settled`; what another task's code is to be changed for, or is still to do, names that: ``failed 7.5``.

    Where that code came with the chapter, it names the line: ``failed app/crud.py:12``.
    """
    found = blocks(checks)
    moved = {check.id: task_left(check) for check in checks if task_left(check) != check.task}
    moved |= {
        check.id: block.task for block in found for check in (block.check, *block.same) if block.task != check.task
    }
    given = [block for block in found if block.given and ":" in block.check.where]
    moved |= {check.id: block.check.where.partition("/")[2] for block in given for check in (block.check, *block.same)}
    return {id: f"{outcome} {moved[id]}" if id in moved else outcome for id, outcome in _settled(checks, found).items()}


def _block_for(check: Check, checks: Sequence[Check], found: Sequence[Block]) -> Block | None:
    """The block that a check waits for, perhaps by way of others that wait, also of some that were not asked for."""
    waiting = {each.id: _needed(each) for each in checks if each.outcome == "blocked"}
    asked_for = {each.id for each in checks}
    waiting |= {rule.id: list(rule.needs) for rule in rules_of(check.chapter) if rule.id not in asked_for}
    seen: set[str] = set()
    names = _needed(check)
    while names:
        name = names.pop(0)
        for block in found:
            if block.check.chapter == check.chapter and name in block.names:
                return block
        if name not in seen:
            seen.add(name)
            names += waiting.get(f"{check.chapter}.{name}", [])
    if _waits_for_another(check, asked_for):  # which saw the same
        return next((block for block in found if _seen(block.check) == _seen(check)), None)
    return None


def _waits_for_another(check: Check, asked_for: Container[str]) -> bool:
    """Whether what a check waits for is not among those that were asked for."""
    return all(f"{check.chapter}.{name}" not in asked_for for name in _needed(check))


def _seen(check: Check) -> str:
    """What was seen, whether a request ended with it or a function did."""
    return check.observed.partition(" (first: ")[0].removeprefix("a crash: ")


def _needed(check: Check) -> list[str]:
    """Names of the rules that a check waits for."""
    start = check.observed.rfind("(first: ")
    return check.observed[start:].removeprefix("(first: ").rstrip(")").split(", ") if start >= 0 else []


# -- everything about a run ---------------------------------------------------------------------------


def chapters(
    checks: Sequence[Check],
    style: Style,
    *,
    submission: str = "chapters",
    full_trace: bool = False,
    whole: int | None = None,
) -> Iterator[Line]:
    """Everything about the checks of a run: the numbers of each chapter, and then what is to be fixed.

    Args:
        checks: the verdicts, in order.
        style: how to write them.
        submission: what the user calls the submission.
        full_trace: show the whole traceback of the learner's code.
        whole: how many blocks are told whole, the rest in a line each; all when not given.
    """
    several = len({check.chapter for check in checks}) > 1
    outcomes = settled(checks)
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        yield from _overview(chapter, list(group), outcomes, style, submission)
    if several:
        yield from total(checks)
    yield from _looks(checks, style)
    told = blocks(checks)
    last = ""
    for number, block in enumerate(told):
        if several and block.check.chapter != last:
            last = block.check.chapter
            yield from (Line(""), Line(last, bold=True))
        if whole is None or number < whole:
            yield Line("")
            yield from block_lines(block, style, submission=submission, full_trace=full_trace)
        else:
            yield from (Line(""),) if number == whole else ()
            yield from _heading(block, style)


def _wait_elsewhere(checks: Sequence[Check]) -> int:
    """How many checks wait for what was not asked for, and not for anything that is told below."""
    asked_for = {check.id for check in checks}
    told = {check.id for block in blocks(checks) for check in block.waiting}
    waiting = [check for check in checks if check.outcome == "blocked" and check.id not in told]
    return sum(bool(_needed(check)) and _waits_for_another(check, asked_for) for check in waiting)


def _looks(checks: Sequence[Check], style: Style) -> Iterator[Line]:
    """Of chapters that have passed as a whole: that the code asks for what lies outside of it."""
    passed = {check.id: check for check in checks if check.outcome == "passed"}
    for chapter in dict.fromkeys(check.chapter for check in checks):
        whole = [passed.get(rule.id) for rule in rules_of(chapter)]
        said = next((check.looks for check in whole if check and check.looks), "")
        if said and all(whole):
            yield from wrapped(
                f"Note: this code {said}. It has passed; no check says what it does with that.", width=style.width
            )


def total(checks: Sequence[Check]) -> Iterator[Line]:
    """The numbers of the whole run."""
    passed = sum(check.outcome == "passed" for check in checks)
    yield Line(f"{passed} of {len(checks)} checks passed.", "green" if passed == len(checks) else "")


def _overview(
    chapter: str, checks: Sequence[Check], outcomes: Mapping[str, str], style: Style, submission: str
) -> Iterator[Line]:
    """A chapter in one line, and what is in the way of what was begun."""
    counts = {each: sum(outcomes[check.id] == each for check in checks) for each in ("passed", "blocked", "todo")}
    to_fix = len(checks) - sum(counts.values())
    words = [f"{counts['passed']} passed"] if counts["passed"] else []
    words += [f"{to_fix} to fix"] if to_fix else []
    waits = counts["blocked"]
    whom = "it" if to_fix == 1 else "them"
    if not to_fix:
        whom = "what is to do" if counts["todo"] else "another task"
    elsewhere = _wait_elsewhere(checks) if to_fix else 0
    for number, what in ((waits - elsewhere, whom), (elsewhere, "another task")):
        words += [f"{number} wait{'s' if number == 1 else ''} for {what}"] if number else []
    words += [f"{counts['todo']} to do"] if counts["todo"] else []
    told = ", ".join(words)
    if counts["todo"] == len(checks):
        told = {1: "1 check is", 2: "both checks are"}.get(
            len(checks), f"all {len(checks)} checks are"
        ) + " still to do"
    colour = "green" if counts["passed"] == len(checks) else "red" if to_fix else ""
    yield Line(f"{chapter:<{_LABEL}}  {told}", colour, bold=bool(to_fix))
    begun = any(check.outcome == "todo" and check.begun for check in checks)  # that is told below
    if waits and not to_fix and not begun:
        yield from _waited_for(checks, next(check for check in checks if outcomes[check.id] == "blocked"), style)
    told_already: set[tuple[str, str]] = set()
    half_done = {check.task for check in checks if check.outcome == "passed"}
    for check in sorted(checks, key=lambda check: task_number(task_left(check))):
        reason = _reason(check)
        stands_out = (
            check.begun
            or check.misplaced
            or _is_missing(check)
            or (check.task in half_done and _TASK.match(check.observed) is None)
        )
        if check.outcome == "todo" and stands_out and reason not in told_already:
            told_already.add(reason)
            number = sum((each.outcome, *_reason(each)) == ("todo", *reason) for each in checks)
            yield from _in_the_way(check, number, style, submission)


def _reason(check: Check) -> tuple[str, str]:
    """Why something is still to do."""
    return check.misplaced or check.observed, check.where


def _waited_for(checks: Sequence[Check], check: Check, style: Style) -> Iterator[Line]:
    """What a check waits for that is not among those that are told of."""
    first = _first_of(check)
    if first is not None and all(each.id != first.id for each in checks):
        yield from _fact("saw", _FIRST.sub("", check.observed), style)
        yield from _fact("first", f"{first.task} {first.title} (workbook check {first.task})", style)


def _first_of(check: Check) -> Rule | None:
    """The rule that a check waits for, if it waits for one."""
    found = _FIRST.search(check.observed) if check.outcome == "blocked" else None
    return next((rule for rule in rules_of(check.chapter) if found and rule.name == found[1]), None)


def _in_the_way(check: Check, number: int, style: Style, submission: str) -> Iterator[Line]:
    """What is in the way of code that was written, for this number of checks: something of the starter's."""
    if check.misplaced:
        yield from _fact("saw", check.misplaced, style)
        yield from _where(check, f"{submission}/{check.where}", style)
        yield from _fact("hint", check.hint, style)
    elif not (check.begun or _is_missing(check) or _TASK.match(check.observed)):
        yield from _fact("saw", check.observed, style)
        yield from _where(check, f"{submission}/{check.where}", style) if check.where else ()
    elif check.where:
        line = "the line 'raise NotImplementedError' still runs; remove it when your code is there"
        saw = f"{line} ({check.observed})" if not _TASK.match(check.observed) else line
        yield from _fact("saw", saw, style)
        yield from _fact("where", f"{submission}/{check.where}", style)
    elif _is_missing(check):
        yield from _fact("saw", check.observed, style)
    elif found := _TASK.match(check.observed):
        need = f"{number} check{' still needs' if number == 1 else 's still need'} {found[1]}"
        yield from wrapped(plain(f"{need}: {check.observed[found.end() :].strip()}"), " " * 6, width=style.width)


def _is_missing(check: Check) -> bool:
    """Whether the chapter has no folder at all."""
    return check.outcome == "todo" and check.observed.startswith(NO_FOLDER)


# -- a failure ----------------------------------------------------------------------------------------


def block_lines(
    block: Block, style: Style, *, submission: str = "chapters", full_trace: bool = False
) -> Iterator[Line]:
    """All that there is to say about one thing that is to be fixed."""
    yield from _heading(block, style)
    also = [f"{check.task} {check.title}" for check in block.same]
    if len(also) > _SOME:
        also = [*also[: _SOME - 1], f"and {len(also) - _SOME + 1} more"]
    yield from failure(block.check, style, submission=submission, full_trace=full_trace, also=also)
    if block.waiting:
        number = len(block.waiting)
        yield Line(f"      {number} check{' waits' if number == 1 else 's wait'} for this one.", "yellow")


def headings(checks: Sequence[Check]) -> dict[str, str]:
    """By id: what stands above each check that is to be fixed, with the number of the task whose code is wrong."""
    return {block.check.id: title_of(block) for block in blocks(checks)}


def title_of(block: Block) -> str:
    """What stands above it: the rule's title, or what has to work before any rule can be judged."""
    broken = _BROKEN.search(block.check.observed) if block.check.outcome == "error" else None
    title = block.check.title
    if broken is not None:
        title = f"Python can read {broken[1]}" if broken[1] else f"{broken[2]} can be imported"
    return title if block.given else f"{block.task} {title}"


_BROKEN = re.compile(r"(?:^|; )(?:(\S+\.py) is not valid Python: |importing (\S+\.py) raised )")


def _heading(block: Block, style: Style) -> Iterator[Line]:
    rows = _wrap(plain(title_of(block)), style.width - 4)
    yield Line(f"  {style.failed} {rows[0]}", "red")
    yield from (Line(f"    {row}", "red") for row in rows[1:])


def failure(
    check: Check,
    style: Style,
    *,
    submission: str = "chapters",
    full_trace: bool = False,
    also: Sequence[str] = (),
) -> Iterator[Line]:
    """What a check that did not pass has to say: what was done, seen and wanted, where, a hint, why, when.

    Args:
        check: the check.
        style: how to write it.
        submission: what the user calls the submission.
        full_trace: show the whole traceback of the learner's code.
        also: titles of other rules that fail for the same reason.
    """
    for label, text in check.facts(style.between).items():
        if label == "rule" and check.printed:
            yield from _printed(check.printed, style)
        if label == "rule" and also:
            yield from _fact("also", "; ".join(also), style)
        if label == "where":
            yield from _where(check, f"{submission}/{text}", style)
        else:
            yield from _fact(label, text, style)
    if full_trace and check.traceback:
        yield Line("")
        yield from (Line(f"      {plain(line)}") for line in check.traceback.rstrip().splitlines())
        yield Line("")


def _where(check: Check, place: str, style: Style) -> Iterator[Line]:
    """The place, and the line that is there, under which a caret points to what Python could not read."""
    yield from _fact("where", place, style)
    shown = plain(check.line.strip())
    caret = check.caret - (len(check.line) - len(check.line.lstrip())) - 1
    begin = 0
    # Above a caret nothing else may wrap a row once more, however narrow a window is.
    width = _NARROW_WINDOW if check.caret and style.width == UNWRAPPED else style.width
    for row in _wrap(shown, width - 20, whole=False) if shown else ():
        begin = shown.find(row, begin)
        yield Line(f"{'':20}{without_commands(row)}")
        if check.caret and begin <= caret <= begin + len(row):
            yield Line(f"{'':20}{' ' * (caret - begin)}^")
        begin += len(row)


def _printed(text: str, style: Style) -> Iterator[Line]:
    yield from _fact("printed", "", style)
    for row in [row for line in text.splitlines() for row in _wrap(plain(line), style.width - 12, whole=False)][-12:]:
        yield Line(f"          | {row}".rstrip())


def _fact(label: str, text: str, style: Style) -> Iterator[Line]:
    head = f"      {label:<9} "
    rows = _wrap(plain(text), style.width - len(head))
    yield Line((head + rows[0]).rstrip())
    yield from (Line(" " * len(head) + without_commands(row)) for row in rows[1:])


def _wrap(text: str, width: int, whole: bool = True) -> list[str]:
    """Text in rows; words, paths and commands stay whole unless they are longer than any line should be."""
    rows = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    longest = max(2 * _WIDEST, width) if whole else width
    return [piece for row in rows for piece in _pieces(row, longest)] or [""]


def _pieces(row: str, longest: int) -> Iterator[str]:
    """A row in pieces that are short enough: of code each ends with a bracket or a comma, where it has them."""
    while len(row) > longest:
        ends = [each.end() for each in _MAY_END.finditer(row, 0, longest) if each.end() > longest // 3]
        end = ends[-1] if ends else longest
        yield row[:end]
        row = row[end:]
    yield row


def wrapped(text: str, indent: str = "", first: str | None = None, width: int | None = None) -> list[Line]:
    """Text in lines that fit the terminal; addresses and commands stay whole.

    Args:
        text: one paragraph.
        indent: what every line begins with.
        first: what the first line begins with instead.
        width: how many characters fit on a line; that of the terminal when not given.
    """
    rows = textwrap.wrap(
        text,
        width or line_width(),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(row) for row in rows]


def plain(text: str) -> str:
    """Text that can do nothing to a terminal: control characters are shown, not sent."""
    return without_commands("".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text))


# -- the end ------------------------------------------------------------------------------------------

# Tells which tasks of a chapter have still the starter's code.
Untouched = Callable[[str], Collection[str]]


def _unknown(_chapter: str) -> Collection[str]:
    return ()


def closing(
    checks: Sequence[Check],
    *,
    submission: str = "chapters",
    in_notebook: bool = False,
    asked: str = "",
    untouched: Untouched = _unknown,
) -> Iterator[Line]:
    """The last lines: how it stands, and what to do next; arguments as for `next_step`."""
    yield from standing(checks)
    step = next_step(checks, submission=submission, in_notebook=in_notebook, asked=asked, untouched=untouched)
    if step:
        yield Line(step, bold=True)


def standing(checks: Sequence[Check], others: Sequence[Check] = ()) -> Iterator[Line]:
    """What it means where nothing is left, or nothing was begun.

    Args:
        checks: the verdicts.
        others: those on the rest of the chapter, where that was looked at.
    """
    begun = any(check.begun or check.misplaced or _is_missing(check) for check in checks)
    untouched = not begun and all(check.outcome == "todo" for check in checks)
    if checks and untouched:
        whole = {rule.id for check in checks for rule in rules_of(check.chapter)} <= {check.id for check in checks}
        everything = "Everything is still to do. That is as it should be: nothing is wrong."
        yield Line(everything if whole else "This is still to do. Nothing is wrong.")
    if checks and all(check.outcome == "passed" for check in checks):
        waits = _refused_before(checks, others)
        for task in sorted({check.task for check in waits}, key=task_number):
            number = sum(check.task == task for check in waits)
            yield Line(f"{number} check{' still needs' if number == 1 else 's still need'} {task}.")
        if not waits:
            yield Line("Everything that was checked is right.", "green", bold=True)


def _refused_before(checks: Sequence[Check], others: Sequence[Check]) -> list[Check]:
    """Of the rest of a chapter the checks of untouched tasks that ended before the code of these.

    A good request was refused by a line of these checks' tasks.
    """
    waits = [each for each in others if each.outcome == "todo" and each.observed.startswith("422 ")]
    return [each for each in waits if each.task_there in {check.task for check in checks}]


def next_step(
    checks: Sequence[Check],
    *,
    submission: str = "chapters",
    in_notebook: bool = False,
    asked: str = "",
    untouched: Untouched = _unknown,
) -> str:
    """Where to go on: what is to be fixed, then the first task that is to do; after a whole chapter, the next one.

    Args:
        checks: the verdicts, in order.
        submission: what the user calls the submission.
        in_notebook: name magics, not commands.
        asked: the task that was asked for, where it is untouched.
        untouched: tells which tasks of a chapter are: a later one may be in the way of an earlier one's check.
    """
    for chapter, group in groupby(checks, key=lambda check: check.chapter):
        found = list(group)
        left = [check for check in found if check.outcome != "passed"]
        if left:
            to_fix = blocks(found)
            if not to_fix:
                is_whole = {rule.id for rule in rules_of(chapter)} <= {check.id for check in found}
                return _do(left, chapter, submission, asked, untouched(chapter) if is_whole and not asked else ())
            return _fix(to_fix[0], submission, _magic(to_fix[0], found) if in_notebook else _command(chapter))
    last = checks[-1].chapter if checks else ""
    whole = last and {rule.id for rule in rules_of(last)} <= {check.id for check in checks}
    later = CHAPTERS[CHAPTERS.index(last) + 1 :] if whole else ()
    return f"next: chapter {later[0][:2]} ({submission}/{later[0]}/README.md)" if later else ""


def task_within(chapter: str, outcomes: Mapping[str, str], untouched: Collection[str] = ()) -> tuple[str, str]:
    """The task of a chapter to go on with, and before it ``fix`` or ``task``; empty where nothing is left.

    Args:
        chapter: name of the chapter.
        outcomes: what is known of all of its rules, as `outcomes_by_task` gives it.
        untouched: its tasks whose code is still the starter's.
    """
    all_of_them = [(rule.task, *outcomes[rule.id].partition(" ")[::2]) for rule in rules_of(chapter)]
    left = [
        (task if is_place(there) else there or task, outcome)
        for task, outcome, there in all_of_them
        if outcome != "passed"
    ]
    failing = {(task, outcome) for task, outcome in left if outcome not in ("todo", "blocked")}
    to_fix = {task for task, outcome in failing if task not in untouched or outcome == "error"}
    to_do = {task for task, outcome in left if outcome == "todo"} | {*untouched} or {task for task, _ in left}
    if not left:
        return "", ""
    return "fix" if to_fix else "task", min(to_fix or to_do, key=task_number)


def is_place(there: str) -> bool:
    """Whether what an outcome names is a line that came with the chapter, and no task (`outcomes_by_task`)."""
    return ":" in there


JUDGED_BY_OTHERS = "Task {} has no check of its own: the other checks of the chapter need it."


def rest_of_chapter(word: str, task: str, command: str) -> list[Line]:
    """What there is to say after a part of a chapter has passed: what is to be done in the rest of it.

    Args:
        word: ``fix`` or ``task``, as of `task_within`.
        task: its number.
        command: what says what is wrong with it.
    """
    says = f"Something else in the chapter does not pass. What it is: {command}"
    return [*([Line(says)] if word == "fix" else []), Line(f"next: {word} {task}", bold=True)]


def _fix(block: Block, submission: str, command: str) -> str:
    check = block.check
    in_a_line = check.outcome == "error" or block.given
    what = f"{submission}/{check.where}" if in_a_line and check.where else block.task
    again = f", then `{command}`" if submission == "chapters" else ""
    return f"next: fix {what}{again}"


def _command(chapter: str) -> str:
    return f"workbook check {int(chapter[:2])}"


def _magic(block: Block, checks: Sequence[Check]) -> str:
    """What shows the mistake again: the task that was graded, else the one that is to be fixed, else its chapter."""
    rules = rules_of(block.check.chapter)
    is_part = not {rule.id for rule in rules} <= {check.id for check in checks}
    tasks = [*([block.check.task] if is_part else []), *([] if block.given else [block.task])]
    judged = [task for task in tasks if any(rule.task == task for rule in rules)]
    return f"%grade {judged[0] if judged else block.check.chapter[:2]}"


def _do(left: Sequence[Check], chapter: str, submission: str, asked: str, untouched: Collection[str]) -> str:
    first = min(left, key=lambda check: (check.outcome == "blocked", task_number(task_left(check))))
    sheet = f"{'chapters' if _is_missing(first) else submission}/{chapter}/README.md"
    rule = _first_of(first)
    known = rule is None or any(check.id == rule.id for check in left)
    task = task_left(first) if rule is None or known else rule.task
    passed = {each.task for each in rules_of(chapter)} - {check.task for check in left}
    task = min({task} | {*untouched} - passed, key=task_number)
    judged = any(asked in (each.task, *each.also) for each in rules_of(chapter))
    task = min(asked, task, key=task_number) if asked and judged else asked or task
    return f"next: chapter {chapter[:2]}, task {task} ({sheet})"


def task_left(check: Check) -> str:
    """The task that a check is about; of what is to do, the one that is in its way."""
    found = _TASK.match(check.observed) if check.outcome == "todo" else None
    return found[1] if found else check.task


# What a starter raises begins with the number of its task.
_TASK = re.compile(r"(\d{1,2}\.\d{1,2})\b")
_FIRST = re.compile(r" \(first: (\w+)\)$")


def task_number(task: str) -> tuple[int, ...]:
    """A task's number, to order by."""
    return tuple(int(part) for part in task.split("."))
