"""The commands ``workbook class`` and ``workbook compare``."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from grader import BadInput
from grader.bench import Bench, limits_for
from grader.bench.sandbox import LIMITS, Sandbox, prepare
from grader.classroom import intake, roster, weights
from grader.classroom.chapters import selected
from grader.classroom.comparison import Report, compare, summary
from grader.classroom.exporters import FORMATS
from grader.classroom.plan import Plan, plan_of
from grader.classroom.publish import publish
from grader.classroom.roster import Learner
from grader.classroom.run import Tally, grade, take_in
from grader.classroom.store import Store
from grader.classroom.work import on_this_machine
from grader.report import Check
from grader.rules import CHAPTERS
from grader.rules import roster as all_rules


class Asked:
    """What a run is asked to find out; what is not said is as last time in its report.

    Args:
        chapters: a selection such as ``3-6``, or None.
        database: its name, or None.
        seconds: longest time for a check, or None.

    Raises:
        BadInput: there is no such thing.
    """

    def __init__(self, chapters: str | None, database: str | None, seconds: float | None) -> None:
        if database not in (None, "sqlite", "postgresql"):
            raise BadInput(f"There is no database '{database}' here; give --database sqlite or postgresql.")
        if seconds is not None:
            limits_for(seconds)
        self._chapters = selected(chapters) if chapters is not None else None
        self._database = database
        self._seconds = seconds

    def plan(self, store: Store) -> Plan:
        """The plan of the run."""
        chapters = self._chapters or tuple(store.about("chapters") or CHAPTERS)
        database = self._database or store.about("database") or "sqlite"
        return plan_of(chapters, database, self._seconds or store.about("seconds") or LIMITS.seconds)


def grade_class(
    submissions: Annotated[Path, typer.Argument(help="Folder with a folder, zip or tar archive for each learner.")],
    out: Annotated[Path, typer.Option("--out", metavar="REPORT", help="Folder for the report; it is made.")],
    jobs: Annotated[
        int, typer.Option(show_default=False, help="Submissions side by side; one for each processor if not given.")
    ] = 0,
    roster_file: Annotated[
        Path | None, typer.Option("--roster", metavar="CSV", help="Who is in the class: columns id, name, ...")
    ] = None,
    chapters: Annotated[str | None, typer.Option(help="Only these chapters, as in 3-6 or 1,4.")] = None,
    database: Annotated[str | None, typer.Option(help="Where the checks run: sqlite (default) or postgresql.")] = None,
    weights_file: Annotated[
        Path | None,
        typer.Option("--weights", metavar="TOML", help="What rules are worth; one point each if not given."),
    ] = None,
    time_limit: Annotated[float | None, typer.Option(metavar="SECONDS", help="Longest time for a check (10).")] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help=f"Export, too: {', '.join(FORMATS)}; repeatable."),
    ] = None,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask scheduler, tcp://...")
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a report; what is known stays, options not given, too.")
    ] = False,
) -> None:
    """Grade a class: a folder of submissions becomes a gradebook, results, and pages.

    Each verdict is kept as it is made: --resume grades what is not known yet, and nothing twice.

    Exit status 0: everything is graded; 1: something could not be; 2: bad input.

    Example: workbook class submissions --out report --roster roster.csv
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with _sentences():
        if jobs < 0 or jobs > 1000:
            raise BadInput("Give --jobs as a number from 1 to 1000.")
        _check_formats(formats or [])
        asked = Asked(chapters, database, time_limit)
        listed = roster.load(roster_file) if roster_file is not None else None
        weights.load(weights_file, all_rules())
        entries, ignored = intake.find(submissions)
        client = _connected(cluster)
        with Store(out) as store:
            store.lock()
            if not resume and (store.has_verdicts() or (out / "gradebook.csv").exists()):
                raise BadInput(
                    f"'{out}' holds a report already. Add --resume to go on with it, or give another folder."
                )
            plan = asked.plan(store)
            points = _weights(store, plan, weights_file)
            learners = listed if listed is not None else _roster(store)
            store.describe(**plan.facts(), weights=dict(points), roster=[vars(each) for each in learners])
            if ignored:
                console.print(f"Left out, because they are no folder, zip or tar archive: {_some(ignored)}")
            take_in(store, plan, entries, learners)
            everyone = store.count()
            told = [f"{store.count(status)} {word}" for status, word in _WORDS.items() if store.count(status)]
            console.print(f"{everyone} {'learner' if everyone == 1 else 'learners'}: {', '.join(told)}.")
            tally = Tally()
            with _interruptible(console, tally):
                if client is not None:
                    _grade_elsewhere(store, plan, console, tally, client)
                else:
                    _grade_here(
                        store, plan, console, tally, prepare([submissions, out], plan.database, plan.seconds), jobs
                    )
                publish(store, plan, points, out, formats or [])
        _tell_end(console, tally, out)
    if tally.failed:
        raise typer.Exit(1)


def _weights(store: Store, plan: Plan, file: Path | None) -> Mapping[str, float]:
    if file is None and (known := store.about("weights")) is not None:
        return {rule.id: known.get(rule.id, 1.0) for rule in plan.rules}
    return weights.load(file, plan.rules)


def _roster(store: Store) -> list[Learner]:
    return [Learner(**known) for known in store.about("roster") or []]


_WORDS = {
    "graded": "to grade",
    "empty": "without any chapter",
    "unreadable": "unreadable",
    "missing": "missing",
}


def _grade_here(store: Store, plan: Plan, console: Console, tally: Tally, sandbox: Sandbox, jobs: int) -> None:
    for line in sandbox.words(plan.database):
        console.print(line)

    def make_bench(slot: int) -> Bench:
        return _bench(plan, sandbox, slot)

    count = jobs or _processors()
    grade(store, plan, lambda tasks: on_this_machine(tasks, count, make_bench), console, tally)


def _connected(address: str) -> Any:
    """A client of the cluster, or None where there is to be none."""
    if not address:
        return None
    from grader.classroom.cluster import connect

    return connect(address)


def _grade_elsewhere(store: Store, plan: Plan, console: Console, tally: Tally, client: Any) -> None:
    from grader.classroom.cluster import on_a_cluster

    grade(store, plan, lambda tasks: on_a_cluster(tasks, client, plan, console.print), console, tally)


def _check_formats(formats: list[str]) -> None:
    for name in formats:
        if name not in FORMATS:
            raise BadInput(f"There is no format '{name}'; known are {', '.join(FORMATS)}.")


def compare_reports(
    report_a: Annotated[Path, typer.Argument(help="Folder of the first report.")],
    report_b: Annotated[Path, typer.Argument(help="Folder of the second report.")],
) -> None:
    """Say whose verdicts have changed between two reports, and why.

    Exit status 0: none has; 1: some have; 2: bad input.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with _sentences(), Store(report_a, readonly=True) as store_a, Store(report_b, readonly=True) as store_b:
        first, second = Report(store_a, report_a), Report(store_b, report_b)
        for folder, report in ((report_a, first), (report_b, second)):
            if report.gone:
                console.print(f"Not compared, because this grader does not know them: {_some(report.gone)} ({folder})")
        changes = list(compare(first, second))
    if not changes:
        console.print("No verdict has changed.")
        return
    learner = None
    for change in changes:
        if change.learner != learner:
            learner = change.learner
            console.print(learner, style="bold")
        console.print(f"  {change.rule}: {_arrow(change.before, change.after)}  ({change.why})")
        if change.said and change.after != "passed":
            console.print(f"      saw {_one_line(change.said)}")
    console.print("\nIn short:", style="bold")
    for rule, before, after, why, count in summary(changes):
        console.print(f"  {count} x {rule}: {_arrow(before, after)}  ({why})")
    people = len({change.learner for change in changes})
    console.print(f"{len(changes)} verdicts of {people} {'learner' if people == 1 else 'learners'} have changed.")
    raise typer.Exit(1)


def _arrow(before: str, after: str) -> str:
    return f"{before or 'not graded'} -> {after or 'not graded'}"


def _one_line(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= 200 else f"{shown[:197]}..."


def export(
    report: Annotated[
        Path, typer.Argument(help="A report in JSON: of 'pytest grader --report-json', or results/ID.json.")
    ],
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}")],
    weights_file: Annotated[
        Path | None,
        typer.Option("--weights", metavar="TOML", help="What rules are worth; one point each if not given."),
    ] = None,
) -> None:
    """Print a report in the format of another program: gradescope, exercism, junit, or github (a step summary)."""
    with _sentences():
        _check_formats([format_])
        try:
            data = json.loads(report.read_text(encoding="utf-8"))
            checks = [Check.model_validate(each) for each in data["checks"]]
            name = str(data["submission"])
        except OSError as error:
            raise BadInput(f"'{report}' cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError):
            raise BadInput(f"'{report}' is no report; 'pytest grader --report-json FILE' writes one.") from None
        known = weights.load(weights_file, all_rules())
        points = {check.id: known.get(check.id, 1.0) for check in checks}
        typer.echo(FORMATS[format_].make(name, checks, points), nl=False)


def _bench(plan: Plan, sandbox: Sandbox, slot: int) -> Bench:
    return Bench(plan.database, sandbox.limits, jobs=1, isolation=sandbox.isolation(slot))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tell_end(console: Console, tally: Tally, out: Path) -> None:
    if tally.verdicts:
        minutes = f"{tally.submissions / max(tally.seconds, 0.001) * 60:.0f} a minute"
        console.print(
            f"{tally.submissions} graded in {tally.seconds:.0f} s ({minutes}), {tally.verdicts} new verdicts."
        )
    else:
        console.print("Nothing new to grade.")
    for learner, reason in tally.failed.items():
        console.print(f"Not finished: {learner} ({reason}). Start again with --resume.", style="red")
    console.print(f"Gradebook: {out / 'gradebook.csv'}")
    console.print(f"Pages:     {out / 'index.html'}, and for each learner {out / 'feedback'}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


@contextmanager
def _sentences() -> Iterator[None]:
    """Say what is wrong in one sentence, and end with status 2."""
    try:
        yield
    except BadInput as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        typer.echo(
            f"The report cannot be written ({error.strerror or error}{where}); --resume goes on with it.", err=True
        )
        raise typer.Exit(2) from None


@contextmanager
def _interruptible(console: Console, tally: Tally) -> Iterator[None]:
    """Ctrl-C, or a polite end from outside, loses nothing: say so, and end with status 130."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"Stopped. {tally.verdicts} new verdicts are kept; --resume goes on from there.")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
