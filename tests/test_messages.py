"""What some mistakes are answered with, word for word: a change of the words is a change to be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.bench import Bench, Target
from grader.rules import rules_of
from grader.terminal import ASCII, failure
from tests.cases import CASES, load

MESSAGES = {
    "01_engine/wrong/connect_args_always": """\
      rule      01_engine.other_databases_get_no_sqlite_arguments
      did       set DATABASE_URL to a PostgreSQL URL, imported app.db, connected
                and began a transaction
      saw       PostgreSQL refuses an argument: invalid connection option
                "check_same_thread"
      wanted    only what PostgreSQL understands
      why       PostgreSQL refuses check_same_thread and does not know PRAGMA:
                the app would not even connect.
      where     chapters/01_engine/app/db.py:12
      timeline  BEGIN > COMMIT
      hint      Give connect_args and PRAGMAs only where the URL is one of
                SQLite, or leave them out: SQLAlchemy sets what SQLite needs.
                Other URLs are used as they are.
""",
    "02_models/wrong/models_not_imported": """\
      rule      02_models.tables_are_created_at_startup
      did       started the app on a database whose only table is 'notes', in a
                folder with an empty file app.db
      saw       tables after the start: notes; app/models.py was never imported
      wanted    the table items after the start
      why       A fresh database has no tables; without them the first request
                fails.
      where     chapters/02_models/app/main.py:13
      timeline  BEGIN > COMMIT
      hint      The code before the yield of the lifespan runs at start-up:
                Base.metadata.create_all(engine), with parentheses, and with the
                Base and the engine of app.db. The app has to be given the
                lifespan (an async function that yields once, under
                @asynccontextmanager), and Base knows only models that were
                imported. create_all sees for itself what is missing: it needs
                no if.
""",
    "03_deps/wrong/rollback_only": """\
      rule      03_deps.closes_after_success
      did       let an endpoint read and answer 200
      saw       a session still holds 1 object
      wanted    a closed session: connection returned, no transaction, no object
                attached
      why       A session that stays open keeps a connection from everyone else.
                The pool is small: after a few such requests the app stands
                still.
      where     chapters/03_deps/app/deps.py:10
      timeline  BEGIN > SELECT grader_probe > ANSWER 200 > ROLLBACK
      hint      What has to happen in any case belongs into the finally of a
                try, or use with SessionLocal() as db. Close the very session
                that you yielded, with close() and its parentheses, and do not
                use it afterwards: that opens it again. A rollback() alone does
                not close it.
      rule      03_deps.closes_after_http_error
      did       let an endpoint read and raise HTTPException(404)
      saw       a session still holds 1 object
      wanted    a closed session: connection returned, no transaction, no object
                attached
      why       A session that stays open keeps a connection from everyone else.
                The pool is small: after a few such requests the app stands
                still. A client that asks for things that do not exist must not
                be able to stop it.
      where     chapters/03_deps/app/deps.py:10
      timeline  BEGIN > SELECT grader_probe > ROLLBACK > ANSWER 404
      hint      What has to happen in any case belongs into the finally of a
                try, or use with SessionLocal() as db. Close the very session
                that you yielded, with close() and its parentheses, and do not
                use it afterwards: that opens it again. A rollback() alone does
                not close it.
      rule      03_deps.closes_after_crash
      did       let an endpoint read and crash with an exception of its own
      saw       a session still holds 1 object
      wanted    a closed session: connection returned, no transaction, no object
                attached
      why       A session that stays open keeps a connection from everyone else.
                The pool is small: after a few such requests the app stands
                still. One bug in one endpoint must not take the whole app with
                it.
      where     chapters/03_deps/app/deps.py:10
      timeline  BEGIN > SELECT grader_probe > ROLLBACK > ANSWER 500
      hint      What has to happen in any case belongs into the finally of a
                try, or use with SessionLocal() as db. Close the very session
                that you yielded, with close() and its parentheses, and do not
                use it afterwards: that opens it again. A rollback() alone does
                not close it.
""",
    "04_schemas/wrong/update_fills_fields_in": """\
      rule      04_schemas.update_knows_what_was_sent
      did       ItemUpdate(name='lamp'), then model_dump(exclude_unset=True)
      saw       {'name': 'lamp', 'description': None}
      wanted    {'name': 'lamp'}
      why       'Not sent' and 'sent as null' are different wishes; only the
                schema can still tell them apart.
      where     chapters/04_schemas/app/schemas.py:31
      hint      Pydantic remembers it in model_fields_set. A validator that
                fills in or sets a field makes it count as sent.
""",
    "05_crud/wrong/list_takes_the_offset_for_an_id": """\
      rule      05_crud.list_pages
      did       stored 103 items, the ids 11 to 113, some of them alike, then
                list_items(db, offset=2, limit=2)
      saw       on this page and on an earlier one: the ids [11, 12]
      wanted    items that were on no earlier page
      why       A table grows; an answer must not. The client asks for as many
                as it can show.
      where     chapters/05_crud/app/crud.py:28
      timeline  BEGIN > SELECT items
      hint      offset() skips rows, limit() ends the page; both belong into the
                query. The parameters have these names, in this order; the
                default limit is 100.
""",
    "05_crud/wrong/no_refresh": """\
      rule      05_crud.create_refreshes
      did       a trigger changes the description after each INSERT, then
                create_item(db, ItemCreate(name='lamp', description='warm
                light')), then closed the session and read the item
      saw       reading .id raised DetachedInstanceError: it was not loaded
                before the session was closed
      wanted    a value for .id
      why       commit() expires every attribute, and the database may have
                changed the row (a default, a trigger). Whoever gets the item
                after its session was closed can neither load it nor know.
      where     chapters/05_crud/app/crud.py:12
      timeline  BEGIN > INSERT items > COMMIT
      hint      After commit(), refresh(item) loads the row once more; and
                return the item.
""",
    "05_crud/wrong/update_is_not_none": """\
      rule      05_crud.update_null_clears
      did       stored {'name': 'lamp', 'description': 'warm light'}, then
                update_item(db, item, ItemUpdate(description=None))
      saw       description in the database: 'warm light'
      wanted    description in the database: None
      why       'is not None' cannot tell 'not sent' from 'sent as null': a
                description could never be removed again.
      where     chapters/05_crud/app/crud.py:34
      timeline  COMMIT > BEGIN > SELECT items
      hint      Ask what was sent (exclude_unset, model_fields_set), not whether
                the value is None.
""",
    "06_routes/wrong/huge_id": """\
      rule      06_routes.huge_id_is_no_crash
      did       GET /items/9223372036854775808
      saw       a crash: OverflowError: Python int too large to convert to
                SQLite INTEGER
      wanted    404 or 422
      why       An int in Python has no limit, a column has: 32 bits in
                PostgreSQL, 64 in SQLite. Beyond that the driver or the database
                raises, and the client sees 500.
      where     chapters/06_routes/app/routes/items.py:27
      timeline  BEGIN > SELECT items > ROLLBACK > ANSWER 500
      hint      Annotated[int, Path(ge=1, le=2**31 - 1)] lets FastAPI answer 422
                by itself.
""",
    "06_routes/wrong/own_session_left_open": """\
      rule      06_routes.sessions_close_after_every_answer
      did       GET /items/
      saw       a connection is still out of the pool (taken at app/crud.py:31);
                a session is still in a transaction
      wanted    session closed: connection returned, no transaction, no object
                attached
      why       A session that stays open keeps a connection from everyone else;
                after a few requests the app stands still.
      where     chapters/06_routes/app/routes/items.py:45
      timeline  BEGIN > SELECT items > ANSWER 200
      hint      Use the session that Depends(get_db) gives you; who opens
                another one has to close it, also after an error.
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
    told = [line.text for check in ordered if check.outcome == "failed" for line in failure(check, ASCII)]
    assert "\n".join(told) + "\n" == MESSAGES[name]
