"""Commands: writes to the terminal: in colour where there is colour, in plain letters where there is nothing else."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Iterable
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from grader.shown import harmless
from grader.terminal import Line, Style, line_width, style_for, wrapped

if TYPE_CHECKING:
    from rich.console import Console


def get_ready() -> None:
    """Letters that the output does not know are written as escapes; being told to end is like Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def end(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)


@cache
def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def style() -> Style:
    """The style that suits the output."""
    return style_for(_console().encoding)


def show(lines: Iterable[Line]) -> None:
    """Write lines as they are."""
    from rich.text import Text

    for line in lines:
        style = " ".join([*(["bold"] if line.bold else []), *([line.colour] if line.colour else [])])
        _console().print(Text(harmless(line.text), style=style))


def say(text: str) -> None:
    """Write one paragraph."""
    show(wrapped(text))


def complain(text: str) -> None:
    """Write one sentence about what went wrong where it does not get into a pipe."""
    rows = textwrap.wrap(harmless(f"workbook: {text}"), line_width(), break_long_words=False, break_on_hyphens=False)
    print("\n".join(rows), file=sys.stderr)


def agree(question: str, yes: bool) -> None:
    """Go on only if the user agrees.

    Args:
        question: what is asked.
        yes: the user has agreed in advance.

    Raises:
        typer.Exit: the user did not agree, or could not be asked; status 1.
    """
    import typer

    if yes or wants(question):
        return
    say("Nothing was done.")
    raise typer.Exit(1)


def wants(question: str) -> bool:
    """Whether the user says yes.

    Raises:
        typer.Exit: the user could not be asked; status 1.
        KeyboardInterrupt: the user has pressed Ctrl-C instead of answering.
    """
    import typer

    said = answer(question)
    if said is None:
        complain("Nothing was done, because there was no answer; add --yes to agree in advance.")
        raise typer.Exit(1)
    return said


def answer(question: str) -> bool | None:
    """Whether the user says yes; None where they could not be asked.

    Raises:
        KeyboardInterrupt: the user has pressed Ctrl-C instead of answering. Commands ask before they change anything.
    """
    import typer

    if "JPY_PARENT_PID" in os.environ:  # "!workbook" in a notebook has a terminal, into which nobody can type
        say(question)
        return None
    try:
        return typer.confirm(harmless(question))
    except typer.Abort as end:
        print()
        if isinstance(end.__context__, KeyboardInterrupt):
            say("Nothing was changed.")
            raise KeyboardInterrupt from None
        return None


def clear() -> None:
    """Begin with an empty screen, where there is one."""
    _console().clear()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the other end of a stream."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
