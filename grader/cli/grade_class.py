"""Command ``workbook class``: grade a folder of submissions."""

from __future__ import annotations

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
from grader.bench.integrity import Snapshot, sentence
from grader.bench.sandbox import LIMITS, Sandbox, prepare
from grader.classroom import intake
from grader.classroom.grading.plan import Plan, plan_of
from grader.classroom.grading.workers import on_this_machine
from grader.classroom.intake import roster, weights
from grader.classroom.intake.roster import Learner
from grader.classroom.intake.selection import selected
from grader.classroom.output.exporters import FORMATS
from grader.classroom.output.publish import publish
from grader.classroom.run import Tally, grade, take_in
from grader.classroom.store import Store
from grader.cli.classes import WeightsOption, check_formats, plain_console, sentences, some
from grader.cli.options import ChapterLimitOption, SubmissionLimitOption
from grader.databases import DATABASES
from grader.rules import CHAPTERS
from grader.rules import roster as all_rules


class Asked:
    """What a run is asked to find out; what is not said is as last time in its report.

    Args:
        chapters: a selection such as ``3-6``, or None.
        database: its name, or None.
        seconds: longest time for a check, or None.
        chapter_limit: longest time for a chapter, or None.
        submission_limit: longest time for a submission, or None.

    Raises:
        BadInput: there is no such thing.
    """

    def __init__(
        self,
        chapters: str | None,
        database: str | None,
        seconds: float | None,
        chapter_limit: float | None = None,
        submission_limit: float | None = None,
    ) -> None:
        if database not in (None, *DATABASES):
            raise BadInput(f"There is no database '{database}' here; give --database {' or '.join(DATABASES)}.")
        limits_for(LIMITS.seconds if seconds is None else seconds, chapter_limit, submission_limit)
        self._chapters = selected(chapters) if chapters is not None else None
        self._database = database
        self._seconds = seconds
        self._limits = {"chapter_limit": chapter_limit, "submission_limit": submission_limit}

    def plan(self, store: Store) -> Plan:
        """The plan of the run."""
        chapters = self._chapters or tuple(store.about("chapters") or CHAPTERS)
        database = self._database or store.about("database") or "sqlite"
        seconds = self._seconds or store.about("seconds") or LIMITS.seconds
        limits = {name: given or store.about(name) for name, given in self._limits.items()}
        return plan_of(chapters, database, seconds, **limits)


def grade_class(
    submissions: Annotated[Path, typer.Argument(help="Folder with a folder, zip or tar archive for each learner.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="REPORT", help="Folder for the report; it is created if needed.")
    ],
    jobs: Annotated[
        int,
        typer.Option(
            show_default=False, help="How many submissions to grade at once; one for each processor if not given."
        ),
    ] = 0,
    roster_file: Annotated[
        Path | None, typer.Option("--roster", metavar="CSV", help="Who is in the class: columns id, name, ...")
    ] = None,
    chapters: Annotated[str | None, typer.Option(help="Only these chapters, as in 3-6 or 1,4.")] = None,
    database: Annotated[str | None, typer.Option(help="Where the checks run: sqlite (default) or postgresql.")] = None,
    weights_file: WeightsOption = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help=f"Longest time for a check ({LIMITS.seconds:g}).")
    ] = None,
    chapter_limit: ChapterLimitOption = None,
    submission_limit: SubmissionLimitOption = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help=f"Also export as {', '.join(FORMATS)}; can be repeated."),
    ] = None,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask scheduler, tcp://...")
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a report: verdicts stay, and so do options that you do not give.")
    ] = False,
) -> None:
    """Grade a class, a folder of submissions.

    The report holds a gradebook, results, and pages. Each verdict is saved at once, so --resume grades only what is
    missing.

    Exit status 0: everything is graded; 1: something could not be graded; 2: bad input.

    Example: workbook class submissions --out report --roster roster.csv
    """
    console = plain_console()
    with sentences():
        if jobs < 0 or jobs > 1000:
            raise BadInput("Give --jobs as a number from 1 to 1000.")
        check_formats(formats or [])
        asked = Asked(chapters, database, time_limit, chapter_limit, submission_limit)
        listed = roster.load(roster_file) if roster_file is not None else None
        weights.load(weights_file, all_rules())
        entries, ignored = intake.find(submissions)
        client = _connected(cluster)
        with Store(out) as store:
            store.lock()
            if not resume and (store.has_verdicts() or (out / "gradebook.csv").exists()):
                raise BadInput(
                    f"'{out}' already holds a report. Add --resume to continue it, or choose another folder."
                )
            plan = asked.plan(store)
            points = _weights(store, plan, weights_file)
            learners = listed if listed is not None else _roster(store)
            store.describe(**plan.facts(), weights=dict(points), roster=[vars(each) for each in learners])
            if ignored:
                console.print(f"Left out, because they are not a folder, a zip or a tar archive: {some(ignored)}")
            take_in(store, plan, entries, learners)
            everyone = store.count()
            told = [f"{store.count(status)} {word}" for status, word in _WORDS.items() if store.count(status)]
            console.print(f"{everyone} {'learner' if everyone == 1 else 'learners'}: {', '.join(told)}.")
            tally, spoilt = Tally(), ""
            with _interruptible(console, tally):
                if client is not None:
                    _grade_elsewhere(store, plan, console, tally, client)
                else:
                    limits = (plan.seconds, plan.chapter_limit, plan.submission_limit)
                    sandbox = prepare([submissions, out], plan.database, *limits)
                    before = Snapshot()
                    _grade_here(store, plan, console, tally, sandbox, jobs)
                    spoilt = sentence(before.changed()) if "files" in sandbox.open_to else ""
                publish(store, plan, points, out, formats or [])
        _tell_end(console, tally, out)
        if spoilt:
            console.print(spoilt, style="red")
    if tally.failed or spoilt:
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
        return Bench(plan.database, sandbox.limits, jobs=1, isolation=sandbox.isolation(slot))

    count = jobs or _processors()
    grade(store, plan, lambda tasks: on_this_machine(tasks, count, make_bench), console, tally)


def _connected(address: str) -> Any:
    """A client of the cluster, or None where there is to be none."""
    if not address:
        return None
    from grader.classroom.grading.cluster import connect

    return connect(address)


def _grade_elsewhere(store: Store, plan: Plan, console: Console, tally: Tally, client: Any) -> None:
    from grader.classroom.grading.cluster import on_a_cluster

    grade(store, plan, lambda tasks: on_a_cluster(tasks, client, plan, console.print), console, tally)


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


@contextmanager
def _interruptible(console: Console, tally: Tally) -> Iterator[None]:
    """Ctrl-C, or a polite end from outside, loses nothing: say so, and end with status 130."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"Stopped. {tally.verdicts} new verdicts are kept; --resume continues from there.")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
