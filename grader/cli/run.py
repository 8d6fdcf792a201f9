"""Command ``workbook run``: serves a chapter's application."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from grader import BadInput
from grader.cli import console, grading, place
from grader.cli.options import ChapterArgument, SubmissionOption
from grader.databases import Database
from grader.keeping import kept
from grader.places import SOLUTIONS, refuse_what_is_no_file

_CTRL_C = 130
_PATIENCE = 10.0  # seconds for the server to end by itself


def run(
    chapter: ChapterArgument = "",
    solution: Annotated[bool, typer.Option("--solution", help="serve our solution instead of your code")] = False,
    database: Annotated[
        Database | None,
        typer.Option(help="default: what DATABASE_URL says, else a SQLite file app.db", show_default=False),
    ] = None,
    submission: SubmissionOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="port of 127.0.0.1")] = 8000,
) -> None:
    """Serve a chapter's application with uvicorn.

    With --database postgresql it gets a server of its own, whose data is gone when you end it. The exit status is
    130 after Ctrl-C, else that of uvicorn.

    \b
    Examples:
      workbook run 6
      workbook run 6 --solution --database postgresql
    """
    where = place.submission(submission)
    name = place.chapter(chapter) if chapter else grading.at(where)
    folder = (SOLUTIONS if solution else where.folder) / name
    if not (folder / "app" / "main.py").is_file():
        if name == "01_engine":
            raise BadInput("Chapter 01 has nothing to serve yet; workbook run 2 serves the first application.")
        raise BadInput(
            f"{where.name}/{name} has no app/main.py; workbook reset {int(name[:2])} brings back the starter."
        )
    _look_for_a_free(port)
    home = kept() / "run" / name if solution else folder
    refuse_what_is_no_file(kept().parent, [f".workbook/run/{name}/app.db"])
    for journal in (home / "app.db-journal", home / "app.db-wal") if solution else ():
        if journal.exists():  # it may name files that SQLite is to remove
            raise BadInput(f"'{journal}' is left of a run that broke off; remove it, and the app.db beside it.")
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--app-dir", str(folder), "--port", str(port)]
    command += ["--reload", "--reload-dir", str(folder / "app")]
    with _database_url(database) as url:
        console.say(f"serving {'solutions' if solution else where.name}/{name} on http://127.0.0.1:{port}/docs")
        console.say(f"database: {_told(url, home)}")
        # What lies in the folder of the database is no module of the server's.
        environment = {**os.environ, "PYTHONSAFEPATH": "1", **({"DATABASE_URL": url} if url else {})}
        status = _serve(command, home, environment)
    raise typer.Exit(status)


def _told(url: str, home: Path) -> str:
    """Where the data is; what is in the environment may hold a password, and is not shown."""
    if url.startswith("postgresql"):
        return "its own PostgreSQL server, whose data is deleted when you stop"
    return str(home / "app.db") if url or "DATABASE_URL" not in os.environ else "the one that DATABASE_URL names"


def _look_for_a_free(port: int) -> None:
    with socket.socket() as attempt:
        if os.name != "nt":
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            remedy = f"stop what uses it, or add --port {port + 1}"
            raise BadInput(f"Port {port} is taken, perhaps by an earlier run; {remedy}.") from None


@contextmanager
def _database_url(database: Database | None) -> Iterator[str]:
    """The URL for the application, or an empty string for what it chooses itself."""
    if database != "postgresql":
        yield "sqlite:///./app.db" if database else ""
        return
    from grader.bench.postgresql import start
    from grader.bench.spaces import Spaces

    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        server = start(Path(folder, "postgresql"))
        spaces = Spaces(server, ahead=1)
        try:
            yield spaces.take().url
        finally:
            spaces.close()
            server.stop()


def _serve(command: list[str], home: Path, environment: dict[str, str]) -> int:
    """Run the server to its end; Ctrl-C reaches it as well, and it is waited for."""
    process = subprocess.Popen(command, cwd=home, env=environment)
    interrupted = False
    try:
        while True:
            try:
                status = process.wait()
                return _CTRL_C if interrupted else status
            except KeyboardInterrupt:
                interrupted = True
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            process.kill()
            process.wait()
