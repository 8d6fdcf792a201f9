"""The command ``workbook``, as learners and authors run it: the real command in a copy of the project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from grader.cli import doctor
from grader.cli.chain import before, given_from
from grader.guide import LEVELS, hints_for, reason_for
from grader.rules import CHAPTERS, chapter_named, roster, rules_named
from grader.starters import tasks_of
from tests import PROJECT
from tests.cases import CASES, load
from tests.copies import COMMAND, Copy, copy_of_the_project
from tests.half_done import write_half_done

COMMANDS = ["status", "check", "watch", "hint", "explain", "diff", "reset", "carry", "run", "doctor", "release", "lint"]


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A copy that no test changes."""
    with copy_of_the_project(tmp_path_factory.mktemp("unchanged")) as made:
        yield made


def backups(copy: Copy) -> list[Path]:
    return sorted((copy.folder / ".workbook" / "backups").glob("*"))


def test_the_report_in_the_readme_is_a_real_one(copy: Copy) -> None:
    shown = (PROJECT / "README.md").read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    shutil.rmtree(copy.folder / "chapters/05_crud")
    load(CASES / "05_crud/wrong/update_is_not_none").build(copy.folder / "chapters")
    assert shown in copy.run("check", "5").stdout


# -- what a word means ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("5", 13),
        ("05", 13),
        ("05_crud", 13),
        ("5.1", 2),
        ("05.1", 2),
        ("05_crud.create_refreshes", 1),
        ("all", len(roster())),
        ("chapters/05_crud/app/crud.py", 13),
        (r"chapters\05_crud\app", 13),
        ("11", 0),
        ("5.9", 0),
        ("crud", 0),
        ("", 0),
    ],
)
def test_words(words: str, count: int) -> None:
    assert len(rules_named(words)) == count
    assert chapter_named(words) == ("05_crud" if "5" in words else "")


def test_how_chapters_build_on_each_other() -> None:
    assert [before(chapter) for chapter in CHAPTERS] == ["", *CHAPTERS[:6], "06_routes", "06_routes", "06_routes"]
    assert given_from("05_crud") == {
        "app/db.py": "01_engine",
        "app/deps.py": "03_deps",
        "app/main.py": "02_models",
        "app/models.py": "02_models",
        "app/schemas.py": "04_schemas",
    }
    assert given_from("01_engine") == given_from("08_sqlmodel") == {}
    assert given_from("10_background")["app/routes/items.py"] == "06_routes"
    assert "app/models.py" not in given_from("07_uow")


# -- progress -------------------------------------------------------------------------------------


def test_from_nothing_to_a_passed_chapter(copy: Copy) -> None:
    done = copy.run()
    assert done.returncode == 0
    assert "0 of 109 checks" in done.stdout.replace(str(len(roster())), "109")
    assert "next: task 1.1, in chapters/01_engine/app/db.py" in done.stdout
    assert "chapters/01_engine/README.md" in done.stdout
    copy.solve("01_engine")
    done = copy.run("check")
    assert done.returncode == 0 and "01_engine         10 passed" in done.stdout
    assert "Compare your code with solutions/01_engine: workbook diff 1" in done.stdout
    assert reason_for("01_engine")[:40] in done.stdout
    assert "next: chapter 02 (chapters/02_models/README.md); workbook carry 2" in done.stdout
    assert done.stdout.count("next:") == 1
    done = copy.run("check")
    assert done.returncode == 1 and "grading chapters/02_models" in done.stdout
    done = copy.run("status", cwd="chapters")
    assert "4 of  4 tasks   10 of 10 checks" in done.stdout and "next: task 2.1" in done.stdout
    done = copy.run("status", cwd="chapters/01_engine")
    assert "Chapter 01 has passed" in done.stdout and "next: task 2.1, in chapters/02_models/app/" in done.stdout


def test_what_is_known_is_kept_and_not_trusted_when_something_has_changed(copy: Copy) -> None:
    copy.solve("05_crud")
    for chapter in CHAPTERS:
        if chapter != "05_crud":  # what is not there is quickly judged
            shutil.rmtree(copy.folder / "chapters" / chapter)
    assert copy.run("check", "5").returncode == 0
    kept = copy.folder / ".workbook" / "progress.json"
    data = json.loads(kept.read_text())
    data["05_crud sqlite"]["outcomes"]["05_crud.delete_persists"] = "failed"
    spoilt = json.dumps(data)

    def passed() -> bool:
        return "13 of 13 checks" in copy.run().stdout

    kept.write_text(spoilt)
    assert not passed(), "the same code is not graded again"
    copy.change("chapters/05_crud/app/crud.py", "# 5.1", "# mine\n    # 5.1")
    assert passed(), "other code is graded again"
    kept.write_text(spoilt)
    copy.change("grader/rules.py", "# Chapters", "# The chapters")
    assert passed(), "another grader grades again"
    kept.write_text("[not even JSON")
    assert passed()
    copy.change("chapters/05_crud/app/crud.py", "    db.delete(item)\n", "")
    text = copy.run("status").stdout
    assert "12 of 13 checks" in text


def test_status_of_another_submission(copy: Copy) -> None:
    done = copy.run("status", "--submission", "solutions", cwd=".")
    assert f"{len(roster())} of {len(roster())} checks passed." in done.stdout
    assert "You have finished the workbook." in done.stdout
    assert not (copy.folder / ".workbook" / "progress.json").exists()


# -- grading --------------------------------------------------------------------------------------


def test_check_prints_what_pytest_prints(copy: Copy) -> None:
    copy.solve("05_crud")
    copy.change("chapters/05_crud/app/crud.py", "    db.refresh(item)\n", "")
    done = copy.run("check", "chapters/05_crud/", cwd=".")
    assert done.returncode == 1
    command = [sys.executable, "-m", "pytest", "grader/test_05_crud.py", "-p", "no:cacheprovider"]
    graded = subprocess.run(command, cwd=copy.folder, env=copy.environment, capture_output=True, text=True, timeout=60)
    told = graded.stdout[graded.stdout.index("\n05_crud  ") : graded.stdout.index("\nnext: ")].strip()
    assert told.count("✗") == 2 and "rule      05_crud." in told
    assert told in done.stdout


def test_check_of_a_part(copy: Copy) -> None:
    copy.solve("05_crud")
    for part, count in {"5.4": 5, "05_crud.delete_persists": 1}.items():
        done = copy.run("check", part)
        assert done.returncode == 0 and f"05_crud           {count} passed" in done.stdout
        assert "Compare" not in done.stdout and "next: chapter 06 (chapters/06_routes/README.md)" in done.stdout
    assert "no check of its own" not in copy.run("check", "05.3").stdout
    done = copy.run("check", "09.2")
    assert "Task 9.2 has no check of its own" in done.stdout and "09_relationships" in done.stdout
    done = copy.run("check", cwd="chapters/05_crud/app")
    assert "05_crud           13 passed" in done.stdout
    done = copy.run("check", "all")
    assert "05_crud           13 passed" in done.stdout and "01_engine" in done.stdout


def test_a_task_is_not_right_as_long_as_another_check_fails_for_it(copy: Copy) -> None:
    copy.solve("06_routes")
    copy.change("chapters/06_routes/app/routes/items.py", "le=2**31 - 1", "le=2^31 - 1")
    for _ in range(2):  # the second time it is known
        done = copy.run("check", "6.2")
        assert done.returncode == 1 and "06_routes         2 passed, 3 to fix" in done.stdout
        assert "✗ 6.2 GET /items/{id}" in done.stdout and "le=2^31 - 1" in done.stdout
        assert "is right" not in done.stdout
    copy.change("chapters/06_routes/app/routes/items.py", "le=2^31 - 1", "le=2**31 - 1")
    done = copy.run("check", "6.2")
    assert done.returncode == 0 and "06_routes         2 passed" in done.stdout


def test_what_is_half_done_says_what_is_in_its_way(copy: Copy) -> None:
    copy.solve("02_models")
    copy.change("chapters/02_models/app/main.py", "    Base.metadata.create_all(engine)\n", "    ...\n")
    copy.change(
        "chapters/02_models/app/main.py", "@asynccontext", "Base.metadata.create_all(engine)\n\n\n@asynccontext"
    )
    told = " ".join(copy.run("check", "2.3").stdout.split())
    assert "2 passed, 1 to do saw a connection was opened" in told
    assert "where chapters/02_models/app/main.py:13 Base.metadata.create_all(engine)" in told


def test_a_part_that_has_passed_leads_on(copy: Copy) -> None:
    def last(*part: str) -> str:
        done = copy.run("check", *part)
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()[-1]

    shutil.rmtree(copy.folder / "chapters/05_crud")
    write_half_done("05_crud", copy.folder / "chapters", {"5.1", "5.2", "5.4", "5.5"})
    assert last("5.1") == last("05_crud.create_refreshes") == "next: task 5.3"
    copy.change("chapters/05_crud/app/crud.py", "    db.delete(item)\n", "")
    assert last("5.1") == "next: fix 5.5", "what is known to fail comes first"
    copy.change("chapters/05_crud/app/crud.py", "    return db.get(Item, item_id)\n", "    while True:\n        pass\n")
    begin = time.monotonic()
    assert last("5.1") == "next: fix 5.2"
    assert time.monotonic() - begin < 25, "a loop elsewhere does not hold up the answer"
    assert "next:" not in copy.run("check", "5.1", "--submission", "solutions").stdout


def test_check_as_json_and_on_postgresql(unchanged: Copy) -> None:
    done = unchanged.run("check", "5.2", "--json", "--database", "postgresql", "--submission", "solutions")
    report = json.loads(done.stdout)
    assert report["schema"] == 1 and report["database"] == "postgresql" and report["submission"] == "solutions"
    assert report["summary"] == {"passed": 2, "total": 2} and done.returncode == 0


# -- hints and explanations -----------------------------------------------------------------------


def test_every_task_has_hints_without_line_numbers() -> None:
    for chapter in CHAPTERS:
        for task in tasks_of(chapter):
            assert len(hints_for(task)) == len(LEVELS)
            assert "https://" in hints_for(task)[1]
    with pytest.raises(KeyError):
        hints_for("5.99")


def test_one_hint_more_each_time(copy: Copy) -> None:
    levels = [copy.run("hint", "5.4").stdout for _ in range(4)]
    assert [sum(level in text for level in LEVELS) for text in levels] == [1, 2, 3, 3]
    assert "exclude_unset=True" in levels[1] and "exclude_unset" not in levels[0]
    assert "        for name, value in" in levels[2], "code keeps its indentation"
    assert "Task 1.1" in copy.run("hint").stdout
    assert "Task 5.1" in copy.run("hint", "5").stdout, "the first open task of a chapter"
    copy.solve("05_crud")
    assert "nothing left to do" in copy.run("hint", "05_crud").stdout
    assert all(level in copy.run("hint", "2.1", "--all").stdout for level in LEVELS)


def test_explanation_without_an_answer(unchanged: Copy) -> None:
    done = unchanged.run("explain", "05_crud.create_refreshes")
    assert done.returncode == 0 and not done.stderr
    assert "Not shown: the example holds a part of the solution; --yes shows it." in done.stdout
    assert unchanged.run("explain", "not_refreshed", answer="n\n").returncode == 1


def test_explain_lists_the_rules(unchanged: Copy) -> None:
    every = unchanged.run("explain", "03_deps")
    assert every.returncode == 0
    for rule in rules_named("03_deps"):
        assert f"      {rule.id}\n" in every.stdout and rule.title[:30] in every.stdout
    assert unchanged.run("explain", "3").stdout == every.stdout
    assert unchanged.run("explain", cwd="chapters/03_deps").stdout == every.stdout
    part = unchanged.run("explain", "5.1").stdout
    assert "05_crud.create_refreshes\n" in part and "05_crud.list_pages" not in part
    assert unchanged.run("explain").stdout.startswith("01_engine\n")
    done = unchanged.run("explain", "5.99")
    assert done.returncode == 2 and "There is no chapter, task or rule '5.99'" in done.stderr


def test_a_slip_is_explained_and_not_the_rule_that_it_breaks(copy: Copy) -> None:
    copy.solve("05_crud")
    copy.change("chapters/05_crud/app/crud.py", "    item = Item(", "    book = Item(")
    done = copy.run("check", "5")
    assert "workbook explain 05_crud.unknown_name" in done.stdout and "This has to work first" in done.stdout
    text = copy.run("explain", "unknown_name", "--yes", cwd="chapters/05_crud").stdout
    assert "(05_crud." in text and "(09_relationships." not in text, "an example of the chapter where one is"
    copy.change(
        "chapters/05_crud/app/crud.py",
        "    book = Item(**data.model_dump())\n    db.add",
        "    item = Item(**data.model_dump())\n    print",
    )
    assert "workbook explain 05_crud.create_persists" in copy.run("check", "5").stdout


def test_explanation_is_judged_on_the_spot(copy: Copy) -> None:
    asked = copy.run("explain", "05_crud.create_refreshes", answer="n\n").stdout
    assert "the example shows a part of its solution" in asked and "+    db.refresh(item)" not in asked
    text = copy.run("explain", "05_crud.create_refreshes", "--yes").stdout
    for part in ("what ", "why ", "how ", "DetachedInstanceError", "\n  +    db.refresh(item)\n"):
        assert part in text
    shutil.rmtree(copy.folder / "tests")
    done = copy.run("explain", "list_is_ordered", cwd="solutions")
    assert done.stdout.startswith("05_crud.list_is_ordered") and "There is none here" in done.stdout


# -- comparing ------------------------------------------------------------------------------------


def test_diff_asks_while_the_chapter_has_not_passed(copy: Copy) -> None:
    done = copy.run("diff", "5", answer="n\n")
    assert done.returncode == 1 and "db.refresh" not in done.stdout
    done = copy.run("diff", "5")
    assert done.returncode == 1 and "add --yes" in done.stderr
    assert "+    db.refresh(item)" in copy.run("diff", "5", answer="y\n").stdout
    copy.solve("05_crud")
    assert "exactly the same" in copy.run("diff", "5").stdout
    copy.change("chapters/05_crud/app/crud.py", "db.get(Item, item_id)", "db.get(Item, (item_id,))")
    text = copy.run("diff", "5").stdout
    assert "-    return db.get(Item, (item_id,))\n+    return db.get(Item, item_id)\n" in text


def test_diff_as_a_page(copy: Copy) -> None:
    copy.change("chapters/05_crud/app/crud.py", "# 5.1", "# <script>alert(1)</script>\n    # 5.1")
    done = copy.run("diff", "5", "--yes", "--html", "page.html", cwd="chapters")
    page = (copy.folder / "chapters" / "page.html").read_text(encoding="utf-8")
    assert done.returncode == 0 and "&lt;script&gt;" in page and "<script" not in page
    assert "chapters/05_crud" in page and "solutions/05_crud" in page
    done = copy.run("diff", "5", "--html", "page.html", answer="y\nn\n", cwd="chapters")
    assert done.returncode == 1 and "Replace it?" in done.stdout


def test_diff_of_a_file_that_is_too_long(copy: Copy) -> None:
    with (copy.folder / "chapters/05_crud/app/crud.py").open("a") as file:
        file.write("\n" * 190_000)
    began = time.monotonic()
    done = copy.run("diff", "5", "--yes")
    assert done.returncode == 2 and "lines; files of up to 3,000 are compared" in done.stderr
    assert time.monotonic() - began < 10


def test_diff_of_a_step(copy: Copy) -> None:
    text = copy.run("diff", "9", "--steps", "--yes").stdout
    assert "--- solutions/06_routes/app/models.py" in text and "+    owner: Mapped[Owner | None]" in text
    done = copy.run("diff", "1", "--steps", "--yes")
    assert done.returncode == 2 and "first" in done.stderr


# -- the learner's files --------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["05_crud", "05_crud/app", "06_routes/app/routes"])
def test_reset_follows_no_link(link: str, copy: Copy, tmp_path: Path) -> None:
    place, other = copy.folder / "chapters" / link, tmp_path / "somebody"
    shutil.move(place, other)
    (other / "models.py").write_text("# somebody else's\n")
    place.symlink_to(other)
    before = {file: file.read_bytes() for file in other.rglob("*.py")}
    done = copy.run("reset", link[:2], "--yes")
    assert done.returncode == 2 and f"'chapters/{link}' is a link" in done.stderr
    assert {file: file.read_bytes() for file in other.rglob("*.py")} == before


def test_what_is_kept_is_not_kept_behind_a_link(copy: Copy, tmp_path: Path) -> None:
    (tmp_path / "somebody").mkdir()
    (copy.folder / ".workbook").symlink_to(tmp_path / "somebody")
    copy.change("chapters/05_crud/app/crud.py", "# 5.1", "# my own\n    # 5.1")
    done = copy.run("reset", "5", "--yes")
    assert done.returncode == 2 and ".workbook' is a link" in " ".join(done.stderr.split())
    assert not [*(tmp_path / "somebody").iterdir()]


def test_reset_keeps_the_work(copy: Copy) -> None:
    mine = copy.folder / "chapters" / "05_crud" / "app"
    copy.change("chapters/05_crud/app/crud.py", "# 5.1", "# my own\n    # 5.1")
    (mine / "extra.py").write_text("x = 1\n")
    (mine.parent / "app.db").write_text("data")
    done = copy.run("reset", "5", answer="n\n")
    assert done.returncode == 1 and "# my own" in (mine / "crud.py").read_text() and not backups(copy)
    done = copy.run("reset", "5", answer="y\n", cwd="chapters/05_crud")
    assert done.returncode == 0
    (kept,) = backups(copy)
    assert kept.name in done.stdout and "# my own" in (kept / "05_crud/app/crud.py").read_text()
    assert (kept / "05_crud/app/extra.py").exists() and not (mine / "extra.py").exists()
    assert (mine.parent / "app.db").read_text() == "data"
    assert (mine / "crud.py").read_bytes() == (PROJECT / "chapters/05_crud/app/crud.py").read_bytes()
    assert "is already the starter" in copy.run("reset", "5").stdout and len(backups(copy)) == 1
    shutil.rmtree(mine.parent)
    assert copy.run("reset", "5").returncode == 0 and (mine / "crud.py").exists(), "nothing is lost, nothing is asked"


def test_carry_takes_what_has_passed_and_fits(copy: Copy) -> None:
    copy.solve("01_engine", "03_deps", "04_schemas")
    copy.change("chapters/01_engine/app/db.py", "# 1.1", "# my own engine\n# 1.1")
    copy.change("chapters/03_deps/app/deps.py", "    finally:\n", "    finally:  # my own\n")
    # Passes chapter 04, but lets NUL through, which chapter 06 sees.
    copy.change("chapters/04_schemas/app/schemas.py", "max_length=200), AfterValidator(refuse_nul)", "max_length=200)")
    target = copy.folder / "chapters" / "06_routes" / "app"
    copy.change("chapters/06_routes/app/deps.py", "import", "# edited\nimport")
    before = (target / "deps.py").read_text()
    done = copy.run("carry", "6", answer="n\n")
    assert done.returncode == 1 and (target / "deps.py").read_text() == before and not backups(copy)
    assert "Chapter 02 has not passed yet" in done.stdout
    assert "You keep our app/schemas.py" in done.stdout and "06_routes.bad_body_is_422" in done.stdout
    assert "replaces a file that you have changed" in done.stdout
    done = copy.run("carry", "6", answer="y\n")
    assert done.returncode == 0
    assert "# my own engine" in (target / "db.py").read_text() and "# my own" in (target / "deps.py").read_text()
    (kept,) = backups(copy)
    assert (kept / "06_routes/app/deps.py").read_text() == before
    assert "nothing to carry" in copy.run("carry", "8").stdout


# -- authors --------------------------------------------------------------------------------------


def test_release(copy: Copy) -> None:
    assert copy.run("release", "--check").returncode == 0
    copy.change("solutions/05_crud/app/crud.py", "# 5.2 look", "# 5.2 please look")
    (copy.folder / "chapters/05_crud/app/left.py").write_text("")
    done = copy.run("release", "--check")
    assert done.returncode == 1
    assert "chapters/05_crud/app/crud.py changes" in done.stdout and "left.py is removed" in done.stdout
    done = copy.run("release", answer="n\n")
    assert done.returncode == 1 and (copy.folder / "chapters/05_crud/app/left.py").exists()
    assert copy.run("release", "--yes").returncode == 0
    assert 'NotImplementedError("5.2 please look' in (copy.folder / "chapters/05_crud/app/crud.py").read_text()
    assert not (copy.folder / "chapters/05_crud/app/left.py").exists() and len(backups(copy)) == 1
    assert copy.run("release").returncode == 0


def test_lint_finds_what_is_missing(copy: Copy) -> None:
    copy.change("solutions/04_schemas/app/schemas.py", "    # 4.4 the three", "    # the three")
    copy.change("solutions/04_schemas/README.md", "**4.1**", "4.1")
    copy.change("grader/guide/04_schemas.toml", '"4.2" = [', '"4.2" = []\n"4.9" = [')
    copy.change("grader/guide/04_schemas.toml", "In app/schemas.py, at Name", "In app/schemas.py, line 17, at Name")
    copy.change("grader/guide/04_schemas.toml", '"no_lengths"', '"no_length"')
    shutil.rmtree(copy.folder / "tests/cases/04_schemas/wrong")
    for rule in ("create_needs_a_name", "create_ignores_a_client_id", "create_description_is_optional"):
        copy.change("grader/test_04_schemas.py", f"def test_{rule}", f"def no_{rule}")
    done = copy.run("lint", "4")
    assert done.returncode == 1
    found = {tuple(line.split(": ")[:2]) for line in done.stdout.splitlines()[:-1]}
    assert {
        ("solutions/04_schemas/app", "task-has-comment"),
        ("solutions/04_schemas/README.md", "task-is-on-the-sheet"),
        ("grader/guide/04_schemas.toml", "task-has-hints"),
        ("grader/guide/04_schemas.toml", "hint-without-line-number"),
        ("grader/guide/04_schemas.toml", "mistake-breaks-its-rule"),
        ("notebooks/04_schemas.ipynb", "task-is-in-notebook"),
        ("tests/cases/04_schemas/wrong", "task-has-cases"),
        ("tests/cases/04_schemas/wrong", "rule-has-example"),
    } <= found


def test_a_task_that_no_check_notices(copy: Copy) -> None:
    for rule in ("is_ordered", "pages"):
        copy.change("grader/test_05_crud.py", f"def test_list_{rule}", f"def no_list_{rule}")
    copy.change(
        "grader/test_05_crud.py", '    caller.expect_undisturbed("crud.list_items", rule="list_is_ordered")\n', ""
    )
    copy.change("grader/test_05_crud.py", '    caller.expect_undisturbed("crud.list_items", offset=10)\n', "")
    done = copy.run("lint", "5")
    assert "grader/test_05_crud.py: task-is-judged: write a rule that fails while task 5.3 is to do" in done.stdout


def test_the_course_is_complete() -> None:
    done = subprocess.run([COMMAND, "lint"], cwd=PROJECT, capture_output=True, text=True, timeout=300)
    written = [name for name in CHAPTERS if (PROJECT / "notebooks" / f"{name}.ipynb").is_file()]
    found = done.stdout.splitlines()[:-1]
    of_lessons = [line for line in found if ": task-is-in-notebook: " in line]
    to_be_written = [line for line in of_lessons if not any(name in line for name in written)]
    assert [line for line in found if line not in to_be_written] == []


# -- the machine ----------------------------------------------------------------------------------


def test_doctor(copy: Copy) -> None:
    # What lies in the folder is not what is looked at.
    (copy.folder / "chapters/ipykernel_launcher.py").write_text("open('was_run', 'w')\n")
    done = copy.run("doctor", cwd="chapters")
    assert done.returncode == 0, done.stdout
    assert not (copy.folder / "chapters/was_run").exists()
    for label in ("Python", "packages", "write access", "grader", "PostgreSQL", "notebook kernel"):
        assert f"✓ {label}" in done.stdout
    copy.change("constraints.txt", "rich==", "rich==0.")
    done = copy.run("doctor", GRADER_POSTGRESQL_URL="postgresql://localhost:1/none")
    assert done.returncode == 1 and "✗ packages" in done.stdout and "✗ PostgreSQL" in done.stdout
    assert "pip install -e . -c constraints.txt" in " ".join(done.stdout.split())


def test_doctor_names_the_packages_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a wheel come the newest versions, which is no trouble."""
    names = ["fastapi", "httpx", "pytest", "rich", "typer", "uvicorn"]
    monkeypatch.setattr(doctor, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setattr(doctor, "IS_INSTALLED", True)
    for count in (0, 2, 6):
        lines = [f"{name}=={'0.' * (name in names[:count])}{metadata.version(name)}\n" for name in names]
        (tmp_path / "constraints.txt").write_text("".join(lines))
        told = doctor._packages()
        assert [name for name in names if re.search(rf"\b{name} \S+ instead of 0", told)] == names[: min(count, 5)]
        assert told.endswith("and 1 more") == (count == 6), told


# -- bad input, plain terminals -------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        "check 99",
        "check 05_crud.create_refresh",
        "check 5.99",
        "check --submission nowhere",
        "check --submission grader",
        "check --database oracle",
        "check --time-limit 0",
        "hint 5.99",
        "hint fish",
        "explain fish",
        "explain create_refreshes",
        "diff 5 --yes --html nowhere/page.html",
        "reset 0",
        "reset 5.1",
        "carry 5.1",
        "restore 5.1",
        "lesson 99",
        "run 1",
        "watch 12",
        "fish",
        "check --fish",
    ],
)
def test_bad_input_is_one_sentence(arguments: str, unchanged: Copy) -> None:
    done = unchanged.run(*arguments.split())
    assert done.returncode == 2 and done.stdout == ""
    assert 10 < len(done.stderr) < 500 and max(map(len, done.stderr.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ("reset 5.1 --yes", "workbook reset 5"),
        ("carry 5.1", "workbook carry 5"),
        ("restore 05_crud.create_refreshes", "workbook restore 5"),
        ("check engine", "did you mean 01_engine"),
        ("check 01_engin", "did you mean 01_engine"),
        ("watch deps", "did you mean 03_deps"),
        ("test", "workbook check grades"),
        ("verify 5", "workbook check grades"),
        ("run-tests", "workbook check grades"),
        ("grade", "workbook check grades"),
        ("next", "workbook shows where you are"),
        ("list", "workbook shows where you are"),
        ("check create_refresh", "did you mean 05_crud.create_refreshes"),
    ],
)
def test_what_was_meant(arguments: str, meant: str, unchanged: Copy) -> None:
    done = unchanged.run(*arguments.split())
    said = " ".join(done.stderr.split())
    assert done.returncode == 2 and meant in said and ("reset" not in said or "reset" in arguments), said


@pytest.mark.parametrize("arguments", ["", "check 5", "reset 5 --yes", "diff 5 --yes", "hint 5.1"])
def test_a_solution_is_missing(arguments: str, copy: Copy) -> None:
    """Without it nobody knows what was given and what is a task: nothing is done, and nothing is lost."""
    shutil.rmtree(copy.folder / "solutions/05_crud")
    before = (copy.folder / "chapters/05_crud/app/crud.py").read_bytes()
    done = copy.run(*arguments.split())
    assert done.returncode == 2 and done.stdout == ""
    assert "The folder solutions/05_crud/app is missing" in " ".join(done.stderr.split())
    assert (copy.folder / "chapters/05_crud/app/crud.py").read_bytes() == before


def test_a_solution_is_missing_for_pytest(copy: Copy) -> None:
    shutil.rmtree(copy.folder / "solutions/05_crud")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    for chapter, status, said in (("04_schemas", 1, "to do"), ("05_crud", 4, "solutions/05_crud/app is missing")):
        test = [*command, f"grader/test_{chapter}.py"]
        done = subprocess.run(test, cwd=copy.folder, env=copy.environment, capture_output=True, text=True)
        assert done.returncode == status and said in done.stdout + done.stderr


def test_another_copy_of_the_workbook_is_not_mistaken_for_this_one(unchanged: Copy) -> None:
    done = unchanged.run("check", "1", PYTHONPATH=str(PROJECT))
    assert done.returncode == 2 and "belongs to the one at" in " ".join(done.stderr.split())
    done = unchanged.run("check", "1", "--submission", "solutions", PYTHONPATH=str(PROJECT))
    assert done.returncode == 0


def test_nothing_can_be_written(copy: Copy) -> None:
    (copy.folder / ".workbook").write_text("in the way")
    assert "Task 5.1" in copy.run("hint", "5.1").stdout
    assert copy.run("check", "1").returncode == 1
    copy.change("chapters/01_engine/app/db.py", "...", "None")
    done = copy.run("reset", "1", "--yes")
    assert done.returncode == 2 and "try again" in done.stderr
    assert "None" in (copy.folder / "chapters/01_engine/app/db.py").read_text(), "no work is lost"


def test_plain_letters_and_eighty_columns(copy: Copy) -> None:
    copy.solve("05_crud")
    copy.change("chapters/05_crud/app/crud.py", "    db.refresh(item)\n", "    print('Grüße')\n")
    copy.change("chapters/05_crud/app/crud.py", '"""Delete', '"""Lösche')
    wide = []
    for arguments in ("status", "check 5", "hint 5.1 --all", "explain 05_crud.list_pages", "diff 5 --yes"):
        done = copy.run(*arguments.split(), PYTHONIOENCODING="ascii", LC_ALL="C")
        assert done.stdout.isascii() and "\x1b" not in done.stdout
        shows_code = arguments.startswith(("diff", "explain"))
        wide += [
            line for line in done.stdout.splitlines() if len(line) > 80 and not shows_code and "https:" not in line
        ]
    assert not wide


def test_help_has_examples(unchanged: Copy) -> None:
    text = unchanged.run("--help", PYTHONIOENCODING="ascii").stdout
    assert "Examples:" in text and "Exit status:" in text and "130" in text and text.isascii()
    for command in COMMANDS:
        assert f"\n  {command} " in text
        told = unchanged.run(command, "--help", PYTHONIOENCODING="ascii").stdout
        assert max(map(len, told.splitlines())) <= 80 and told.isascii()
        assert command in ("status", "doctor") or f"  workbook {command}" in told


@pytest.mark.parametrize("command", ["check", "explain", "hint", "diff", "lint"])
def test_examples_of_the_help_run(command: str, unchanged: Copy) -> None:
    told = unchanged.run(command, "--help", COLUMNS="200").stdout
    examples = re.findall(rf"^ +workbook ({command}\b.*?)(?:  .*| > .*)?$", told, re.MULTILINE)
    assert examples
    for example in examples:
        done = unchanged.run(*example.split())
        assert done.returncode in (0, 1) and "Traceback" not in done.stdout + done.stderr, example


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("workbook ch", "check"),
        ("workbook check 05", "05_crud"),
        ("workbook hint 5.", "5.1"),
        ("workbook explain 05_crud.cr", "05_crud.create_refreshes"),
        ("workbook check --data", "--database"),
    ],
)
def test_completion(line: str, wanted: str, unchanged: Copy) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_WORKBOOK_COMPLETE": "complete_bash"}
    assert wanted in unchanged.run(**words).stdout.split()


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from grader.cli import make_app; make_app(classes=False); import typer.main; "
        "print([name for name in ('sqlalchemy', 'fastapi', 'sqlmodel', 'pydantic', 'jinja2', 'watchfiles', 'rich') "
        "if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True) == "[]\n"
