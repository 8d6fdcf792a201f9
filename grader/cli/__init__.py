"""The command ``workbook``: a thin front of the bench for learners and instructors."""

from __future__ import annotations

import typer

from grader.classroom.commands import compare_reports, export, grade_class

app = typer.Typer(name="workbook", no_args_is_help=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def workbook() -> None:
    """Databases in FastAPI: a workbook that grades itself."""


app.command("class")(grade_class)
app.command("compare")(compare_reports)
app.command("export")(export)


def main() -> None:
    """Run the command line."""
    app()
