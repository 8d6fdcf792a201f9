"""Verdict process: from what a child told, or failed to tell, to the entry in the report."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.bench.children import Child
from grader.bench.plan import Run, Target
from grader.diagnosis.source import File, definition_at
from grader.lab.job import SPOILT
from grader.places import PACKAGE
from grader.rules import GIVEN, NO_FOLDER, THE_REST, Rule, rules_of
from grader.shown import harmless
from grader.starters import (
    TooMuch,
    closer,
    code_files,
    files_of,
    has_file,
    is_given,
    is_under_another_name,
    names_in,
    read_code,
    tasks_at,
    tasks_of,
    tasks_of_route,
)

if TYPE_CHECKING:
    from grader.report import Check

_OUTCOMES = ("passed", "failed", "todo", "error", "blocked", "timeout")
# What a child tells in words; the rest of an entry is known here.
_IN_WORDS = "did", "observed", "expected", "why", "hint", "where", "line", "function", "mistake", "traceback"
_FRAME = re.compile(r'\s*File "(.+)", line (\d+) in ')
# What shows up in print and is the grader's own: where a warning was raised, and its frames in a traceback.
_OWN_FILE = re.escape(f"{PACKAGE}{os.sep}")
_LIBRARY = re.compile(r"(?<![^\s\"'])/[^\s\"':]*?site-packages/")
_ADDRESS = re.compile(r"(?<=\w) at 0x[0-9a-fA-F]{6,16}(?=>)")  # another one each time
_OWN_WARNING = re.compile(rf"^{_OWN_FILE}[^\n:]+:\d+: (\w+: .*\n?)(?:  .*\n?)?", re.MULTILINE)

_TASK = re.compile(r"(\d+\.\d+) ")
_ROUTES = re.compile("include|router|blueprint")
_NO_FIELDS = re.compile(r"^(\w+) has no fields yet")
_PLACEHOLDER = re.compile(r"^(\w+)\.(\w+) is still to do$")
# A child keeps to less; whoever speaks in its name need not.
_LONGEST, _LONGEST_OUTPUT, _LONGEST_MOMENT, _MOST_MOMENTS, _MOST_NAMES = 4_000, 20_000, 200, 60, 50

FORGED = {
    "outcome": "error",
    "observed": "the code sent the grader a verdict of its own",
    "expected": "code that leaves the verdict to the grader",
}
KEPT_BACK = {
    "outcome": "error",
    "observed": "something of what the grader says was kept back, or said twice: the code has changed the grader, "
    "so nothing in this chapter counts",
    "expected": "code that leaves the verdict to the grader",
}
_CHANGED = {
    "outcome": "error",
    "observed": "the code has changed a part of the grader, if only for a moment",
    "expected": "code that leaves the grader as it is",
}


class Unjudged(dict[str, str]):
    """What there is to say of a check that could not be judged, as something of the grader's own went wrong."""

    def __init__(self, observed: str) -> None:
        super().__init__(
            outcome="error",
            observed=observed,
            expected="a check that can run; this is not a fault of your code, so run it again",
        )


class CutOff(dict[str, Any]):
    """What there is to say of a check for which other chapters of the submission left no time."""


LOST = Unjudged(
    "the grader lost its own connection to the database during the check, and again when the check ran alone"
)
NO_ROOM = Unjudged("the disk was full during the check, and again when the check ran once more")
NO_THREADS = Unjudged("no more processes or threads could be started for the check, and none when it ran once more")
_NO_THREADS = "can't start new thread"
# What SQLite, PostgreSQL and Python say of a full disk.
_FULL = "disk is full", "No space left on device"
CHEATED = {
    "outcome": "error",
    "observed": "the code reported that it passed a check that no code can pass: it has changed the grader, "
    "so nothing in this chapter counts",
    "expected": "code that leaves the verdict to the grader",
}
_CHANGED = {
    "outcome": "error",
    "observed": "the code has changed a part of the grader, if only for a moment",
    "expected": "code that leaves the grader as it is",
}
NEVER_PROVED = {
    "outcome": "error",
    "observed": "the process in which the check ran came to an early end, again and again",
    "expected": "code that does not end the process in which it runs",
}
LOST_IN_VAIN = {
    "outcome": "error",
    "observed": "the grader's own connection to the database ended during the check, twice, though the server goes on",
    "expected": "code that leaves the grader's own connection to the database alone",
}
NEVER_PREPARED = {
    "outcome": "error",
    "observed": "the code kept the grader from making the database new, twice",
    "expected": "code that leaves the grader's own connection to the database alone",
}
NOT_STARTED = {
    "outcome": "timeout",
    "observed": "the check could not be started in time",
    "expected": "an answer in time",
}


def told_in(message: Mapping[str, Any]) -> Any:
    """What a child tells of a check in a message: how it ended, and the rest, which it wrote down beside its clerk.

    Args:
        message: the message; that of a child that is not itself may be anything.
    """
    try:
        told = json.loads(message["told"])
        return {**told, "outcome": message["outcome"]}
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def has_not_passed(told: Any) -> bool:
    """Whether a child has told of a check that it ended in another way than well."""
    return isinstance(told, dict) and told.get("outcome") != "passed"


def lacks_room(told: Mapping[str, Any]) -> bool:
    """Whether a check ended as a disk was full, which may be somebody else's doing."""
    return any(words in str(told.get("observed")) for words in _FULL)


def lacks_threads(told: Mapping[str, Any]) -> bool:
    """Whether it ended as no thread could be started, which may be somebody else's doing, of the same user."""
    return _NO_THREADS in str(told.get("observed"))


def no_folder(chapter: str) -> dict[str, Any]:
    """What there is to say where a submission does not have the chapter."""
    return {"outcome": "todo", "observed": f"{NO_FOLDER} {chapter} yet"}


def refused(chapter: str, reason: str) -> dict[str, Any]:
    """What there is to say where a submission cannot be staged."""
    return {"outcome": "error", "observed": reason, "expected": f"files of your own in {chapter}/app"}


def not_prepared(reason: object) -> Unjudged:
    """What there is to say of a check whose database could not be made new."""
    return Unjudged(
        "the grader could not prepare the database for the check, not even when the check ran alone: "
        f"{str(reason)[:_LONGEST_MOMENT]}"
    )


def died(status: int) -> dict[str, Any]:
    """What there is to say of a check whose process ended before there was a verdict."""
    if status == SPOILT:
        return _CHANGED
    how = f" (exit status {status})"
    if status < 0:
        with suppress(ValueError):
            how = f" (killed by {signal.Signals(-status).name})"
    return {
        "outcome": "error",
        "observed": f"the code ended the process before the check had finished{how}",
        "expected": "code that returns to its caller",
    }


def timed_out(seconds: float, place: str, submission: Path) -> dict[str, Any]:
    """What there is to say of a check that came to no end.

    Args:
        seconds: the time that it had.
        place: the learner's line that ran when it was up.
        submission: the folder in which that is.
    """
    in_a_task = _FILE_OF_TASKS in place
    what = "a task that ends" if in_a_task else "an answer in time"
    return {
        "outcome": "timeout",
        "observed": f"{'the task is ' if in_a_task else ''}still running after {seconds:g} seconds",
        "expected": f"{what}; look for a loop that never ends, or for a line that waits",
        "where": place,
        "line": _line_at(submission, place),
    }


_FILE_OF_TASKS = "/app/tasks.py:"  # what an endpoint hands over to be done after its answer


def _line_at(submission: Path, place: str) -> str:
    """The line at a place that a child has told: of a file of the learner's code, whatever it tells."""
    name, _, number = place.rpartition(":")
    app = submission / name.partition("/")[0] / "app"
    with suppress(OSError, ValueError, IndexError, TooMuch):
        found = code_files(app, submission)
        file = next((file for path, file in found if path.relative_to(submission).as_posix() == name), None)
        return read_code(file).decode("utf-8", "replace").split("\n")[int(number) - 1] if file is not None else ""
    return ""


def too_much(files: int, size: int) -> dict[str, Any]:
    """What there is to say of checks of code that has made more files than it may."""
    return {
        "outcome": "error",
        "observed": f"the code has made more than {files:,} files and folders, or filled more than {size >> 20:,} MiB "
        "of the disk: the rest of the chapter is not checked",
        "expected": "code that writes what it needs",
    }


def out_of_time(used_up: str) -> dict[str, Any]:
    """What there is to say of a check for which no time was left.

    Args:
        used_up: what was used up before: ``the 60 seconds for the chapter``.
    """
    return {
        "outcome": "timeout",
        "observed": f"not checked: {used_up} were already used up",
        "expected": "code that answers in time",
    }


def with_output(told: Any, child: Child, rule: Rule) -> Any:
    """What a child told of a rule, with what the code printed meanwhile if that helps."""
    if not isinstance(told, dict):
        return told
    ticket = next((ticket for ticket, each in child.tickets.items() if each is rule), "")
    helps = told.get("outcome") in ("failed", "error")
    return {**told, "printed": child.printed_during(ticket) if helps else ""}


def place_in(line: bytes, run: Run) -> str:
    """The place in the learner's code that a line of a traceback names, or an empty string."""
    found = _FRAME.match(line.decode("utf-8", "replace"))
    if found is None or not Path(found[1]).is_relative_to(run.root):
        return ""
    place = Path(found[1]).relative_to(run.root)
    return f"{run.chapter}/{place.as_posix()}:{found[2]}" if ".." not in place.parts else ""


def judged(run: Run, rule: Rule, told: Any) -> Iterator[tuple[Target, Check]]:
    """Make the report's entry; hold it back while what it needs is not judged, and let go of what waited for it."""
    shared = run.shared
    told = told if isinstance(told, dict) else {}
    if told.get("outcome") == "failed" and "where" in told:
        told = _with_closer_place(run, told)
    check = _entry(run, rule, told)
    untouched = rule.task in shared.untouched
    check.observed = check.observed if untouched else _by_its_task(rule, check)
    nothing_done = untouched and shared.untouched.issuperset(rule.also)
    if check.outcome in ("failed", "blocked") and nothing_done and not told.get("regression"):
        check.outcome = "todo"
    to_do = _TASK.match(check.observed) if check.outcome == "todo" else None
    if to_do is not None and to_do[1] not in files_of(rule.chapter):
        check.outcome, check.expected = "failed", "no exception"
        check.observed = f"NotImplementedError: {check.observed}"
    left = to_do[1] if to_do is not None and check.outcome == "todo" else ""  # whose line of the starter's has run
    if left and left not in shared.untouched and (left == rule.task or not _has_a_rule(rule.chapter, left)):
        check.outcome, check.expected = "failed", _WITHOUT_THE_LINE
        check.observed = f"the starter's line still runs: raise NotImplementedError({check.observed!r})"
        check.hint = "This line stood here until your code was written. What does it do after your code, or before it?"
    check.begun = check.outcome == "todo" and not untouched
    if check.outcome == "todo":
        _tell_what_is_misplaced(run, rule, check)
    if check.outcome in ("failed", "error"):
        _tell_what_is_taken_back(run, check)
    if check.outcome == "timeout" and _FILE_OF_TASKS in check.where:
        _tell_whose_task_waits(rule, check)
    check.differs = told.get("differs") is _DIFFERS
    if check.outcome in ("failed", "error", "todo") and check.where:
        if " is not valid Python: " in check.observed:
            told = {**told, "owner": _begun_above(run, check)}
        check.elsewhere, check.task_there = _whose_code(run, rule, check, told)
    if check.expected == _WITHOUT_THE_LINE and not check.where:
        _tell_where_the_starter_runs(run, left, check)
        if left != rule.task:
            check.elsewhere, check.task_there = True, left
    shared.outcomes[rule.name] = check.outcome
    if check.unjudged:
        shared.unjudged.add(rule.name)
    if check.cut_off:
        shared.cut_off.add(rule.name)
    shared.held.append((rule, check))
    for rule, check in list(shared.held):
        needed = [name for name in rule.needs if name in shared.selected]
        in_front = _of_the_stand_in(rule, check) & shared.selected
        if check.outcome == "failed" and not all(name in shared.outcomes for name in needed):
            continue
        if not all(name in shared.outcomes for name in in_front):
            continue
        missing = [name for name in needed if shared.outcomes.get(name) != "passed"]
        if in_front:
            missing = sorted(name for name in in_front if shared.outcomes[name] == "failed")
        if (check.outcome == "failed" or in_front) and missing:
            check.outcome = shared.outcomes[rule.name] = "blocked"
            check.observed = f"{check.observed} (first: {', '.join(missing)})"
            check.unjudged = not shared.unjudged.isdisjoint(missing)
            check.cut_off = not shared.cut_off.isdisjoint(missing)
        shared.held.remove((rule, check))
        check.looks = shared.looks
        yield Target(run.submission, rule), check


def _tell_whose_task_waits(rule: Rule, check: Check) -> None:
    """Say of a check that came to no end which task's code it was in: the only one that has to do with this file."""
    file = check.where.partition("/")[2].partition(":")[0]
    there = [task for task, files in files_of(rule.chapter).items() if file in files]
    if len(there) == 1 and rule.task != there[0]:
        check.elsewhere, check.task_there = True, there[0]


def _tell_what_is_misplaced(run: Run, rule: Rule, check: Check) -> None:
    """Say of what is to do what was written for it already, and where that does not belong."""
    found = _TASK.match(check.observed)
    tasks = [*([found[1]] if found else []), rule.task, *rule.also]
    judged_itself = {task for each in rules_of(rule.chapter) for task in (each.task, *each.also)}
    tasks += [task for task in run.shared.misplaced if task not in judged_itself]
    for each in [run.shared.misplaced[task] for task in tasks if task in run.shared.misplaced][:1]:
        check.misplaced, check.where, check.line, check.hint = (
            each.saw,
            f"{run.chapter}/{each.where}",
            harmless(each.line),
            each.hint,
        )


def _tell_what_is_taken_back(run: Run, check: Check) -> None:
    """Say of a line of the learner's that is blamed for a value where the starter's line takes that value back.

    And of that line, where it is blamed itself. A crash in the learner's line is one, whatever comes further down.
    """
    each = run.shared.taken_back.get(check.where.removeprefix(f"{run.chapter}/"))
    if each is not None and (check.outcome == "failed" or check.where.endswith(f"/{each.where}")):
        check.where, check.line = f"{run.chapter}/{each.where}", harmless(each.line)
        check.hint, check.function = each.hint, ""


def _with_closer_place(run: Run, told: dict[str, Any]) -> dict[str, Any]:
    """What a child told, with a line of the learner's own where the one shown is right.

    A reading that shows code which is as in the solution is not believed where one other place alone is different.
    """
    known = bool({"mistake", "hint"} & told.keys())
    found = closer(run.chapter, run.copied, str(told["where"]).removeprefix(f"{run.chapter}/"), known=known)
    name, _, number = found.rpartition(":")
    if not found:
        return told
    file, line = File(name, run.copied[name].decode("utf-8", "replace")), int(number)
    owner = definition_at(file.tree, line)
    return {each: said for each, said in told.items() if each not in ("mistake", "hint", "why")} | {
        "where": f"{run.chapter}/{found}",
        "line": file.lines[line - 1].strip(),
        "function": file.function_at(line),
        "owner": owner,
        "under": file.task_above(line),
        "around": file.around(owner) if owner else [],
        "beside": file.beside(line),
        "users": [],
        "route": "",
        "caret": 0,
        "differs": _DIFFERS,
    }


_DIFFERS = object()  # which no child can tell


def _begun_above(run: Run, check: Check) -> str:
    """The function or class in which a line stands that Python cannot read: the last one that begins above it."""
    file, _, number = check.where.removeprefix(f"{run.chapter}/").rpartition(":")
    lines = run.copied.get(file, b"").decode("utf-8", "replace").split("\n")[: int(number) if number.isdecimal() else 0]
    begun = (re.match(r"(?:async )?(?:def|class) (\w+)", line) for line in reversed(lines))
    return next((found[1] for found in begun if found is not None), "")


_WITHOUT_THE_LINE = "your code without this line"


def _has_a_rule(chapter: str, task: str) -> bool:
    """Whether a task is judged by a rule of its own, which says what there is to say of it."""
    return any(each.task == task for each in rules_of(chapter))


def _tell_where_the_starter_runs(run: Run, task: str, check: Check) -> None:
    """Say where a task's line of the starter's stands that still runs, and whether its function has nothing else."""
    words = re.compile(rf"^[ \t]*raise NotImplementedError\(\s*[\"']{re.escape(task)} ", re.MULTILINE)
    places = []
    for file in files_of(run.chapter).get(task, ()):
        with suppress(OSError):
            code = read_code(run.root / file).decode("utf-8", "replace")
            places += [(file, code, found.start()) for found in words.finditer(code)]
    if len(places) != 1:
        return
    file, code, start = places[0]
    line, _, below = code[start:].partition("\n")
    check.where = f"{run.chapter}/{file}:{code.count(chr(10), 0, start) + 1}"
    check.line = harmless(line.strip())
    above = [each.strip() for each in code[:start].split("\n") if each.strip() and not each.strip().startswith("#")]
    if above and _BEGINS_A_FUNCTION.search(above[-1]) and not re.match(r"\s*\n[ \t]|[ \t]+\S", below):
        check.hint = "This line is the starter's, and the function has no other. What belongs in its place?"


_BEGINS_A_FUNCTION = re.compile(r'"""$|^(async )?def .*:$|^\).*:$')


def _by_its_task(rule: Rule, check: Check) -> str:
    """What was observed; of another task's placeholder, ``engine = ...``, what that task asks for."""
    if check.outcome != "todo":
        return check.observed
    places = [(each[1], each[2]) for each in _PLACEHOLDER.finditer(check.observed)]
    places += [(file, each[1]) for each in _NO_FIELDS.finditer(check.observed) for file in ("schemas", "models")]
    found = [tasks_at(rule.chapter, f"app/{file}.py", name, "", of_others=False) for file, name in places]
    tasks = [task for each in found for task in each]
    if len(tasks) != 1 or rule.task in tasks:
        return check.observed
    return f"{tasks[0]} {tasks_of(rule.chapter)[tasks[0]]}"


def _of_the_stand_in(rule: Rule, check: Check) -> set[str]:
    """The rules of the task whose stand-in ran in the place of code that is written already."""
    found = _TASK.match(check.observed) if check.begun and check.outcome == "todo" else None
    if found is None or found[1] == rule.task:
        return set()
    return {each.name for each in rules_of(rule.chapter) if each.task == found[1]}


def _whose_code(run: Run, rule: Rule, check: Check, told: dict[str, Any]) -> tuple[bool, str]:
    """Whether a place is not in the code of the rule's task, and whose it is; empty where nobody can tell."""
    file = check.where.partition("/")[2].partition(":")[0]
    outside = file not in files_of(rule.chapter).get(rule.task, ())
    owner, under = (each if isinstance(each, str) else "" for each in (told.get("owner"), told.get("under")))
    if "." in owner and file not in run.shared.given and is_given(rule.chapter, file, owner):
        return True, GIVEN  # an attribute that came with a class, of which a task asks for others
    whole_class = str(told.get("line")).lstrip().startswith("class ")
    if whole_class and file not in run.shared.given and is_given(rule.chapter, file, owner):
        return True, GIVEN  # a class that came with the chapter lacks something, whoever uses it
    if rule.name == THE_REST and file == "app/main.py" and under and not _ROUTES.search(str(told.get("line"))):
        return True, GIVEN  # below the comment of the task, which asks for a router alone
    tasks = tasks_at(rule.chapter, file, owner, under, of_others=outside or not owner)
    if not tasks_at(rule.chapter, file, owner, "", of_others=False):  # an endpoint may have any name
        beside = next(_levels([told.get("beside")]), [])
        by_comment = beside and is_under_another_name(rule.chapter, file, under, beside)
        tasks = (under,) if by_comment else tasks_of_route(rule.chapter, file, told.get("route")) or tasks
    for names in _levels(told.get("around")):  # something of the learner's own, or given: it belongs to what uses it
        near = {task for name in names for task in tasks_at(rule.chapter, file, name, "", of_others=False)}
        if not tasks and near and rule.task not in near and _in_another_way(run, rule, file):
            return False, ""
        if not tasks and len(near) > 1 and rule.task not in near:
            spoken_of = [name for name in names if re.search(rf"\b{re.escape(name)}\b", check.observed)]
            its = {task for name in spoken_of for task in tasks_at(rule.chapter, file, name, "", of_others=False)}
            return True, its.pop() if len(its) == 1 else ""  # else nobody can tell for which of them
        tasks = tasks or tuple(near)
    tasks = tasks or tasks_at(rule.chapter, file, owner, under, of_others=True)  # nothing uses it: a listener
    if tasks:
        return (False, "") if rule.task in tasks else (True, tasks[0])
    there = [task for task, files in files_of(rule.chapter).items() if file in files]
    own = bool(owner) and (outside or rule.name == THE_REST)  # and none of the tasks uses it
    used = [each for each in _levels(told.get("users")) if len(each) == 2]
    users = [task for place, name in used for task in tasks_at(rule.chapter, place, name, "", of_others=False)]
    if not has_file(rule.chapter, file):  # a module of the learner's own: it does what whoever uses it is for
        return True, users[0] if users and rule.task not in users else ""
    if not there and users and not is_given(rule.chapter, file, owner):  # somebody's own, in a file that was given
        return rule.task not in users, users[0] if rule.task not in users else ""
    if "." in owner and len(there) == 1 and not is_given(rule.chapter, file, owner):
        return rule.task != there[0], there[0]  # somebody's own, in a class that is none of the task's
    if file not in run.shared.given and (not there or own or is_given(rule.chapter, file, owner)):
        return True, GIVEN
    if outside and not owner and not under:
        return True, ""  # a statement at the margin that defines nothing is no task's of this file
    return outside, min(there, key=lambda task: int(task.partition(".")[2]), default="") if outside else ""


def _in_another_way(run: Run, rule: Rule, file: str) -> bool:
    """Whether a name that the rule's task asks for is nowhere in a file: what is there has another's part."""
    names = names_in(rule.chapter, rule.task, file)
    with suppress(OSError):
        code = read_code(run.root / file).decode("utf-8", "replace")
        return any(re.search(rf"\b{re.escape(name)}\b", code) is None for name in names)
    return False


def _levels(told: Any) -> Iterator[list[str]]:
    """Lists of names, as a child has told them: it may tell anything."""
    for level in told[:_MOST_NAMES] if isinstance(told, list) else ():
        yield [name for name in level[:_MOST_NAMES] if isinstance(name, str)] if isinstance(level, list) else []


def without_places(printed: str, root: Path) -> str:
    """What code printed: of tracebacks its own frames alone, no file of the grader's, and no address of an object.

    Args:
        printed: what it printed, perhaps only the end of it.
        root: the learner's folder; its files are named from there on.
    """
    inside = re.escape(f"{root}{os.sep}")
    own = re.sub(rf'^ *File "(?!{inside})/[^"\n]*", line \d+, in .*\n(?:    .*\n)*', "", f"{printed}\n", flags=re.M)
    begins_cut = own != f"{printed}\n" and printed.startswith(" ")
    lines = own.splitlines()
    while begins_cut and lines and lines[0].startswith("    "):
        lines.pop(0)
    printed = _OWN_WARNING.sub(r"\1", "\n".join(lines)).replace(f"{root}{os.sep}", "")
    return _ADDRESS.sub("", _LIBRARY.sub("", printed)).strip("\n")


def _short(text: str, length: int = _LONGEST) -> str:
    """Text of some length at most, also where it takes more letters to show it."""
    return harmless(text[:length])[:length]


def _entry(run: Run, rule: Rule, told: dict[str, Any]) -> Check:
    from grader.report import entry_of

    outcome = told["outcome"] if told.get("outcome") in _OUTCOMES else "error"
    words = {name: _short(text) for name in _IN_WORDS if isinstance(text := told.get(name), str) and text}
    whose = {"unjudged": isinstance(told, Unjudged), "cut_off": isinstance(told, CutOff)}
    check = entry_of(rule, outcome=outcome, **whose, **(words if outcome != "passed" else {}))
    check.printed = harmless(without_places(str(told.get("printed", "")), run.root))[-_LONGEST_OUTPUT:]
    check.caret = told["caret"] if isinstance(told.get("caret"), int) else 0
    trace, seconds = told.get("trace", []), told.get("seconds", 0.0)
    check.trace = (
        [_short(str(each), _LONGEST_MOMENT) for each in trace[:_MOST_MOMENTS]] if isinstance(trace, list) else []
    )
    check.seconds = float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e6 else 0.0
    return check
