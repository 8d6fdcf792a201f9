"""Command ``workbook check``: grade a part of the workbook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from grader.bench import Limits, limits_for
from grader.cli import console, grading, passed, place
from grader.cli.options import ChapterLimitOption, DatabaseOption, PartArgument, SubmissionLimitOption, SubmissionOption
from grader.databases import NAMES
from grader.rules import rules_of, task_named
from grader.starters import untouched_tasks
from grader.terminal import Line, blocks

if TYPE_CHECKING:
    from grader.report import Check


def check(
    part: PartArgument = "",
    submission: SubmissionOption = None,
    database: DatabaseOption = "sqlite",
    json: Annotated[bool, typer.Option("--json", help="print only the report, as JSON")] = False,
    full_trace: Annotated[bool, typer.Option("--full-trace", help="show the whole traceback of your code")] = False,
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", help="longest time for one check")] = Limits.seconds,
    chapter_limit: ChapterLimitOption = None,
    submission_limit: SubmissionLimitOption = None,
) -> None:
    """Grade a chapter, a task, a rule or everything.

    The result is the same as with `pytest grader`. The exit status is 0 only if every check passed.

    \b
    Examples:
      workbook check                          your current chapter
      workbook check 5                        chapter 05
      workbook check 5.1 --database postgresql
      workbook check all --json > report.json
    """
    limits = limits_for(time_limit, chapter_limit, submission_limit)
    where = place.submission(submission)
    rules = place.rules(part) if part else rules_of(grading.at(where))
    grading.bench(database).limits = limits
    checks = grading.grade(where, rules, database)
    if json:
        from grader.report import Report

        sys.stdout.write(Report(submission=where.name, database=database, checks=checks).to_json())
    else:
        from grader import terminal

        others = grading.rest_of(where, checks, database)
        checks += terminal.blamed_on(checks, others)
        asked, part = task_named(part or ""), rules[0].chapter if len({rule.chapter for rule in rules}) == 1 else ""
        of_task = bool(part and asked)
        left = asked if of_task and asked in untouched_tasks(part, where.folder / part) else ""
        if of_task and rules == rules_of(part):
            console.say(terminal.JUDGED_BY_OTHERS.format(asked))
        console.say(f"grading {'/'.join(filter(None, [where.name, part]))} on {NAMES[database]}")
        console.say("")
        console.show(terminal.chapters(checks, console.style(), submission=where.name, full_trace=full_trace))
        console.show(passed.closing(where, checks, others, database, left))
        console.show(_help(checks, where))
    spoilt = grading.warn(database)
    raise typer.Exit(0 if all(each.outcome == "passed" for each in checks) and not spoilt else 1)


def _help(checks: list[Check], where: place.Place) -> Iterator[Line]:
    """Where to read on about the first check that has failed; a mistake is one of the chapter, if that is another."""
    for block in blocks(checks)[:1]:
        check = block.check
        of_the_rule = block.task == check.task and check.why in [rule.why for rule in rules_of(check.chapter)]
        hint = "" if block.given else f"workbook hint {block.task}"
        name = check.id if of_the_rule else check.mistake or check.id
        if name == check.mistake and check.chapter != grading.at(where):
            name = f"{check.chapter}.{name}"
        broken = check.outcome == "error" and name == check.id  # the rule itself has nothing to do with it
        both = [*filter(None, [hint, f"workbook explain {name}" if not broken else ""])]
        in_a_row = "      " + "    ".join(both)
        wide = len(in_a_row) > console.style().width
        yield from (Line(f"      {each}") for each in both) if wide else [Line(in_a_row)]
