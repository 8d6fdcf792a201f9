"""Command ``workbook release``: the starters, made anew from the solutions."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from grader.cli import backup, console, place
from grader.cli.options import YesOption
from grader.places import PROJECT, SOLUTIONS
from grader.starters import write_starters


def release(
    yes: YesOption = False,
    check: Annotated[bool, typer.Option("--check", help="change nothing; status 1 if something would change")] = False,
) -> None:
    """For authors: write chapters/ anew from solutions/.

    It lists the changes and asks first. It keeps a backup of chapters/, because it may be somebody's work.

    \b
    Examples:
      workbook release --yes
      workbook release --check
    """
    place.expect_clone()
    chapters = PROJECT / "chapters"
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        for folder in sorted(each for each in SOLUTIONS.iterdir() if each.is_dir()):
            write_starters(folder.name, made / folder.name)
        old, new = _files(chapters), _files(made)
        changed = sorted(file for file in old.keys() | new.keys() if old.get(file) != new.get(file))
        if not changed:
            console.say("chapters/ is up to date with solutions/; nothing to do.")
            raise typer.Exit(0)
        for file in changed:
            note = "is removed" if file not in new else "is new" if file not in old else "changes"
            console.say(f"chapters/{file} {note}")
        if check:
            raise typer.Exit(1)
        console.agree("Go on?", yes)
        replaced = [chapters / file for file in changed if file in old]
        if replaced:
            console.say(
                f"The files that were there before are in {backup.name_of(backup.keep(replaced, chapters, 'release'))}"
            )
        for file in changed:
            if file in new:
                backup.put(made / file, chapters / file)
            else:
                (chapters / file).unlink()
    console.say(f"Wrote {len(changed)} files in chapters.")


def _files(folder: Path) -> dict[str, bytes]:
    found = (file for pattern in ("*/app/**/*.py", "*/README.md") for file in folder.glob(pattern))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}
