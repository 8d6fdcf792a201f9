"""What some mistakes are answered with, word for word: a change of the words is a change to be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.bench import Bench, Target
from grader.lab.words import describe, show
from grader.rules import rules_of
from grader.terminal import ASCII, block_lines, blocks
from tests.cases import CASES, load
from tests.half_done import write_half_done

MESSAGES = {
    "01_engine/wrong/connect_args_always": """\
  x 1.2 other databases work, and get no SQLite arguments
      did       set DATABASE_URL to a PostgreSQL URL and imported app.db, then
                connected and began a transaction
      saw       PostgreSQL's driver was given 'check_same_thread', an option of
                SQLite's driver
      wanted    only what PostgreSQL understands
      where     chapters/01_engine/app/db.py:12
                    engine = create_engine(DATABASE_URL,
                    connect_args={"check_same_thread": False})
      hint      To which databases does your code give this?
      why       The app has to connect to whatever database its URL names. A
                database refuses options and statements that it does not know.
      rule      01_engine.other_databases_get_no_sqlite_arguments
""",
    "02_models/wrong/models_not_imported": """\
  x 2.3 the tables are created when the app starts
      did       started the app on a database whose only table is 'notes', in a
                folder with an empty file app.db
      saw       create_all() ran, but app/models.py was never imported: Base
                knew no table
      wanted    the table items after the start
      where     chapters/02_models/app/main.py:16 in lifespan
                    Base.metadata.create_all(engine)
      hint      Base knows only the models of modules that were imported before.
      why       A fresh database has no tables; without them the first request
                fails.
      timeline  BEGIN > COMMIT
      rule      02_models.tables_are_created_at_startup
      2 checks wait for this one.
""",
    "03_deps/wrong/rollback_only": """\
  x 3.1 the session is closed after a success
      did       let an endpoint read and answer 200
      saw       a session still holds 1 object: a rollback does not close it
      wanted    a closed session: its connection is back in the pool, no
                transaction is open, it holds no objects
      where     chapters/03_deps/app/deps.py:17 in get_db
                    db.rollback()
      hint      This leaves the session open. What ends it?
      why       A session that stays open keeps what it holds: its objects, and
                often a connection. If each request leaves a connection behind,
                the app hangs after a few of them: the pool is small.
      timeline  BEGIN > SELECT by the check > ANSWER 200 > ROLLBACK
      also      3.1 the session is closed after an HTTP error; 3.1 the session
                is closed after a crash
      rule      03_deps.closes_after_success
""",
    "04_schemas/wrong/update_fills_fields_in": """\
  x 4.3 ItemUpdate knows what was sent
      did       ItemUpdate(name='lamp'), then model_dump(exclude_unset=True)
      saw       {'name': 'lamp', 'description': None}
      wanted    {'name': 'lamp'}
      where     chapters/04_schemas/app/schemas.py:42 in complete
                    return {"description": None, **body} if isinstance(body,
                    dict) else body
      hint      Which fields count as sent after this line? Compare them with
                those in the call above.
      why       'Not sent' and 'sent as null' are different wishes; only the
                schema can still tell them apart.
      rule      04_schemas.update_knows_what_was_sent
""",
    "05_crud/wrong/list_takes_the_offset_for_an_id": """\
  x 5.3 list_items gives one page
      did       stored 103 items, the ids 11 to 113, some with the same name,
                then list_items(db, offset=2, limit=2)
      saw       on this page and on an earlier one: the ids [11, 12]
      wanted    items that were on no earlier page
      where     chapters/05_crud/app/crud.py:31 in list_items
                    return db.scalars(select(Item).where(Item.id >
                    offset).order_by(Item.id).limit(limit)).all()
      hint      An offset says how many rows to skip, whatever their ids are.
      why       Ids have gaps, and pages must not: each item is on one page, and
                none is left out.
      timeline  BEGIN > SELECT items
      rule      05_crud.list_pages
""",
    "05_crud/wrong/no_refresh": """\
  x 5.1 create_item returns a fully loaded item
      did       a trigger changes the description after each INSERT, then
                create_item(db, ItemCreate(name='lamp', description='warm
                light')), then closed the session and read the item
      saw       reading .id raised DetachedInstanceError: it was not loaded when
                the session was closed
      wanted    .id can be read after the session is closed
      where     chapters/05_crud/app/crud.py:17 in create_item
                    db.commit()
      hint      After this line the item's values are out of date: the row has
                to be loaded from the database once more.
      why       The caller may read the item after its session was closed, when
                nothing can be loaded any more. It then has to show what the
                database holds. That may differ from what was sent: a default or
                a trigger can change a row.
      timeline  BEGIN > INSERT items > COMMIT
      rule      05_crud.create_refreshes
""",
    "05_crud/wrong/update_is_not_none": """\
  x 5.4 update_item clears what was sent as null
      did       stored {'name': 'lamp', 'description': 'warm light'}, then
                update_item(db, item, ItemUpdate(description=None))
      saw       description in the database: 'warm light'
      wanted    description in the database: NULL
      where     chapters/05_crud/app/crud.py:39 in update_item
                    if data.description is not None:
      hint      This line cannot tell "not sent" from "sent as null". Who
                remembers which were sent?
      why       A client has to be able to remove a description. 'Not sent' and
                'sent as null' are different wishes.
      timeline  COMMIT > BEGIN > SELECT items
      rule      05_crud.update_null_clears
""",
    "06_routes/wrong/huge_id": """\
  x 6.2 an id that cannot exist causes no crash
      did       stored an item, then GET /items/9223372036854775808
      saw       a crash: OverflowError: Python int too large to convert to
                SQLite INTEGER
      wanted    404 or 422
      where     chapters/06_routes/app/routes/items.py:19
                    ItemId = int
      hint      Ids are whole numbers from 1 to 2147483647. What does this line
                say about 9223372036854775808?
      why       An int in Python has no limit, a column has: 32 bits in
                PostgreSQL, 64 in SQLite. Beyond that the driver or the database
                raises, and the client sees 500. A path may also hold a text
                that is no number at all.
      timeline  BEGIN > SELECT items > ROLLBACK by close() > ANSWER 500
      rule      06_routes.huge_id_is_no_crash
""",
    "06_routes/wrong/pages_in_a_class_of_endpoints": """\
  x 6.5 GET /items/ answers with a page of items
      did       stored items [3, 1, 5, 2, 4], then GET /items/?offset=1&limit=2
      saw       [{'id': 3, 'name': 'b', 'description': 'small'}, {'id': 4,
                'name': 'a', 'description': 'small'}]
      wanted    [{'id': 2, 'name': 'e', 'description': null}, {'id': 3, 'name':
                'b', 'description': 'small'}]
      where     chapters/06_routes/app/routes/items.py:39 in index
                    start = min(offset * limit, 2**63 - 1)
      hint      What does offset count: items or pages?
      why       Clients show lists page by page. That works only if each page
                has exactly the items that were asked for, in the same order
                each time.
      timeline  BEGIN > SELECT items > ANSWER 200 > ROLLBACK by close()
      rule      06_routes.list_answers_items
""",
    "06_routes/wrong/own_session_left_open": """\
  x 6.5 the session is closed after every answer
      did       stored 2 items, then GET /items/
      saw       a connection is still out of the pool (taken at app/crud.py:31);
                a session is still in a transaction
      wanted    a closed session: its connection is back in the pool, no
                transaction is open, it holds no objects
      where     chapters/06_routes/app/routes/items.py:48 in list_items
                    return [ItemRead.model_validate(item) for item in
                    crud.list_items(SessionLocal(), offset, limit)]
      hint      Who closes this, after a success, after a 404, and after a
                crash?
      why       What stays open keeps a connection from everyone else; after a
                few requests the app hangs.
      timeline  BEGIN > SELECT items > ANSWER 200
      rule      06_routes.sessions_close_after_every_answer
""",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name: str, bench: Bench, tmp_path: Path) -> None:
    case = load(CASES / name)
    case.build(tmp_path)
    rules = rules_of(case.chapter)
    found = {target.rule: check for target, check in bench.grade([Target(tmp_path, rule) for rule in rules])}
    ordered = [found[rule] for rule in rules]  # verdicts come as they are made
    told = [line.text for block in blocks(ordered) for line in block_lines(block, ASCII)]
    assert "\n".join(told) + "\n" == MESSAGES[name]


@pytest.mark.parametrize("name", ["6.3 return the item", "6.9 return the item"])
def test_what_stands_under_the_comment_of_a_task_is_its_code_whatever_its_name(
    name: str, bench: Bench, tmp_path: Path
) -> None:
    case = load(CASES / "06_routes/wrong/returned_exception_under_another_name")
    case.build(tmp_path)
    routes = tmp_path / "06_routes/app/routes/items.py"
    routes.write_text(routes.read_text("utf-8").replace("6.3 return the item", name), "utf-8")
    rule = next(rule for rule in rules_of("06_routes") if rule.name == "get_unknown_is_404")
    ((_, check),) = bench.grade([Target(tmp_path, rule)])
    assert check.task_there == ("6.3" if name.startswith("6.3") else ""), check


@pytest.mark.parametrize(
    ("name", "rule", "task"),
    [
        ("06_routes/wrong/limit_cut_by_a_class", "bad_paging_is_422", ""),  # it takes the place of Offset and Limit
        ("08_sqlmodel/wrong/null_lets_the_parent_pass", "patch_null_name_is_422", "8.5"),  # ItemUpdate is spoken of
    ],
)
def test_code_of_ones_own_belongs_to_the_task_whose_part_it_has(
    name: str, rule: str, task: str, bench: Bench, tmp_path: Path
) -> None:
    case = load(CASES / name)
    case.build(tmp_path)
    asked = next(each for each in rules_of(case.chapter) if each.name == rule)
    ((_, check),) = bench.grade([Target(tmp_path, asked)])
    assert check.task_there == task, check


def test_an_item_is_not_a_item(bench: Bench, tmp_path: Path) -> None:
    submission = write_half_done("05_crud", tmp_path, ("5.1", "5.2", "5.3", "5.4", "5.5")).parent
    crud = submission / "05_crud/app/crud.py"
    crud.write_text(crud.read_text(encoding="utf-8").replace("    db.refresh(item)\n", "    item.nam\n", 1), "utf-8")
    rule = next(rule for rule in rules_of("05_crud") if rule.name == "create_persists")
    ((_, check),) = bench.grade([Target(submission, rule)])
    assert check.hint == "An Item has no 'nam'. It has 'name'.", check


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("-> Item | None:\n", "-> Item | None\n", "Which sign ends this line?"),
        ("    db.add(item)\n", "    db add(item)\n", "Python could read everything up to here."),
        ("def create_item", "def nothing():\n\n\ndef create_item", "The lines that belong to line 12 are below it"),
        (
            "def create_item",
            "@cache\n\nmost = 100\n\n\ndef create_item",
            "The line above begins with @, so it belongs to",
        ),
        ("    item = Item(", "  item = Item(", "Compare the spaces at the beginning"),
        ("import Item\n", "import Itme\n", "app.models has 'Item'. Is it a typing mistake?"),
        ("import Item\n", "import Owner\n", "Does app.models define this name"),
        ("from app.models", "from app.modles", "There is app/models.py. Is it a typing mistake?"),
        ("import select\n", "import select\nimport no_such_package\n", "Nothing that is installed has this name."),
        ("def create_item", "1 / 0\n\n\ndef create_item", "Read the exception: what does it say about this line?"),
        ("def create_item", "def keep", "Others ask for this by its name."),
        ("def create_item", "def created_item", "Others ask for 'create_item'. How is it spelt here?"),
    ],
)
def test_code_that_cannot_be_imported(old: str, new: str, hint: str, bench: Bench, tmp_path: Path) -> None:
    submission = write_half_done("05_crud", tmp_path, ("5.1", "5.2", "5.3", "5.4", "5.5")).parent
    crud = submission / "05_crud/app/crud.py"
    written = crud.read_text(encoding="utf-8")
    assert old in written
    crud.write_text(written.replace(old, new, 1), "utf-8")
    rule = next(rule for rule in rules_of("05_crud") if rule.name == "create_persists")
    ((_, check),) = bench.grade([Target(submission, rule)])
    assert check.hint.startswith(hint), check


def test_a_placeholder_is_named_by_its_task(bench: Bench, tmp_path: Path) -> None:
    submission = write_half_done("01_engine", tmp_path, ("1.1", "1.3", "1.4")).parent
    rule = next(rule for rule in rules_of("01_engine") if rule.name == "session_uses_engine")
    ((_, check),) = bench.grade([Target(submission, rule)])
    assert (check.outcome, check.begun) == ("todo", True)
    assert check.observed.startswith("1.2 make the engine"), check


def test_what_is_another_in_each_run_is_not_shown() -> None:
    threads = RuntimeError("created in thread id 139819252053696, and this is thread id 139819252000000")
    assert describe(threads) == "RuntimeError: created in thread id ..., and this is thread id ..."
    assert describe(TypeError(f"{object()} is no item")) == "TypeError: <object> is no item"
    assert show(object()) == "<object>"
    assert show({"id": 2147483648}) == "{'id': 2147483648}"
