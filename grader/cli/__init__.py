"""Commands of ``workbook``: a thin front of the bench for learners and instructors.

Each command is a module of this package that holds one function of its name (``class`` is no name in Python: it is
``grade_class``). They are put together in `make_app`; everything heavy is imported where it is used, so that the
command answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

_ABOUT = """Databases in FastAPI: a workbook that grades itself.

Without a command it shows your progress and the next step.

\b
Examples:
  workbook                 where you are, and what is next
  workbook check           grade your current chapter
  workbook watch           grade it again on every save
  workbook hint 5.1        a hint for task 5.1; one more each time
  workbook diff 5          your chapter 05 against the solution
"""

_STATUS = """\b
Exit status:
  0    everything you asked for is done, or every check passed
  1    a check did not pass, something was found, or you said no
  2    the command cannot use what you gave it; one sentence says what to do
  130  stopped with Ctrl-C
"""


# What similar programs call it, and what it is called here.
_CHECK, _STATUS_COMMAND = "workbook check grades your code", "workbook shows where you are and what is next"
_ELSEWHERE = {
    **dict.fromkeys(("test", "tests", "verify", "grade", "submit", "run-tests"), _CHECK),
    **dict.fromkeys(("next", "list", "progress"), _STATUS_COMMAND),
}
_FOR_CLASSES = ("class", "compare", "export", "export-autograder")


def make_app(*, classes: bool = True) -> typer.Typer:
    """The command line with all its commands.

    Args:
        classes: with those for whole classes too; importing them takes longer than all others together.
    """
    from grader.bench import expect_solutions
    from grader.cli.carry import carry
    from grader.cli.check import check
    from grader.cli.diff import diff
    from grader.cli.doctor import doctor
    from grader.cli.explain import explain
    from grader.cli.hint import hint
    from grader.cli.init import init
    from grader.cli.lesson import lesson
    from grader.cli.lint import lint
    from grader.cli.release import release
    from grader.cli.reset import reset
    from grader.cli.restore import restore
    from grader.cli.run import run
    from grader.cli.solutions import solutions
    from grader.cli.status import status
    from grader.cli.update import update
    from grader.cli.watch import watch

    app = typer.Typer(name="workbook", pretty_exceptions_enable=False, rich_markup_mode=None)

    @app.callback(invoke_without_command=True, help=_ABOUT, epilog=_STATUS)
    def workbook(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="show the version and exit", is_eager=True)] = False,
    ) -> None:
        if version:
            from grader.cli.given import version as installed

            typer.echo(f"workbook {installed()}")
            raise typer.Exit(0)
        expect_solutions()
        if context.invoked_subcommand is None:
            status()

    learners = (init, status, lesson, check, watch, hint, explain, diff, reset, restore, carry, run, update, doctor)
    for command in (*learners, solutions, release, lint):
        app.command()(command)
    if classes:
        from grader.cli.compare import compare
        from grader.cli.export import export
        from grader.cli.export_autograder import export_autograder
        from grader.cli.grade_class import grade_class

        app.command("class")(grade_class)
        app.command()(compare)
        app.command()(export)
        app.command("export-autograder")(export_autograder)
    return app


def main() -> None:
    """Run the command line; whatever goes wrong is said in one sentence."""
    from grader.cli import console, grading

    console.get_ready()
    try:
        for word in _ELSEWHERE.keys() & {*sys.argv[1:2]}:
            raise grading.BadInput(f"There is no command '{word}'; {_ELSEWHERE[word]}.")
        grading.start_early(sys.argv[1:])
        classes = bool({*_FOR_CLASSES, "--help"} & set(sys.argv[1:2])) or "_WORKBOOK_COMPLETE" in os.environ
        sys.exit(make_app(classes=classes)(prog_name="workbook", standalone_mode=False))
    except grading.BadInput as problem:
        console.complain(str(problem))
        sys.exit(2)
    except typer.TyperException as problem:
        command = getattr(getattr(problem, "ctx", None), "command_path", "workbook")
        console.complain(f"{problem.format_message().rstrip('.')}; see {command} --help.")
        sys.exit(2)
    except typer.Abort:
        sys.exit(1)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        console.complain(f"{error.strerror or error}{where}; free some space or change the permissions, and try again.")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses Ctrl-C twice does not want to see where it hit
        grading.close()
