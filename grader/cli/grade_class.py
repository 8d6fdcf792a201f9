"""Command ``workbook class``: grade a folder of submissions."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from grader import BadInput
from grader.bench import Bench, limits_for
from grader.bench.integrity import Snapshot, sentence
from grader.bench.sandbox import LIMITS, Sandbox, prepare
from grader.classroom import intake
from grader.classroom.grading.plan import Plan, Tasks, plan_of
from grader.classroom.grading.workers import Batch, on_this_machine
from grader.classroom.intake import roster, weights
from grader.classroom.intake.layouts import LAYOUTS
from grader.classroom.intake.roster import Learner
from grader.classroom.intake.selection import selected
from grader.classroom.output import similar
from grader.classroom.output.exporters import FORMATS
from grader.classroom.output.feedback_zips import LAYOUTS as ZIPS
from grader.classroom.output.platforms import PLATFORMS, Grades
from grader.classroom.output.publish import Wanted, publish
from grader.classroom.run import Tally, grade, take_in
from grader.classroom.store import Store
from grader.cli.class_points import Points, grades_as_asked
from grader.cli.classes import WeightsOption, check_formats, check_names, plain_console, sentences, some
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
    submissions: Annotated[
        Path,
        typer.Argument(help="A platform's download, folder or zip; or a folder, zip or tar archive for each learner."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="REPORT", help="Folder for the report; it is made.")],
    jobs: Annotated[
        int,
        typer.Option(
            show_default=False, help="How many submissions to grade at once; one for each processor if not given."
        ),
    ] = 0,
    roster_file: Annotated[
        Path | None, typer.Option("--roster", metavar="CSV", help="Who is in the class, as the platform exports it.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The roster's column with the ids; found if not given.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{', '.join(LAYOUTS)}; recognised if not given.")
    ] = None,
    chapters: Annotated[str | None, typer.Option(help="Only these chapters, as in 3-6 or 1,4.")] = None,
    database: Annotated[str | None, typer.Option(help="Where the checks run: sqlite (default) or postgresql.")] = None,
    weights_file: WeightsOption = None,
    by_hand_file: Annotated[
        Path | None,
        typer.Option("--by-hand", metavar="FILE", help="Points and comments of yours: learner,rule,points,comment"),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help=f"Longest time for a check ({LIMITS.seconds:g}).")
    ] = None,
    chapter_limit: ChapterLimitOption = None,
    submission_limit: SubmissionLimitOption = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help=f"Also export as {', '.join(FORMATS)}; can be repeated."),
    ] = None,
    gradebooks: Annotated[
        list[str] | None,
        typer.Option("--gradebook", metavar="NAME", help=f"Grades to import: {', '.join(PLATFORMS)}, csv; repeatable."),
    ] = None,
    scale: Annotated[
        str | None, typer.Option(metavar="SCALE", help="Grades in points (default), percent, or a number: out of 20.")
    ] = None,
    digits: Annotated[int | None, typer.Option("--round", metavar="N", help="Decimals of a grade (2).")] = None,
    assignment: Annotated[
        str | None, typer.Option(metavar="NAME", help="The assignment's column in the platform's gradebook.")
    ] = None,
    feedback: Annotated[
        list[str] | None,
        typer.Option("--feedback", metavar="NAME", help=f"Feedback in a zip for {' or '.join(ZIPS)}; repeatable."),
    ] = None,
    similar_code: Annotated[
        bool, typer.Option("--similar", help="Show whose code has the most in common; needs compare50.")
    ] = False,
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
    with sentences(), ExitStack() as unpacked:
        if jobs < 0 or jobs > 1000:
            raise BadInput("Give --jobs as a number from 1 to 1000.")
        check_formats(formats or [])
        asked = Asked(chapters, database, time_limit, chapter_limit, submission_limit)
        weights.load(weights_file, all_rules())
        given = Points(weights_file, by_hand_file)
        check_names("--gradebook", gradebooks or [], (*PLATFORMS, "csv"))
        check_names("--feedback", feedback or [], tuple(ZIPS))
        Grades(scale or Grades.scale, Grades.digits if digits is None else digits)
        if similar_code:
            similar.interpreter()
        if id_column is not None and roster_file is None:
            raise BadInput("--id-column names a column of the roster; give --roster, too.")
        _apart(out, submissions)
        folder, left_out = unpacked.enter_context(intake.opened(submissions))
        download = intake.find(folder, layout)
        known = {text for entry in download.entries for text in (entry.learner, *entry.keys.values())}
        listed = roster.load(roster_file, id_column, known) if roster_file is not None else None
        client = _connected(cluster)
        with Store(out) as store:
            store.lock()
            if not resume and (store.has_verdicts() or (out / "gradebook.csv").exists()):
                raise BadInput(
                    f"'{out}' already holds a report. Add --resume to continue it, or choose another folder."
                )
            plan = asked.plan(store)
            points = _weights(store, plan, weights_file)
            learners = listed.learners if listed is not None else _roster(store)
            told = [download.told, *(listed.told if listed is not None else [])]
            facts = {"weights": dict(points), "roster": [vars(each) for each in learners], "layout": download.layout}
            store.describe(**plan.facts(), **facts)
            grades = grades_as_asked(store, scale, digits, assignment)
            if ignored := [*download.ignored, *left_out]:
                told.append(f"Left out, because they are not a folder, zip or tar archive: {some(ignored)}")
            strangers = take_in(store, plan, download.entries, learners)
            unpacked.close()
            terms = given.terms(store, points)
            if strangers:
                told.append(f"{len(strangers)} of {len(download.entries)} are not in the roster: {some(strangers)}")
            for sentence_ in filter(None, told):
                console.print(sentence_)
            everyone = store.count()
            counts = [f"{store.count(status)} {word}" for status, word in _WORDS.items() if store.count(status)]
            console.print(f"{everyone} {'learner' if everyone == 1 else 'learners'}: {', '.join(counts)}.")
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
                wanted = Wanted(
                    formats=formats or (),
                    platforms=[name for name in gradebooks or () if name in PLATFORMS],
                    grades=grades,
                    feedback=feedback or (),
                    similar=similar_code,
                )
                said = publish(store, plan, terms, out, wanted)
                store.describe(finished=datetime.now(UTC).isoformat(timespec="seconds"))
            ungraded = _ungraded(store)
        _tell_end(console, tally, ungraded, out)
        for line in said:
            console.print(line)
        if spoilt:
            console.print(spoilt, style="red")
    if tally.failed or ungraded or spoilt:
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

    beside = jobs or _processors()

    def grader(tasks: Tasks, alone: bool) -> Generator[Batch]:
        def make_bench(slot: int) -> Bench:
            return Bench(plan.database, sandbox.limits, jobs=1, isolation=sandbox.isolation(slot), alone=alone)

        return on_this_machine(tasks, 1 if alone else beside, make_bench)

    _grade_in_rounds(store, plan, grader, console, tally, sandbox.name, several=beside > 1)


def _grade_in_rounds(
    store: Store,
    plan: Plan,
    grader: Callable[[Tasks, bool], Generator[Batch]],
    console: Console,
    tally: Tally,
    isolation: str = "",
    *,
    several: bool = True,
) -> None:
    """Grade side by side, and what others may have left no room for once more with nothing beside it."""
    grade(store, plan, lambda tasks: grader(tasks, not several), console, tally, isolation)
    if tally.failed and several:
        count = len(tally.failed)
        console.print(f"{count} could not be fully graded in parallel and will be graded again, one after the other.")
        tally.failed.clear()
        grade(store, plan, lambda tasks: grader(tasks, True), console, tally, isolation)


def _connected(address: str) -> Any:
    """A client of the cluster, or None where there is to be none."""
    if not address:
        return None
    from grader.classroom.grading.cluster import connect

    return connect(address)


def _grade_elsewhere(store: Store, plan: Plan, console: Console, tally: Tally, client: Any) -> None:
    from grader.classroom.grading.cluster import Cluster

    with closing(Cluster(client, plan, console.print)) as cluster:
        _grade_in_rounds(store, plan, cluster.grade, console, tally)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _apart(out: Path, submissions: Path) -> None:
    """Make sure that the report is not written into what is graded.

    Raises:
        BadInput: it would be.
    """
    if out.resolve().is_relative_to(submissions.resolve()):
        raise BadInput(
            f"'{out}' lies inside '{submissions}', where it would be taken for a submission; give --out another folder."
        )


def _ungraded(store: Store) -> dict[str, str]:
    """What was handed in and could not be graded, or not the whole of it: the reasons by learner."""
    return {
        row.learner.id: row.note
        for row in store.learners()
        if row.status in ("empty", "unreadable") or (row.status == "graded" and row.refused)
    }


def _tell_end(console: Console, tally: Tally, ungraded: Mapping[str, str], out: Path) -> None:
    if tally.verdicts:
        minutes = f"{len(tally.graded) / max(tally.seconds, 0.001) * 60:.0f} a minute"
        console.print(
            f"{len(tally.graded)} graded in {tally.seconds:.0f} s ({minutes}), {tally.verdicts} new verdicts."
        )
    else:
        console.print("Nothing new to grade.")
    for learner, reason in tally.failed.items():
        console.print(f"Not finished: {learner} ({reason}). Start again with --resume.", style="red")
    if ungraded:
        console.print(f"Not graded, or not all of it; the gradebook says why: {some(list(ungraded))}", style="red")
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
