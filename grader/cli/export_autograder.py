"""Command ``workbook export-autograder``: everything that grades, in a zip that a platform takes as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.bench import limits_for
from grader.bench.sandbox import LIMITS
from grader.classroom.intake import weights
from grader.classroom.intake.selection import selected
from grader.classroom.output import autograder
from grader.cli.classes import WeightsOption, plain_console, sentences
from grader.rules import roster


def export_autograder(
    platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="gradescope")],
    file: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The zip file to create.")],
    chapters: Annotated[str, typer.Option(help="Only these chapters, as in 3-6 or 1,4.")] = "",
    weights_file: WeightsOption = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help=f"Longest time for a check ({LIMITS.seconds:g}).")
    ] = None,
) -> None:
    """Write an autograder that can be uploaded: gradescope.

    Example: workbook export-autograder gradescope autograder.zip --chapters 5
    """
    console = plain_console()
    with sentences():
        if platform != "gradescope":
            raise BadInput(f"There is no autograder for '{platform}'; known is gradescope.")
        if file.suffix != ".zip":
            raise BadInput(f"'{file}' is not the name of a zip; give one that ends in .zip.")
        if file.is_dir():
            raise BadInput(f"'{file}' is a folder; give the name of a file.")
        selected(chapters)
        weights.load(weights_file, roster())
        limits_for(time_limit or LIMITS.seconds, None, None)
        options = ["--chapters", chapters] if chapters else []
        options += ["--time-limit", f"{time_limit:g}"] if time_limit else []
        autograder.write(file, options, weights_file)
    size = file.stat().st_size / 1024
    console.print(f"{file} ({size:.0f} KiB) holds the solutions: upload it to Gradescope, and give it to nobody else.")
    console.print("In the assignment's settings choose Ubuntu 24.04; each submission shows points for each rule.")
