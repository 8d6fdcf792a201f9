"""Command ``workbook export``: a report in the format of another program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.classroom.intake import weights
from grader.classroom.output.exporters import FORMATS
from grader.cli.classes import WeightsOption, check_formats, sentences
from grader.report import Check
from grader.rules import roster


def export(
    report: Annotated[
        Path, typer.Argument(help="A JSON report, from 'pytest grader --report-json' or results/ID.json.")
    ],
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"{', '.join(FORMATS)}")],
    weights_file: WeightsOption = None,
) -> None:
    """Print a report in the format of another program.

    The formats are gradescope, exercism, junit, and github (a step summary).
    """
    with sentences():
        check_formats([format_])
        try:
            data = json.loads(report.read_text(encoding="utf-8"))
            checks = [Check.model_validate(each) for each in data["checks"]]
            name = str(data["submission"])
        except OSError as error:
            raise BadInput(f"'{report}' cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError):
            raise BadInput(f"'{report}' is not a report; 'pytest grader --report-json FILE' writes one.") from None
        known = weights.load(weights_file, roster())
        points = {check.id: known.get(check.id, 1.0) for check in checks}
        typer.echo(FORMATS[format_].make(name, checks, points), nl=False)
