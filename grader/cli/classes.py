"""Commands: what the commands ``class``, ``compare`` and ``export`` share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from grader import BadInput
from grader.bench.temporary import disk_full, is_full
from grader.classroom.output.exporters import FORMATS

WeightsOption = Annotated[
    Path | None,
    typer.Option("--weights", metavar="TOML", help="How many points each rule is worth; one each if not given."),
]


def plain_console() -> Console:
    """The terminal; text is shown as it is."""
    return Console(highlight=False, markup=False, soft_wrap=True)


@contextmanager
def sentences() -> Iterator[None]:
    """Say what is wrong in one sentence, and end with status 2."""
    try:
        yield
    except BadInput as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        if is_full(error):
            typer.echo(str(disk_full(error.filename or tempfile.gettempdir())), err=True)
            raise typer.Exit(2) from None
        where = f": {error.filename}" if error.filename else ""
        typer.echo(
            f"The report cannot be written ({error.strerror or error}{where}); add --resume to continue it.", err=True
        )
        raise typer.Exit(2) from None


def check_formats(formats: list[str]) -> None:
    """Make sure that there are such formats.

    Raises:
        BadInput: one is not known.
    """
    for name in formats:
        if name not in FORMATS:
            raise BadInput(f"There is no format '{name}'; choose from {', '.join(FORMATS)}.")


def check_names(option: str, names: list[str], known: tuple[str, ...]) -> None:
    """Make sure that an option is given what it knows.

    Raises:
        BadInput: it is not.
    """
    for name in names:
        if name not in known:
            raise BadInput(f"{option} does not know '{name}'; known are {', '.join(known)}.")


def some(names: list[str]) -> str:
    """Names in one line; the first of them where there are many."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
