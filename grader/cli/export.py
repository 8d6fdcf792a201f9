"""Command ``workbook export``: a report in the format of another program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.classroom.intake import reports, weights
from grader.classroom.output.exporters import FORMATS
from grader.cli.classes import WeightsOption, check_formats, sentences
from grader.rules import roster


def export(
    report: Annotated[
        Path, typer.Argument(help="A JSON report, from 'pytest grader --report-json' or results/ID.json.")
    ],
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}")],
    weights_file: WeightsOption = None,
) -> None:
    """Print a report in the format of another program: gradescope, exercism, junit, github (a summary), classroom."""
    with sentences():
        check_formats([format_])
        name, checks = reports.load(report)
        known = weights.load(weights_file, roster())
        points = {check.id: known.get(check.id, 1.0) for check in checks}
        typer.echo(FORMATS[format_].make(name, checks, points), nl=False)
