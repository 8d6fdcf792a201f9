"""Commands that replace a learner's files, and the way back; what they say where they decline."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from grader.keeping import files_below
from grader.removal import remove
from grader.rules import CHAPTERS
from tests import PROJECT
from tests.browser import Browser, find
from tests.copies import COMMAND, Copy

CRUD = "chapters/05_crud/app/crud.py"


def backups(copy: Copy) -> list[Path]:
    return sorted((copy.folder / ".workbook/backups").glob("*"))


def test_restore_and_carry_follow_no_link(copy: Copy, tmp_path: Path) -> None:
    other = tmp_path / "somebody"
    copy.change("chapters/06_routes/app/routes/items.py", "router = ", "# my own\nrouter = ")
    assert copy.run("reset", "6", "--yes").returncode == 0
    place = copy.folder / "chapters/06_routes/app/routes"
    shutil.move(place, other)
    place.symlink_to(other)
    before = {file: file.read_bytes() for file in other.rglob("*.py")}
    done = copy.run("restore", "6", "--yes")
    assert done.returncode == 2 and "is a link; put the folder itself there" in " ".join(done.stderr.split())
    for chapter in ("01_engine", "02_models", "03_deps"):
        copy.solve(chapter)
    copy.change("chapters/02_models/app/models.py", "class Item(Base):", "class Item(Base):  # mine")
    app = copy.folder / "chapters/05_crud/app"
    shutil.move(app, tmp_path / "app")
    app.symlink_to(tmp_path / "app")
    done = copy.run("carry", "5", "--yes")
    assert done.returncode == 2 and "'chapters/05_crud/app' is a link" in " ".join(done.stderr.split())
    assert {file: file.read_bytes() for file in other.rglob("*.py")} == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize(
    ("place", "words"),
    [
        (".workbook/progress.new", ("check", "1")),
        (".workbook/hints.new", ("hint", "5.1")),
        (".workbook/progress.json", ("status",)),
        ("lessons/05_crud.ipynb", ("lesson", "5", "--fresh", "--yes")),
        ("lessons/04_schemas.ipynb", ("lesson",)),
    ],
)
def test_in_a_strangers_folder_no_link_is_followed_and_no_pipe_waited_for(
    place: str, words: tuple[str, ...], copy: Copy, tmp_path: Path
) -> None:
    """Whatever the command: it says what to remove, and changes nothing elsewhere."""
    shutil.copytree(PROJECT / "notebooks", copy.folder / "notebooks")
    strange, other = copy.folder / place, tmp_path / "somebody's"
    strange.parent.mkdir(exist_ok=True)
    for make in (lambda: strange.symlink_to(other), lambda: os.mkfifo(strange)):
        make()
        done = copy.run(*words)
        said = " ".join(done.stderr.split())
        assert done.returncode == 2 and re.search(r"is a link|no ordinary file", said) and "remove it, and try" in said
        assert strange.name in said and not other.exists()
        strange.unlink()


def test_what_is_kept_may_say_anything(copy: Copy, tmp_path: Path) -> None:
    """Numbers, lists and sizes that no command has written, and a place in which none has put anything."""
    kept = copy.folder / ".workbook"
    kept.mkdir()
    (kept / "hints.json").write_text('{"5.1": -1000000000}')
    assert "1000000" not in copy.run("hint", "5.1").stdout
    os.truncate(kept / "hints.json", 1 << 36)  # 64 GB, of which there is nothing
    assert copy.run("hint", "5.1").returncode == 0
    copy.solve("05_crud")
    assert copy.run("check", "5").returncode == 0
    known = json.loads((kept / "progress.json").read_text())
    known["05_crud sqlite"]["outcomes"] = [1, 2]
    (kept / "progress.json").write_text(json.dumps(known))
    assert copy.run("check", "5").returncode == 0
    (kept / "run/05_crud").mkdir(parents=True)
    (kept / "run/05_crud/app.db").symlink_to(tmp_path / "somebody's")
    assert copy.run("run", "5", "--solution", "--port", "0").returncode == 2
    assert not (tmp_path / "somebody's").exists()


def test_what_is_no_file_is_told_before_anything_is_done(copy: Copy, tmp_path: Path) -> None:
    app = copy.folder / "chapters/05_crud/app"
    (app / "crud.py").unlink()
    (app / "crud.py").mkdir()
    assert "'chapters/05_crud/app/crud.py' is no ordinary file" in copy.run("reset", "5", "--yes").stderr
    assert not (copy.folder / ".workbook/backups").exists()
    (app / "crud.py").rmdir()
    (app / "large.py").touch()
    os.truncate(app / "large.py", 1 << 36)
    for words in (("reset", "5", "--yes"), ("diff", "5", "--yes")):
        assert "larger than" in " ".join(copy.run(*words).stderr.split())
    (app / "large.py").unlink()
    shutil.move(copy.folder / "chapters", tmp_path / "chapters")
    (copy.folder / "chapters").symlink_to(tmp_path / "chapters")
    assert "'chapters' is a link; put the folder itself there" in copy.run("reset", "6", "--yes").stderr


@pytest.mark.parametrize("number", [1, 50])
def test_what_is_too_large_is_left_where_it_is(number: int, copy: Copy) -> None:
    for each in range(number):
        with (copy.folder / f"chapters/05_crud/app/large_{each}.py").open("wb") as file:
            file.truncate(60 << 20 if number == 1 else 40 << 20)  # takes no room on the disk
    for command in ("reset", "diff"):
        done = copy.run(command, "5", "--yes")
        assert done.returncode == 2 and "50 MB of code" in " ".join(done.stderr.split()), done.stderr
    (copy.folder / ".workbook").mkdir()
    with (copy.folder / ".workbook/given.json").open("wb") as file:
        file.truncate(3 << 30)
    copy.change("chapters/01_engine/app/db.py", "# 1.1", "# mine\n# 1.1")
    done = copy.run("reset", "1", "--yes")
    assert done.returncode == 2 and "is larger than 50 MB" in " ".join(done.stderr.split()), done.stderr
    assert not backups(copy)


def test_a_backup_that_is_too_large_is_left_where_it_is(copy: Copy) -> None:
    folder = copy.folder / ".workbook/backups/2026-01-01_101010_reset_05_crud/05_crud/app"
    folder.mkdir(parents=True)
    for number in range(3):
        with (folder / f"large_{number}.py").open("wb") as file:
            file.truncate(40 << 20)
    done = copy.run("restore", "--yes")
    assert done.returncode == 2 and "more than 50 MB" in " ".join(done.stderr.split()), done.stderr


def test_a_database_that_broke_off_is_not_opened(copy: Copy) -> None:
    """Its journal may be somebody else's, and name files that SQLite would remove."""
    folder = copy.folder / ".workbook/run/06_routes"
    folder.mkdir(parents=True)
    (folder / "app.db-journal").write_bytes(b"")
    done = copy.run("run", "6", "--solution", "--port", "48123")
    assert done.returncode == 2 and "app.db-journal" in " ".join(done.stderr.split()).replace(" ", ""), done.stderr


def test_no_file_of_the_learners_is_in_the_way(copy: Copy) -> None:
    """A file is written beside the one that it replaces, under a name that nobody has used."""
    copy.change(CRUD, "# 5.1", "# my own\n    # 5.1")
    beside = [copy.folder / f"{CRUD}.new", (copy.folder / CRUD).with_name(".crud.py.new")]
    for file in beside:
        file.write_text("mine")
    assert copy.run("reset", "5", "--yes").returncode == 0
    assert [file.read_text() for file in beside] == ["mine", "mine"]
    assert "my own" not in (copy.folder / CRUD).read_text()


def test_a_backup_of_somebody_else(copy: Copy, tmp_path: Path) -> None:
    """Only what a command may have put there comes back; links and very deep folders are left out of it."""
    (tmp_path / "secret").write_text("somebody's")
    backup = copy.folder / ".workbook/backups/2026-11-01_101500_reset_05_crud"
    for name in ("05_crud/app/crud.py", ".git/hooks/pre-commit", "grader/rules.py"):
        (backup / name).parent.mkdir(parents=True, exist_ok=True)
        (backup / name).write_text("# theirs\n")
    (backup / "05_crud/app/more.py").symlink_to(tmp_path / "secret")
    here = os.open(backup, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        here, before = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(before)
    os.close(here)
    assert "reset_05_crud" in copy.run("restore", "--list").stdout
    assert copy.run("restore", "--yes").returncode == 0
    assert (copy.folder / CRUD).read_text() == "# theirs\n"
    assert not (copy.folder / ".git").exists() and (copy.folder / "grader/rules.py").read_text() != "# theirs\n"
    assert not (copy.folder / "chapters/05_crud/app/more.py").exists()
    assert "backups" in copy.run("doctor").stdout
    (copy.folder / CRUD).unlink()
    (copy.folder / CRUD).symlink_to(tmp_path / "secret")
    assert "app/crud.py' is a link; remove it" in " ".join(copy.run("reset", "5", "--yes").stderr.split())
    assert not [file for file in files_below(copy.folder / ".workbook") if file.read_bytes() == b"somebody's"]
    remove(backup)  # pytest fails at such depths


def test_restore_brings_back_what_reset_took(copy: Copy) -> None:
    done = copy.run("restore")
    assert done.returncode == 2 and "There is no backup" in done.stderr
    copy.change(CRUD, "# 5.1", "# my own\n    # 5.1")
    copy.change("chapters/01_engine/app/db.py", "# 1.1", "# my first\n# 1.1")
    mine = (copy.folder / CRUD).read_text()
    assert copy.run("reset", "5", "--yes").returncode == 0
    assert copy.run("reset", "1", "--yes").returncode == 0
    listed = copy.run("restore", "--list").stdout.splitlines()
    assert "reset_01_engine" in listed[0] and "reset_05_crud" in listed[1] and len(listed) == 2
    done = copy.run("restore", "5", answer="n\n")
    assert done.returncode == 1 and CRUD in done.stdout and "# my own" not in (copy.folder / CRUD).read_text()
    done = copy.run("restore", "5", answer="y\n")
    assert done.returncode == 0 and (copy.folder / CRUD).read_text() == mine
    assert "# my first" not in (copy.folder / "chapters/01_engine/app/db.py").read_text(), "only chapter 05 was named"
    newest = backups(copy)[-1].name
    assert newest.endswith("_restore"), "what was there is kept as well"
    assert copy.run("restore", "--from", newest, "--yes").returncode == 0
    assert "# my own" not in (copy.folder / CRUD).read_text(), "and back again"
    done = copy.run("restore", "--from", "2020-")
    assert done.returncode == 2 and "--list" in done.stderr
    done = copy.run("restore", "5", answer="n\n")
    assert "reset_05_crud brings back:" in done.stdout, "not what a restore has kept"
    listed = copy.run("restore", "--list").stdout.splitlines()
    assert re.search(r"_restore\S* +before restore: chapter 05, 1 file$", listed[0]), listed
    assert re.search(r"_reset_05_crud +before reset: chapter 05, \d+ files$", listed[-1]), listed
    done = copy.run("restore", "--from", "reset_01", answer="n\n")
    assert done.returncode == 1 and "reset_01_engine brings back:" in done.stdout, "any part of the name"
    done = copy.run("restore", "--from", "reset_0")
    assert done.returncode == 2 and "write more of the name" in " ".join(done.stderr.split())


def test_reset_of_everything(copy: Copy) -> None:
    copy.solve("01_engine", "05_crud")
    (copy.folder / "chapters/03_deps/app/mine.py").write_text("x = 1\n")
    mine = (copy.folder / CRUD).read_bytes()
    done = copy.run("reset", "all", answer="y\n")
    assert done.returncode == 0 and done.stdout.count("Go on?") == 1, done.stdout
    for chapter in CHAPTERS:
        for file in (PROJECT / "chapters" / chapter).rglob("*.py"):
            assert (copy.folder / file.relative_to(PROJECT)).read_bytes() == file.read_bytes()
    assert not (copy.folder / "chapters/03_deps/app/mine.py").exists()
    (kept,) = backups(copy)
    assert kept.name.endswith("_reset_all") and (kept / "05_crud/app/crud.py").read_bytes() == mine
    assert "is already the starter" in copy.run("reset", "all").stdout
    assert copy.run("restore", "--yes").returncode == 0
    assert (copy.folder / CRUD).read_bytes() == mine and (copy.folder / "chapters/03_deps/app/mine.py").exists()


def test_carry_takes_helpers_along_and_says_why_it_declines(copy: Copy) -> None:
    copy.solve("01_engine", "02_models", "03_deps", "04_schemas")
    schemas = "chapters/04_schemas/app/schemas.py"
    helpers = copy.folder / "chapters/04_schemas/app/helpers"
    helpers.mkdir()
    (helpers / "__init__.py").write_text("")
    (helpers / "lengths.py").write_text("from .numbers import LONGEST\n")
    (helpers / "numbers.py").write_text("LONGEST = 200\n")
    (helpers / "unused.py").write_text("")
    copy.change(schemas, "from typing import Annotated", "from typing import Annotated\n\nfrom .helpers import lengths")
    copy.change(schemas, "max_length=200", "max_length=lengths.LONGEST")
    done = copy.run("carry", "5", "--yes")
    assert done.returncode == 0, done.stdout
    target = copy.folder / "chapters/05_crud/app"
    assert (target / "helpers/numbers.py").read_text() == "LONGEST = 200\n"
    assert (target / "helpers/__init__.py").exists()
    assert not (target / "helpers/unused.py").exists(), "only what is imported"
    assert "app/helpers/lengths.py" in done.stdout
    (copy.folder / "chapters/05_crud/app/helpers/numbers.py").unlink()
    # Passes chapter 04, but lets NUL through, which chapter 06 sees.
    copy.change(schemas, ", AfterValidator(refuse_nul)", "")
    done = copy.run("carry", "6", "--yes")
    text = " ".join(done.stdout.split())
    assert "You keep our app/schemas.py: with yours, the solution of chapter 06 does not work." in text, text
    assert "saw " in text and "06_routes.bad_body_is_422" in text and "rules" not in text


def test_check_takes_what_explain_takes(copy: Copy) -> None:
    copy.solve("05_crud")
    copy.change(CRUD, "    db.refresh(item)\n", "")
    done = copy.run("check", "list_is_ordered")
    assert done.returncode == 0 and "05_crud           1 passed" in done.stdout
    done = copy.run("check", "create_refreshes")
    assert done.returncode == 2 and "05_crud.create_refreshes or 08_sqlmodel.create_refreshes" in " ".join(
        done.stderr.split()
    )
    done = copy.run("check", "create_refreshes", cwd="chapters/05_crud")
    assert done.returncode == 1 and "rule      05_crud.create_refreshes" in done.stdout
    done = copy.run("check", "not_refreshed", "--json")
    assert (
        done.returncode == 1 and "05_crud.update_refreshes" in done.stdout and "get_unknown_is_none" not in done.stdout
    )


def test_without_a_chapter_the_lesson_is_the_current_one(copy: Copy) -> None:
    shutil.copytree(PROJECT / "notebooks", copy.folder / "notebooks")
    assert "next: jupyter lab --notebook-dir=. lessons/00_start.ipynb" in copy.run("lesson").stdout, "nothing was begun"
    there = "next: jupyter lab --notebook-dir=../.. ../../lessons/05_crud.ipynb"
    assert there in copy.run("lesson", cwd="chapters/05_crud").stdout
    copy.solve("01_engine")
    assert copy.run("check", "1").returncode == 0
    assert "next: jupyter lab --notebook-dir=. lessons/02_models.ipynb" in copy.run("lesson").stdout
    assert "next: jupyter lab --notebook-dir=. lessons/00_start.ipynb" in copy.run("lesson", "0").stdout


def test_a_fresh_lesson_keeps_the_notes(copy: Copy) -> None:
    shutil.copytree(PROJECT / "notebooks", copy.folder / "notebooks")
    assert copy.run("lesson", "5").returncode == 0 and not backups(copy)
    lesson = copy.folder / "lessons/05_crud.ipynb"
    assert "the lesson:          lessons/" in copy.run("status").stdout, "yours, not the project's own"
    new = lesson.read_text(encoding="utf-8")
    lesson.write_text(new.replace('"outputs": []', '"outputs": [{"name": "ran", "output_type": "stream"}]'))
    done = copy.run("lesson", "5", "--fresh")
    assert done.returncode == 0 and not backups(copy), "what is run again is no work of the learner's"
    assert lesson.read_text(encoding="utf-8") == new
    mine = new.replace('"source": [\n', '"source": [\n    "My notes. \\n",\n', 1)
    lesson.write_text(mine, encoding="utf-8")
    assert copy.run("lesson", "5").returncode == 0 and lesson.read_text(encoding="utf-8") == mine
    done = copy.run("lesson", "5", "--fresh")
    assert (
        done.returncode == 1 and "add --yes" in done.stderr and "You have changed lessons/05_crud.ipynb" in done.stdout
    )
    assert copy.run("lesson", "5", "--fresh", answer="n\n").returncode == 1
    assert lesson.read_text(encoding="utf-8") == mine and not backups(copy)
    (copy.folder / "lessons/glossary.md").write_text("My own words.")
    done = copy.run("lesson", "5", "--fresh", "--yes")
    (kept,) = backups(copy)
    assert done.returncode == 0 and kept.name in done.stdout and kept.name.endswith("_lesson_05_crud")
    assert lesson.read_text(encoding="utf-8") == new
    assert (kept / "lessons/glossary.md").read_text() == "My own words.", "a page that is replaced is kept as well"
    assert copy.run("restore", "5", "--yes").returncode == 0 and lesson.read_text(encoding="utf-8") == mine


# -- diff --------------------------------------------------------------------------------------------------------------


def test_diff_shows_the_own_files_first(copy: Copy) -> None:
    copy.change("chapters/06_routes/app/crud.py", '"""Create', '"""Mine: create')
    text = copy.run("diff", "6", "--yes").stdout
    heads = [line.partition("/app/")[2] for line in text.splitlines() if line.startswith("--- ")]
    assert heads == ["main.py", "routes/__init__.py", "routes/items.py", "crud.py"] or heads[-1] == "crud.py", heads


def test_diff_of_a_task_shows_its_lines_only(copy: Copy) -> None:
    text = copy.run("diff", "5.4", "--yes").stdout
    assert "+    for name, value in data.model_dump(exclude_unset=True).items():" in text
    assert '-    raise NotImplementedError("5.4' in text and "5.1" not in text and "5.5" not in text
    assert "db.delete" not in text and "def " not in text
    copy.solve("05_crud")
    copy.change(CRUD, "    return db.get(Item, item_id)\n", "    found = db.get(Item, item_id)\n    return found\n")
    rows = [row for row in copy.run("diff", "5.2", "--yes").stdout.splitlines() if row[:1] in "-+" and row[1:2] == " "]
    assert rows == ["-    found = db.get(Item, item_id)", "-    return found", "+    return db.get(Item, item_id)"]
    assert "are exactly the same" in " ".join(copy.run("diff", "5.3", "--yes").stdout.split())
    done = copy.run("diff", "5.99")
    assert done.returncode == 2 and "There is no task" in done.stderr


@pytest.mark.skipif(find() is None, reason="no Chromium here")
def test_the_page_of_a_diff_fits_a_narrow_window(copy: Copy, tmp_path: Path) -> None:
    copy.change(CRUD, '"""Create', f'"""{"A line that is far too long for any window. " * 5}Create')
    assert copy.run("diff", "5", "--yes", "--html", "page.html").returncode == 0
    (tmp_path / "profile").mkdir()
    with Browser(tmp_path / "profile") as browser:
        size = {"width": 640, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.command("Emulation.setDeviceMetricsOverride", **size)
        browser.open((copy.folder / "page.html").as_uri())
        browser.wait_for("document.readyState === 'complete' && !!document.querySelector('table')")
        assert browser.run("document.documentElement.scrollWidth") <= 640
        assert browser.run("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth + 1)")
        widths = browser.run("[...document.querySelector('table tbody tr').cells].map(cell => cell.offsetWidth)")
        shown = [width for width in widths if width]
        assert len(shown) == 4 and min(shown[1], shown[3]) > 200, "code has the room, not the numbers"


# -- Ctrl-C ------------------------------------------------------------------------------------------------------------

SLOW = "import time\nprint('importing', flush=True)\ntime.sleep(60)\n"


def test_ctrl_c_while_it_starts(copy: Copy, tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow/typer.py").write_text(SLOW)
    path = f"{tmp_path / 'slow'}{os.pathsep}{copy.folder}"
    with in_terminal(copy, "check", "5", PYTHONPATH=path) as screen:
        screen.expect("importing")
        screen.sendintr()
        screen.expect(pexpect.EOF)
        assert "Traceback" not in (screen.before or "")
    assert screen.exitstatus == 130


def test_ctrl_c_instead_of_an_answer(copy: Copy) -> None:
    copy.change(CRUD, "# 5.1", "# my own\n    # 5.1")
    with in_terminal(copy, "reset", "5") as screen:
        screen.expect("Go on?")
        screen.sendintr()
        screen.expect(pexpect.EOF)
        assert "Traceback" not in (screen.before or "") and "add --yes" not in (screen.before or "")
        assert "Nothing was changed." in (screen.before or "")
    assert screen.exitstatus == 130 and "# my own" in (copy.folder / CRUD).read_text()


def test_ctrl_c_while_it_grades(copy: Copy) -> None:
    loop = "import time\nprint('looping')\nwhile True:\n    time.sleep(1)\n"
    (copy.folder / "chapters/05_crud/app/crud.py").write_text(loop)
    with in_terminal(copy, "check", "5") as screen:
        time.sleep(1.5)
        screen.sendintr()
        screen.sendintr()  # who is in a hurry presses it twice
        screen.expect(pexpect.EOF)
        assert "Traceback" not in (screen.before or "")
    assert screen.exitstatus == 130


@contextmanager
def in_terminal(copy: Copy, *arguments: str, **environment: str) -> Iterator[pexpect.spawn[str]]:
    child = pexpect.spawn(
        COMMAND, list(arguments), cwd=copy.folder, env=copy.environment | environment, encoding="utf-8", timeout=60
    )
    yield child
    child.close()
    assert not list(copy.temporary.iterdir())


def test_the_way_back_is_not_needed_where_nothing_was_replaced(copy: Copy) -> None:
    shutil.rmtree(copy.folder / "chapters/05_crud")
    assert copy.run("reset", "5").returncode == 0 and not backups(copy)
