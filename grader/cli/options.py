"""Commands: arguments and options that several commands share, and how a shell completes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.databases import Database
from grader.rules import CHAPTERS, roster


def _chapters(incomplete: str) -> list[str]:
    return [name for name in CHAPTERS if name.startswith(incomplete)]


def _tasks(incomplete: str) -> list[str]:
    from grader.starters import tasks_of

    return [task for name in CHAPTERS for task in tasks_of(name) if task.startswith(incomplete)]


def _rules(incomplete: str) -> list[str]:
    return [rule.id for rule in roster() if rule.id.startswith(incomplete)]


def _explained(incomplete: str) -> list[str]:
    from grader.diagnosis.catalogue import readings_of

    mistakes = sorted({reading.name for chapter in CHAPTERS for reading in readings_of(chapter)})
    return [*_rules(incomplete), *(name for name in mistakes if name.startswith(incomplete))]


def _parts(incomplete: str) -> list[str]:
    return [*_chapters(incomplete), *_tasks(incomplete), *_rules(incomplete)]


ChapterArgument = Annotated[
    str, typer.Argument(metavar="CHAPTER", help="5 or 05_crud; default: your current one", autocompletion=_chapters)
]
ChapterOrAllArgument = Annotated[
    str,
    typer.Argument(metavar="CHAPTER", help="5, 05_crud, or all; default: where you are", autocompletion=_chapters),
]
OneChapterArgument = Annotated[
    str, typer.Argument(metavar="CHAPTER", help="5 or 05_crud; default: all", autocompletion=_chapters)
]
PartArgument = Annotated[
    str,
    typer.Argument(
        metavar="PART",
        help="5 or 05_crud, 5.1, a rule, a mistake, or all; default: the chapter where you are",
        autocompletion=_parts,
    ),
]
ChapterOrTaskArgument = Annotated[
    str,
    typer.Argument(
        metavar="CHAPTER",
        help="5 or 05_crud, or a task, 5.1; default: where you are",
        autocompletion=lambda incomplete: [*_chapters(incomplete), *_tasks(incomplete)],
    ),
]
TaskArgument = Annotated[
    str,
    typer.Argument(
        metavar="TASK", help="5.1, or 5 for the next of chapter 05; default: your next task", autocompletion=_tasks
    ),
]
RuleArgument = Annotated[
    str,
    typer.Argument(
        metavar="RULE",
        help="05_crud.create_refreshes or a mistake; 5 or 5.1 lists rules; default: those where you are",
        autocompletion=_explained,
    ),
]
SubmissionOption = Annotated[
    Path | None,
    typer.Option("--submission", metavar="DIR", help="work on DIR, laid out like chapters/", show_default=False),
]
DatabaseOption = Annotated[Database, typer.Option("--database", help="where the checks run")]
ChapterLimitOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="longest time for all checks of a chapter", show_default="6 for each of them"),
]
SubmissionLimitOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="longest time for all checks of a submission", show_default="18 for each"),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
