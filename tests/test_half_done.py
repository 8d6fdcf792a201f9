"""What is still to do is told from what is broken: the one is no mistake, the other is told first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader import terminal
from grader.report import Check
from grader.rules import CHAPTERS, rules_named
from grader.starters import suspicious_files, tasks_of, untouched_stubs
from tests.half_done import verdicts, write_half_done

NOTHING_IS_WRONG = "nothing is wrong"


def told(found: dict[str, Check]) -> str:
    """What a terminal shows of these verdicts, in one line."""
    checks = list(found.values())
    lines = (*terminal.chapters(checks, terminal.ASCII), *terminal.closing(checks))
    return " ".join(word for line in lines for word in line.text.split())


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_whatever_is_still_to_do_breaks_nothing(chapter: str, tmp_path: Path) -> None:
    """With one task done, or all but one, no check ends in an error."""
    tasks = [*tasks_of(chapter)]
    done = {f"only {task}": {task} for task in tasks} | {f"all but {task}": {*tasks} - {task} for task in tasks}
    submissions = {name: tmp_path / name for name in done}
    for name, submission in submissions.items():
        write_half_done(chapter, submission, done[name])
    found = verdicts(chapter, [*submissions.values()])
    broken = {
        name: [f"{check.id}: {check.observed}" for check in found[submission].values() if check.outcome == "error"]
        for name, submission in submissions.items()
    }
    assert {name: errors for name, errors in broken.items() if errors} == {}


DESCRIPTION = "2.2 a description: text of up to 500 characters, which may be missing"


def test_a_name_is_right_before_there_is_a_description(tmp_path: Path) -> None:
    """Two tasks describe one class: what is still to do is the second, and nothing is wrong with the first."""
    write_half_done("02_models", tmp_path, {"2.1"})
    found = verdicts("02_models", [tmp_path])[tmp_path].values()
    assert {check.observed for check in found if check.task == "2.1" and check.outcome != "passed"} == {DESCRIPTION}
    assert not [check.id for check in found if check.outcome in ("failed", "error")]


def test_a_description_is_right_before_there_is_a_name(tmp_path: Path) -> None:
    write_half_done("02_models", tmp_path, {"2.2"})
    found = verdicts("02_models", [tmp_path])[tmp_path]
    assert not [check.id for check in found.values() if check.outcome in ("failed", "error")]
    assert found["items_table_has_the_columns"].outcome == "todo"
    assert found["description_is_optional"].outcome == "passed"


@pytest.mark.parametrize("done", [{"2.2"}, {"2.1", "2.2"}])
@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("mapped_column(String(200))", "task sheet"), ("String(500)", "not a column"), ("mapped_column(500)", "length")],
)
def test_a_wrong_description_is_told_under_its_own_task(done: set[str], wrong: str, hint: str, tmp_path: Path) -> None:
    """The other task of the class may be untouched or done: the line that is wrong is that of 2.2."""
    file = write_half_done("02_models", tmp_path, done) / "app/models.py"
    file.write_text(file.read_text(encoding="utf-8").replace("mapped_column(String(500))", wrong), encoding="utf-8")
    checks = [*verdicts("02_models", [tmp_path])[tmp_path].values()]
    block = terminal.blocks(checks)[0]
    assert block.task == "2.2" and "description" in block.check.line and hint in block.check.hint
    chosen = {rule.name for rule in rules_named("2.2")}
    mine = [check for check in checks if check.id.partition(".")[2] in chosen]
    assert terminal.next_step(mine).startswith("next: fix ") and terminal.blocks(mine)[0].task == "2.2"


# An exception of the learner's own that ends as no verdict should: what is seen instead.
BY_HAND = {
    'raise NotImplementedError("1.5 is too old, use SQLAlchemy 2")': "NotImplementedError: 1.5 is too old",
    'raise SyntaxError("x", ("app/crud.py", "\u00b2", 1, ""))': "SyntaxError: x",
    'raise SyntaxError("x", ("app/crud.py", 1, object(), ""))': "SyntaxError: x",
}


@pytest.mark.parametrize("line", BY_HAND)
def test_an_exception_made_by_hand_is_a_failure_like_any_other(line: str, tmp_path: Path) -> None:
    file = write_half_done("05_crud", tmp_path, tasks_of("05_crud")) / "app/crud.py"
    text = file.read_text(encoding="utf-8").replace("    return db.get(Item, item_id)", f"    {line}")
    file.write_text(text, encoding="utf-8")
    found = verdicts("05_crud", [tmp_path])[tmp_path]["get_returns_the_item"]
    assert (found.outcome, BY_HAND[line] in found.observed) == ("failed", True), found.observed


# What a chapter's starter makes impossible as long as a task is to do: the task, the file, its code then, a learner's.
IN_THE_WAY = {
    "a bare class as the type of an answer": (
        *("08_sqlmodel", "8.3", "app/routes/items.py"),
        ("def get_item(item: Found) -> ItemRead:", "def get_item(item: Found) -> Item:"),
    ),
    "a list of them": (
        *("08_sqlmodel", "8.3", "app/routes/items.py"),
        ('@router.get("/items/")\n', '@router.get("/items/", response_model=list[Item])\n'),
    ),
    "a class that inherits from it": (
        *("08_sqlmodel", "8.3", "app/routes/items.py"),
        (
            '@router.get("/items/{item_id}")\ndef get_item(item: Found) -> ItemRead:',
            'class Shown(Item):\n    """More."""\n\n\n'
            '@router.get("/items/{item_id}")\ndef get_item(item: Found) -> Shown:',
        ),
    ),
    "a validator of a field that a base class does not have yet": (
        *("08_sqlmodel", "8.2", "app/models.py"),
        (
            "class ItemRead(ItemBase):\n",
            "class ItemRead(ItemBase):\n"
            '    @field_validator("name")\n    @classmethod\n'
            "    def strip(cls, name: str) -> str:\n        return name.strip()\n\n",
        ),
        ("from sqlmodel import", "from pydantic import field_validator\nfrom sqlmodel import"),
    ),
    "an attribute of the model": (
        *("09_relationships", "9.2", "app/crud.py"),
        (
            "def list_items_with_owner(",
            "WITH_OWNER = selectinload(Item.owner)\n\n\ndef list_items_with_owner(",
        ),
    ),
    "an attribute that a function reads": ("09_relationships", "9.2", "app/crud.py"),
    "a schema within a schema": ("09_relationships", "9.3", "app/schemas.py"),
    "an attribute of the class that is to become a model": (
        *("08_sqlmodel", "8.3", "app/crud.py"),
        ("def create_item(", "IN_ORDER = Item.id\n\n\ndef create_item("),
    ),
    "a placeholder": (
        *("01_engine", "1.1", "app/db.py"),
        ("\nengine = ", '\nIS_SQLITE = DATABASE_URL.startswith("sqlite")\nengine = '),
    ),
}


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_the_starter_makes_impossible_is_to_do(name: str, tmp_path: Path) -> None:
    chapter, task, file, *changes = IN_THE_WAY[name]
    path = write_half_done(chapter, tmp_path, {*tasks_of(chapter)} - {task}) / file
    for old, new in changes:
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))
    found = verdicts(chapter, [tmp_path])[tmp_path]
    assert "error" not in {check.outcome for check in found.values()}, told(found)
    assert f"next: chapter {chapter[:2]}, task {task} " in told(found)


CALLED = {
    "in add_task": ("add_task(record_event, ", "add_task(record_event("),
    "in its place": ("background_tasks.add_task(record_event, ", "record_event("),
}


@pytest.mark.parametrize("name", CALLED)
def test_a_task_that_is_called_is_told_before_it_is_written(name: str, tmp_path: Path) -> None:
    events = write_half_done("10_background", tmp_path, {"10.1", "10.2", "10.3"}) / "app/routes/events.py"
    old, new = CALLED[name]
    source = events.read_text()
    line = next(number for number, line in enumerate(source.split("\n"), 1) if old in line)
    source = source.replace(old, new)
    events.write_text(source.replace("data.kind)", "data.kind))") if new.startswith("add_task") else source)
    found = verdicts("10_background", [tmp_path])[tmp_path]
    check = found["answers_202"]
    assert (check.outcome, check.mistake, check.where.rpartition(":")[2]) == (
        *("failed", "called_at_once"),
        str(line),
    ), told(found)


def test_the_answer_counts_though_the_task_is_to_do(tmp_path: Path) -> None:
    events = write_half_done("10_background", tmp_path, {"10.1", "10.2", "10.3"}) / "app/routes/events.py"
    events.write_text(re.sub(r",?\s*status_code=[\w.]+", "", events.read_text()))
    check = verdicts("10_background", [tmp_path])[tmp_path]["answers_202"]
    assert (check.outcome, check.mistake) == ("failed", "status_not_said")
    assert check.observed == "the answer is 200"


@pytest.mark.parametrize("chapter", ["06_routes", "07_uow", "09_relationships", "10_background"])
def test_who_takes_only_the_stand_in_away_is_told_so(chapter: str, tmp_path: Path) -> None:
    task = next(task for task, words in tasks_of(chapter).items() if words.startswith("include the router"))
    main = write_half_done(chapter, tmp_path, {task}) / "app/main.py"
    kept = [line for line in main.read_text().split("\n") if not line.startswith("app.include_router(")]
    main.write_text("\n".join(kept))
    found = verdicts(chapter, [tmp_path])[tmp_path]
    check = found["the_rest_still_works"]
    assert (check.outcome, check.mistake) == ("failed", "router_not_included"), told(found)
    assert f"fix {task}" in told(found)


# Mistakes that have nothing to do with what is still to do: chapter, file, what is added to it.
BROKEN = {
    "a bracket that is not closed": ("06_routes", "app/main.py", "app.include_router(items.router\n"),
    "a name that is not there": ("07_uow", "app/main.py", "app.include_router(item_uow.router)\n"),
    "an attribute that is not there": ("09_relationships", "app/main.py", "app.include_router(items.ruoter)\n"),
    "a file that is not there": ("10_background", "app/routes/events.py", "from app.task import record_event\n"),
    "a name that another file does not have": ("03_deps", "app/deps.py", "from app.db import Sessions\n"),
    "a library that is not there": ("01_engine", "app/db.py", "import sqlalchemie\n"),
    "a value that does not fit": ("02_models", "app/main.py", 'app.add_middleware("logging")\napp.openapi(1)\n'),
    "a mistyped attribute of a model that lacks another": ("09_relationships", "app/crud.py", "PAGE = Item.ownr\n"),
    "an attribute of a function": ("08_sqlmodel", "app/crud.py", "create_item.name.first\n"),
    "a placeholder of one's own": (
        "01_engine",
        "app/db.py",
        "from sqlalchemy import create_engine\ncreate_engine(...)\n",
    ),
    "a given file": ("05_crud", "app/main.py", "app.start()\n"),
    "a given file that is no Python": ("04_schemas", "app/deps.py", "def get_db(:\n"),
    "a given file that ends everything": ("03_deps", "app/models.py", "raise SystemExit\n"),
    "a file of tasks that are untouched": ("05_crud", "app/crud.py", "return\n"),
    "a file with characters that are no text": ("10_background", "app/tasks.py", "name = '\0'\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_first(name: str, tmp_path: Path) -> None:
    chapter, file, added = BROKEN[name]
    path = write_half_done(chapter, tmp_path, ()) / file
    path.write_text(f"{path.read_text()}\n\n{added}")
    found = verdicts(chapter, [tmp_path])[tmp_path]
    assert {check.outcome for check in found.values()} == {"error"}, told(found)
    assert all(check.where.startswith(f"{chapter}/{file}:") for check in found.values()), told(found)
    assert NOTHING_IS_WRONG not in told(found) and f"next: fix chapters/{chapter}/{file}:" in told(found)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_helper_that_is_broken_is_told_first(chapter: str, tmp_path: Path) -> None:
    app = write_half_done(chapter, tmp_path, ()) / "app"
    (app / "helper.py").write_text('"""Mine."""\n\nnames = [name for name in nmaes]\n')
    file = {"01_engine": "db.py", "02_models": "models.py"}.get(chapter, "deps.py")
    (app / file).write_text(f"{(app / file).read_text()}\n\nfrom app import helper\n")
    found = verdicts(chapter, [tmp_path])[tmp_path]
    assert {(check.outcome, check.where) for check in found.values()} == {("error", f"{chapter}/app/helper.py:3")}


@pytest.mark.parametrize("chapter", [chapter for chapter in CHAPTERS if chapter != "01_engine"])
def test_an_app_that_does_not_start_is_told_first(chapter: str, tmp_path: Path) -> None:
    main = write_half_done(chapter, tmp_path, ()) / "app/main.py"
    assert main.read_text().count("    yield\n") == 1
    main.write_text(main.read_text().replace("    yield\n", "    yield app.start\n"))
    found = verdicts(chapter, [tmp_path])[tmp_path]
    assert not {check.outcome for check in found.values()} & {"todo", "passed"}, told(found)
    assert NOTHING_IS_WRONG not in told(found) and "'FastAPI' object has no attribute 'start'" in told(found)


def test_a_slip_in_a_given_file_is_no_task(tmp_path: Path) -> None:
    """The router is included, nothing else is done, and the given get_db has a mistyped name."""
    deps = write_half_done("06_routes", tmp_path, {"6.1"}) / "app/deps.py"
    deps.write_text(deps.read_text().replace("SessionLocal()", "SesionLocal()"))
    found = verdicts("06_routes", [tmp_path])[tmp_path]
    outcomes = {name: check.outcome for name, check in found.items()}
    assert outcomes.pop("the_rest_still_works") == "passed"
    assert set(outcomes.values()) == {"error"} and "NameError" in told(found)


def test_the_line_of_the_starter_that_is_left_in_is_a_mistake(tmp_path: Path) -> None:
    """The code is there, and after it the line that says that it is not."""
    crud = write_half_done("05_crud", tmp_path, tasks_of("05_crud")) / "app/crud.py"
    before, after = crud.read_text().split("    db.delete(item)\n")
    crud.write_text(f'{before}    db.delete(item)\n    raise NotImplementedError("5.5 delete")\n{after}')
    found = verdicts("05_crud", [tmp_path])[tmp_path]
    wrong = {name: check for name, check in found.items() if check.outcome != "passed"}
    assert {name: check.outcome for name, check in wrong.items()} == {"delete_persists": "failed"}
    check = wrong["delete_persists"]
    assert "still runs: raise NotImplementedError('5.5 delete')" in check.observed
    assert check.where == f"05_crud/app/crud.py:{before.count(chr(10)) + 2}"


def test_a_decorator_alone_leaves_the_line_of_the_starter(tmp_path: Path) -> None:
    """Of a function in which nothing but the starter's line stands, that line is named."""
    write_half_done("07_uow", tmp_path, {"7.1", "7.2", "7.3", "7.4"})
    routes = tmp_path / "07_uow/app/routes/items_uow.py"
    code = routes.read_text().replace('"/items-uow/batch")', '"/items-uow/batch", status_code=201)')
    routes.write_text(code)
    check = verdicts("07_uow", [tmp_path])[tmp_path]["batch_is_all_or_nothing"]
    line = code[: code.index('raise NotImplementedError("7.5')].count("\n") + 1
    assert (check.outcome, check.where) == ("failed", f"07_uow/app/routes/items_uow.py:{line}")
    assert check.hint == "This line is the starter's, and the function has no other. What belongs in its place?"


# The starter's line below the learner's own: the file, what the line is written above, the line, and how that ends.
LEFT_BELOW = {
    "a value": ("01_engine", "app/db.py", "\n# 1.2", "DATABASE_URL = ...\n", "import_touches_no_database", "todo"),
    "a class": ("01_engine", "app/db.py", "", "\n\nclass Base:\n    {doc}\n", "base_is_declarative", "todo"),
    "a function": (
        *("06_routes", "app/routes/items.py", "\nFound ="),
        "\ndef item_or_404(db: Db, item_id: ItemId) -> Item:\n    {doc}\n    raise NotImplementedError({task})\n\n",
        *("read_answers_the_item", "todo"),
    ),
    "a type": ("06_routes", "app/routes/items.py", "Offset =", "ItemId = int\n", "huge_id_is_no_crash", "failed"),
    "another one": ("06_routes", "app/routes/items.py", "\n\n# 6.3", "Limit = int\n", "bad_paging_is_422", "failed"),
}


@pytest.mark.parametrize("what", LEFT_BELOW)
def test_the_line_of_the_starter_is_named_that_takes_back_what_is_above_it(what: str, tmp_path: Path) -> None:
    chapter, name, above, line, rule, outcome = LEFT_BELOW[what]
    write_half_done(chapter, tmp_path / "starter", ())
    starter = (tmp_path / "starter" / chapter / name).read_text()
    head = line.strip().partition("\n")[0]
    rest = starter.partition(f"{head}\n")[2].split("\n")
    line = line.replace("{doc}", rest[0].strip()).replace("{task}", rest[1].strip()[26:-1])
    file = write_half_done(chapter, tmp_path / "mine", tasks_of(chapter)) / name
    before, between, after = file.read_text().partition(above) if above else (file.read_text(), "", "")
    file.write_text(f"{before}{line}{between}{after}")
    found = verdicts(chapter, [tmp_path / "mine"])[tmp_path / "mine"]
    check = found[rule]
    assert (check.outcome, check.line.strip()) == (outcome, head)
    assert "further up" in check.hint and check.hint.endswith("Is it still needed?")
    assert NOTHING_IS_WRONG not in told({rule: check}).lower()


def test_the_class_of_the_starter_is_named_below_the_model(tmp_path: Path) -> None:
    """Two classes for one table crash, at the second one."""
    starter = (write_half_done("02_models", tmp_path / "starter", ()) / "app/models.py").read_text()
    head = "class Item(Base):"
    file = write_half_done("02_models", tmp_path / "mine", tasks_of("02_models")) / "app/models.py"
    file.write_text(f"{file.read_text()}\n\n{head}{starter.partition(head)[2]}")
    check = verdicts("02_models", [tmp_path / "mine"])[tmp_path / "mine"]["items_table_has_the_columns"]
    assert (check.outcome, check.line) == ("error", head)
    assert check.hint == "Your class Item stands further up, and this one takes its place. Is it still needed?"


def test_what_crashes_above_the_line_of_the_starter_is_told_as_a_crash(tmp_path: Path) -> None:
    file = write_half_done("01_engine", tmp_path, tasks_of("01_engine")) / "app/db.py"
    file.write_text(file.read_text().replace("create_engine(DATABASE_URL)", "create_engine(None)\nengine = ..."))
    check = verdicts("01_engine", [tmp_path])[tmp_path]["import_touches_no_database"]
    assert (check.outcome, check.line) == ("error", "engine = create_engine(None)")
    assert "Is it still needed?" not in check.hint


def test_the_line_of_the_starter_is_told_that_runs_after_the_answer(tmp_path: Path) -> None:
    """The app's handler of it comes too late, and what Starlette raises in its place says nothing of it."""
    tasks = write_half_done("10_background", tmp_path, tasks_of("10_background")) / "app/tasks.py"
    tasks.write_text(f'{tasks.read_text()}\n    raise NotImplementedError("10.4 open a session")\n')
    check = verdicts("10_background", [tmp_path])[tmp_path]["event_is_written"]
    assert (check.outcome, check.where.partition(":")[0]) == ("failed", "10_background/app/tasks.py")
    assert "still runs: raise NotImplementedError('10.4 open a session')" in check.observed


@pytest.mark.parametrize("spaces", [4, 8])
def test_the_line_of_the_starter_is_told_that_runs_after_the_session_is_closed(spaces: int, tmp_path: Path) -> None:
    deps = write_half_done("03_deps", tmp_path, {"3.1"}) / "app/deps.py"
    line = f'{" " * spaces}raise NotImplementedError("3.1 open a session")'
    deps.write_text(f"{deps.read_text()}{line}\n")
    check = verdicts("03_deps", [tmp_path])[tmp_path]["yields_a_session"]
    assert (check.outcome, check.where) == ("failed", f"03_deps/app/deps.py:{deps.read_text().count(chr(10))}")
    assert "still runs: raise NotImplementedError('3.1 open a session')" in check.observed


def test_a_body_of_another_shape_is_not_called_right_before_the_endpoint_is_written(tmp_path: Path) -> None:
    events = write_half_done("10_background", tmp_path, {"10.1", "10.2"}) / "app/routes/events.py"
    events.write_text(events.read_text().replace("    kind: ", "    type: "))
    found = verdicts("10_background", [tmp_path])[tmp_path]
    assert {name: found[name].outcome for name in ("bad_body_is_422", "answers_202")} == {
        "bad_body_is_422": "passed",
        "answers_202": "todo",
    }
    lines = terminal.standing([found.pop("bad_body_is_422")], [*found.values()])
    assert [line.text for line in lines] == ["1 check still needs 10.3."]


def test_an_endpoint_waits_for_the_field_that_it_reads(tmp_path: Path) -> None:
    """Where the field is declared below the class, that is told; else that its task is to do."""
    events = write_half_done("10_background", tmp_path, {"10.1", "10.3", "10.4"}) / "app/routes/events.py"
    check = verdicts("10_background", [tmp_path])[tmp_path]["answers_202"]
    assert (check.outcome, check.observed[:5]) == ("todo", "10.2 ")
    events.write_text(events.read_text().replace("\n\n\n# 10.3", "\n\nkind: str\n\n\n# 10.3"))
    check = verdicts("10_background", [tmp_path])[tmp_path]["answers_202"]
    assert check.misplaced == "'kind' is declared outside of the class EventCreate"


@pytest.mark.parametrize(
    ("handler", "hint"),
    [
        ("", "create_tables() runs only if it is called."),
        ('@app.on_event("startup")\n', "does not run its startup events"),
    ],
)
def test_what_nothing_calls_is_shown_while_its_place_is_the_starters(handler: str, hint: str, tmp_path: Path) -> None:
    main = write_half_done("02_models", tmp_path, {"2.1", "2.2"}) / "app/main.py"
    code = f"\n\n{handler}def create_tables() -> None:\n    Base.metadata.create_all(engine)\n"
    main.write_text(f"{main.read_text()}{code}")
    check = verdicts("02_models", [tmp_path])[tmp_path]["tables_are_created_at_startup"]
    assert (check.outcome, hint in check.hint, "create_tables() is here" in check.misplaced) == ("todo", True, True)
    main.write_text(main.read_text().replace("    ...\n", "    create_tables()\n"))
    check = verdicts("02_models", [tmp_path])[tmp_path]["tables_are_created_at_startup"]
    assert (check.outcome, check.misplaced) == ("passed", "")


def test_what_passes_is_not_taken_back_by_what_it_does_not_need(tmp_path: Path) -> None:
    main = write_half_done("05_crud", tmp_path, {"5.1", "5.2"}) / "app/main.py"
    main.write_text(f"{main.read_text()}\n\nnot_there\n")
    found = verdicts("05_crud", [tmp_path])[tmp_path]
    outcomes = {check.task: check.outcome for check in found.values()}
    assert outcomes == {"5.1": "passed", "5.2": "passed", "5.3": "error", "5.4": "error", "5.5": "error"}


def test_files_that_nobody_needs_are_only_read(tmp_path: Path) -> None:
    """A file that is imported by nothing may do what it likes; but it has to be Python."""
    app = write_half_done("05_crud", tmp_path, ()) / "app"
    (app / "try_it.py").write_text('raise SystemExit("not for the grader")\n')
    assert {check.outcome for check in verdicts("05_crud", [tmp_path])[tmp_path].values()} == {"todo"}
    (app / "try_it.py").write_text("print('hello'\n")
    assert {check.outcome for check in verdicts("05_crud", [tmp_path])[tmp_path].values()} == {"error"}


def test_only_what_was_changed_or_asked_for_is_suspicious(tmp_path: Path) -> None:
    chapter = write_half_done("05_crud", tmp_path, ())
    assert suspicious_files("05_crud", chapter) == ("app/crud.py",)
    (chapter / "app/deps.py").write_text("# other\n")
    assert set(suspicious_files("05_crud", chapter)) > {"app/crud.py", "app/deps.py", "app/main.py"}


def test_stubs_say_what_they_lack(tmp_path: Path) -> None:
    lacks = {
        (stub.task, stub.name): stub.lacks
        for chapter in ("01_engine", "08_sqlmodel", "09_relationships")
        for stub in untouched_stubs(chapter, write_half_done(chapter, tmp_path, ()))
    }
    assert lacks["1.2", "engine"] == ("a value",) and lacks["8.3", "Item"] == ("bases",)
    assert lacks["9.2", "Item"] == ("owner",) and lacks["9.5", "list_items_with_owner"] == ()


def test_a_lazy_list_waits_for_the_schema_that_reads_owners(tmp_path: Path) -> None:
    crud = write_half_done("09_relationships", tmp_path, {"9.1", "9.2", "9.3"}) / "app/crud.py"
    body = "raise NotImplementedError("
    lines = [
        "    return list_items(db, offset, limit)" if line.strip().startswith(f'{body}"9.5') else line
        for line in crud.read_text().split("\n")
    ]
    crud.write_text("\n".join(lines))
    check = verdicts("09_relationships", [tmp_path])[tmp_path]["loaded_before_the_session_closes"]
    assert (check.outcome, check.observed.split()[0]) == ("todo", "9.4"), check.traceback or check.observed


# What 9.5 waits for, though its own check is the only one that was asked for: what is changed, and what is told then.
WAITED_FOR = {
    "its own line": ("app/crud.py", "selectinload(Item.owner)", "selectinload(Item.author)", "fix 9.5"),
    "a task that no check is named after": ("app/models.py", "    owner: Mapped", "    owners: Mapped", "fix 9.2"),
    "a line in a class that was given": (
        *("app/models.py", "mapped_column(String(200))\n\n\nclass Item"),
        *("mapped_column(String(200))\n    owner: Mapped['Owner'] = relationship()\n\n\nclass Item", "fix 9.2"),
    ),
    "what is to do": ("app/schemas.py", "", "", "task 9.3"),
}


@pytest.mark.parametrize("name", WAITED_FOR)
def test_a_part_that_waits_says_what_for(name: str, tmp_path: Path) -> None:
    """It never names a check whose fault is in the task that was asked for, or in one that has no check."""
    file, old, new, step = WAITED_FOR[name]
    left = {"task 9.3": {"9.3"}}.get(step, {"9.2"} if "class Item" in old else set())
    path = write_half_done("09_relationships", tmp_path, {*tasks_of("09_relationships")} - left) / file
    path.write_text(path.read_text().replace(old, new, 1) if old else path.read_text())
    checks = [*verdicts("09_relationships", [tmp_path])[tmp_path].values()]
    mine, others = [each for each in checks if each.task == "9.5"], [each for each in checks if each.task != "9.5"]
    assert terminal.only_waits(mine), told({each.id: each for each in mine})
    shown = {each.id: each for each in [*mine, *terminal.blamed_on(mine, others)]}
    assert step in told(shown) and "(workbook check 9.6)" not in told(shown), told(shown)


_MISPLACED = {
    "outside of the class ItemCreate": ("04_schemas", "app/schemas.py", "# 4.2 ", "name: str"),
    "ItemCreate has an __init__(), and no fields": (
        *("04_schemas", "app/schemas.py", "# 4.2 "),
        "    def __init__(self, name):\n        self.name = name",
    ),
    "ItemRead has a class Meta, and no fields": (
        *("04_schemas", "app/schemas.py", "# 4.4 "),
        "    class Meta:\n        fields = ['id', 'name']",
    ),
    "outside of the class Item ": ("02_models", "app/models.py", "# 2.2 ", "name: Mapped[str] = mapped_column()"),
}


@pytest.mark.parametrize("words", _MISPLACED)
def test_what_was_written_elsewhere_is_shown_and_not_called_nothing(words: str, tmp_path: Path) -> None:
    """Code for a task that is not where it counts leaves the task to do. But somebody has written it."""
    chapter, file, above, written = _MISPLACED[words]
    write_half_done(chapter, tmp_path, set())
    path = tmp_path / chapter / file
    lines = path.read_text(encoding="utf-8").split("\n")
    at = next(number for number, line in enumerate(lines) if line.strip().startswith(above))
    path.write_text("\n".join([*lines[: at + 1], written, *lines[at + 1 :]]), encoding="utf-8")
    shown = told(verdicts(chapter, [tmp_path])[tmp_path])
    assert words in shown and NOTHING_IS_WRONG not in shown.lower()


def test_what_macos_puts_beside_a_file_is_no_module(tmp_path: Path) -> None:
    """AppleDouble files, and whatever else has a name that begins with a dot: what is to do is to do, and no error."""
    app = write_half_done("05_crud", tmp_path, {"5.1"}) / "app"
    (app / "._crud.py").write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00")
    (app / ".#crud.py").symlink_to("anna@laptop.4711:1700000000")
    (app / ".ipynb_checkpoints").mkdir()
    (app / ".ipynb_checkpoints/crud-checkpoint.py").write_text("def broken(:\n")
    found = verdicts("05_crud", [tmp_path])[tmp_path].values()
    assert {check.outcome for check in found} == {"passed", "todo"}
