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
                update_item(db, item, ItemUpdate(name='lamp', description=None))
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
    found = [check for _, check in bench.grade([Target(tmp_path, rule) for rule in rules_of(case.chapter)])]
    told = [line.text for check in found if check.outcome == "failed" for line in failure(check, ASCII)]
    assert "\n".join(told) + "\n" == MESSAGES[name]
