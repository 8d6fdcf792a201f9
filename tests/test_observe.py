"""What the observer sees of code that uses SQLAlchemy."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.util import immutabledict

from grader.lab.observer import are_one, leave_out, observing
from grader.lab.statements import in_words, is_told_as, only_writes, tables_written
from grader.lessons.lines import whole_at


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/observed.db")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


class SaysYes(immutabledict[str, Any]):
    """Options that have everything that anybody asks for."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key, True if default is None else default)

    def __contains__(self, key: object) -> bool:
        return True


def test_no_engine_can_say_that_it_is_the_graders(engine: Engine) -> None:
    engine._execution_options = SaysYes(engine._execution_options)
    with observing() as seen, Session(engine) as session:
        session.scalars(select(Thing)).all()
    assert seen.timeline() == ["BEGIN", "SELECT things", "ROLLBACK"]


def test_timeline_and_where(engine: Engine) -> None:
    with observing(Path(__file__).parent) as seen, Session(engine) as session:
        session.add(Thing())
        session.commit()
        session.scalars(select(Thing)).all()
    assert seen.timeline() == ["BEGIN", "INSERT things", "COMMIT", "BEGIN", "SELECT things", "ROLLBACK"]
    assert seen.moments[1].where.startswith("test_observe.py:")
    assert seen.statements() == 2 and seen.commits_of_writes() == 1
    assert seen.left_open() == []


def test_only_commits_of_writes_count(engine: Engine) -> None:
    with observing() as seen, Session(engine) as session:
        session.scalars(select(Thing)).all()
        session.commit()
        session.add(Thing())
        session.flush()
        session.rollback()
        session.commit()
        session.add(Thing())
        session.commit()
    assert seen.count("COMMIT") >= 2 and seen.commits_of_writes() == 1


def test_a_forgotten_session_is_seen_although_it_was_collected(engine: Engine) -> None:
    def forget() -> None:
        session = Session(engine)
        session.scalars(select(Thing)).all()

    with observing() as seen:
        forget()
        gc.collect()
        left = seen.left_open()
        seen.sessions[0].close()
        assert seen.left_open() == []
    assert left[0].startswith("a connection is still out of the pool")
    assert "a session is still in a transaction" in left


def test_a_closed_session_that_is_used_again_is_open_again(engine: Engine) -> None:
    with observing() as seen:
        session = Session(engine)
        session.execute(text("SELECT 1"))
        session.close()
        assert seen.left_open() == []
        session.execute(text("SELECT 1"))
        assert seen.left_open() != []
        session.close()


def test_attached_objects_are_left_open(engine: Engine) -> None:
    with observing() as seen, Session(engine) as session:
        session.add(Thing())
        assert "a session still holds 1 object" in seen.left_open()


def test_a_connection_without_a_session_counts(engine: Engine) -> None:
    with observing() as seen:
        connection = engine.connect()
        assert len(seen.left_open()) == 1
        connection.close()
        assert seen.left_open() == [] and seen.opened <= 1


def test_the_graders_own_engine_is_not_observed(tmp_path: Path) -> None:
    own = leave_out(create_engine(f"sqlite:///{tmp_path}/own.db"))
    with observing() as seen, own.begin() as connection:
        connection.execute(text("CREATE TABLE t (id INTEGER)"))
        assert (seen.moments, seen.out, seen.opened, seen.connections) == ([], {}, 0, [])
    own.dispose()


def test_statements_know_their_session(engine: Engine) -> None:
    with observing() as seen:
        with Session(engine) as early, Session(engine) as unused:
            early.scalars(select(Thing)).all()
            unused.hash_key += 10**6  # whatever it says itself
            seen.note_answer(202)
            with Session(engine) as late, engine.connect() as connection:
                for each in (unused, late):
                    each.execute(text("SELECT 1"))
                connection.execute(text("SELECT 1"))
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    sent = [moment.session for moment in seen.moments if moment.what.startswith("SELECT")]
    answer = next(moment.session for moment in seen.moments if moment.what == "ANSWER 202")
    first, second, third, *without = sent
    assert 0 < first < second < answer < third and without == [0, 0]


def test_a_session_keeps_its_number(engine: Engine) -> None:
    """Whatever code makes of it: another number of SQLAlchemy's, or another object for the same session."""
    with observing() as seen:
        session = Session(engine)
        session.execute(text("SELECT 1"))
        session.rollback()
        other = object.__new__(Session)
        other.__dict__ = session.__dict__
        session.hash_key = 10**6
        for each in (session, other):
            each.execute(text("SELECT 1"))
            each.rollback()
        Session(engine).execute(text("SELECT 1"))
    first, *again, new = [moment.session for moment in seen.moments if moment.what == "SELECT"]
    assert {*again} == {first} and 0 != new != first
    assert are_one(session, other) and not are_one(session, Session(engine))


def test_an_added_object_is_not_collected(engine: Engine) -> None:
    def commit_without_close() -> None:
        session = Session(engine)
        session.add(Thing())
        session.commit()

    with observing() as seen:
        commit_without_close()
        gc.collect()
        assert seen.left_open() == ["a session still holds 1 object"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO items (name) VALUES (?)", "INSERT items"),
        ('insert into "items" (name) VALUES (?) RETURNING id', "INSERT items"),
        ("UPDATE items SET name=?", "UPDATE items"),
        ("DELETE FROM public.items WHERE id = ?", "DELETE items"),
        ("SELECT items.id, \n items.name FROM items WHERE 1", "SELECT items"),
        ("SELECT 1", "SELECT"),
        ("CREATE TABLE items (id INTEGER)", "CREATE TABLE items"),
        ("CREATE TABLE IF NOT EXISTS items (id INTEGER)", "CREATE TABLE items"),
        ("commit", "COMMIT"),
        ("COMMIT TRANSACTION lamp;", "COMMIT"),
        ("ROLLBACK TRANSACTION TO SAVEPOINT x", "SQL ROLLBACK TRANSACTION TO SAVEPOINT x"),
        ("COMMIT /* done", "COMMIT"),
        ("-- done\r\nCOMMIT", "COMMIT"),
        ("--\rCOMMIT\nSELECT id FROM items", "SQL -- COMMIT SELECT id FROM items"),
        ("/* /* */ COMMIT */ SELECT id FROM items", "SQL /* /* */ COMMIT */ SELECT id FROM items"),
        ("VACUUM", "SQL VACUUM"),
        ("WITH x AS (SELECT 1) " + "y" * 60, "SQL WITH x AS (SELECT 1) yyyyyyyyyyyyyyyy..."),
        ("-- why\nINSERT INTO items (name) VALUES ('--')", "INSERT items"),
        ("INSERT /* who */ OR IGNORE INTO items DEFAULT VALUES", "INSERT items"),
        ("INSERT INTO `items` (name) VALUES (1)", "INSERT items"),
        ("DELETE FROM[items]", "DELETE items"),
        ('INSERT INTO "main" . [items] VALUES (1)', "INSERT items"),
        ("UPDATE OR IGNORE items SET name=?", "UPDATE items"),
        ("UPDATE ONLY public . items SET name=%s", "UPDATE items"),
        ("SELECT id FROM `items`", "SELECT items"),
    ],
)
def test_statements_in_words(statement: str, words: str) -> None:
    assert in_words(statement) == words


def test_an_executemany_is_told_apart() -> None:
    """SQLite tells each row with its values: what is left out are these, and nothing that begins like them."""
    statement = "INSERT INTO t (a, b) VALUES (?, :b, '?') -- ?"
    assert is_told_as("INSERT INTO t (a, b) VALUES ('it''s', -1.0e+300, '?') -- ?", statement)
    assert is_told_as("INSERT INTO t (a, b) VALUES (NULL, x'0061', '?') -- ?", statement)
    assert is_told_as(statement, statement)
    assert not is_told_as("INSERT INTO t (a, b) VALUES ('x', 1, '?') RETURNING a", statement)
    assert not is_told_as("INSERT INTO t (a, b) VALUES ('x', (SELECT 1), '?') -- ?", statement)


@pytest.mark.parametrize(
    ("statement", "once"),
    [
        ("INSERT INTO items (name) VALUES (?)", True),
        ("/* many */ UPDATE items SET name = ? WHERE id = ?", True),
        ("DELETE FROM items WHERE id IN (SELECT ?)", True),
        ("REPLACE INTO items VALUES (?, ?)", True),
        ('UPDATE "items" SET "name" = ?', True),
        ("WITH one (id) AS (SELECT ?) INSERT INTO items (id) SELECT id FROM one", True),
        ("INSERT INTO items (name) VALUES (?) RETURNING id", False),
        ("WITH one AS (SELECT id FROM owners WHERE id = ?) SELECT id FROM one", False),
        ("WITH replace AS (SELECT id FROM owners WHERE id = ?) SELECT id FROM replace", False),
        ("WITH insert AS (DELETE FROM items WHERE false) SELECT id FROM owners WHERE id = %s", False),
        ('WITH "insert into items" AS (DELETE FROM items WHERE false) SELECT id FROM owners WHERE id = %s', False),
        ("VALUES ((SELECT name FROM owners WHERE id = ?))", False),
        ("SELECT name FROM owners WHERE id = ? -- INSERT INTO items", False),
        ("WITH a AS (SELECT $$) INSERT INTO items $$) SELECT id FROM owners WHERE id = %s", False),
    ],
)
def test_an_executemany_that_asks_is_many_statements(statement: str, once: bool) -> None:
    """One that writes is one statement, however many rows it has."""
    assert only_writes(statement) == once


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("INSERT INTO [items] (name) VALUES ('x')", {"items"}),
        ("INSERT INTO`items` (name) VALUES ('x')", {"items"}),
        ('INSERT INTO"items" VALUES (1)', {"items"}),
        ("INSERT INTO 'items' VALUES (1)", {"items"}),
        ("INSERT INTO main . items VALUES (1)", {"items"}),
        ('INSERT INTO "main" . [Items] VALUES (1)', {"items"}),
        ("INSERT/**/OR/**/REPLACE/**/INTO/**/items VALUES (1)", {"items"}),
        ("REPLACE -- x\n INTO items VALUES (1)", {"items"}),
        ("-- x\rDELETE FROM items", {"items"}),
        ("--\r'\nDELETE FROM items --'", {"items"}),
        ('DELETE FROM U&"it\\0065ms"', {"items", "item_events", "owners"}),
        ("UPDATE OR IGNORE items SET name = 'x'", {"items"}),
        ("UPDATE ONLY public . items SET name = 'x'", {"items"}),
        ("UPDATE ONLY (items) SET name = 'x'", {"items"}),
        ("UPDATE only SET name = 'x'", {"only"}),
        ("DELETE FROM ONLY items", {"items"}),
        ("MERGE INTO items USING x ON true WHEN MATCHED THEN UPDATE SET name = 'x'", {"items"}),
        ("TRUNCATE items, ONLY public.item_events CASCADE", {"items", "item_events"}),
        ("TRUNCATE TABLE items", {"items"}),
        ("COPY items (name) FROM STDIN", {"items"}),
        ("COPY items (name) TO STDOUT", set()),
        ("COPY (DELETE FROM items RETURNING id) TO STDOUT", {"items"}),
        ("WITH one AS (SELECT 1) INSERT INTO items SELECT * FROM one", {"items"}),
        ("WITH one AS (DELETE FROM items RETURNING id) SELECT * FROM one", {"items"}),
        ("WITH [it's] AS (SELECT 1) INSERT INTO items VALUES ('x')", {"items"}),
        ("SELECT e'\\' , 1; INSERT INTO items VALUES (E'\\'')", {"items"}),
        ("SELECT $$ ' $$; INSERT INTO items VALUES ('x')", {"items"}),
        ("/* /* */ ' */ INSERT INTO items VALUES ('x')", {"items"}),
        ("EXPLAIN ANALYZE DELETE FROM items", {"items"}),
        ("EXPLAIN ANALYSE DELETE FROM items", {"items"}),
        ("WITH a AS (SELECT '\\''), b AS (DELETE FROM items RETURNING id) SELECT id FROM b WHERE '' = ''", {"items"}),
        ("WITH a AS (SELECT ` 1), b AS (DELETE FROM items RETURNING id) SELECT ` id FROM b", {"items"}),
        ("ALTER TABLE items RENAME TO grown", {"items", "item_events", "owners"}),
        ("EXPLAIN QUERY PLAN DELETE FROM items", set()),
        ("INSERT INTO items (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'x'", {"items"}),
        ("SELECT id FROM items FOR UPDATE OF items", set()),
        ("SELECT id FROM items FOR NO KEY UPDATE", set()),
        ("SELECT 'INSERT INTO items', replace(name, 'a', 'b') FROM items -- DELETE FROM items", set()),
        ("CREATE TABLE t (i INTEGER REFERENCES items (id) ON UPDATE CASCADE)", set()),
        ("CREATE TEMP TRIGGER t AFTER UPDATE ON inbox BEGIN INSERT INTO items VALUES (1); END", set()),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION f(); BEGIN; DELETE FROM items",
            {"items"},
        ),
    ],
)
def test_tables_that_a_statement_writes_to(statement: str, tables: set[str]) -> None:
    """However the table is quoted, and in what only one of the databases takes for a text or a comment."""
    assert tables_written(statement) == tables


CELL = """\
with observe(), Session(engine) as db:
    db.refresh(book)  # <-- one line more
    print(
        "in order:",
        [book.id for book in db.scalars(select(Book))],
    )
    tasks.add_task(  # after the answer
        record, db.get_one(Book, 1).id, "viewed"
    )
    found = (
        db.scalars(select(Book))
        .all()
    )
    note = "# no comment"
"""


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (1, "with observe(), Session(engine) as db:"),
        (2, "db.refresh(book)"),
        (5, "[book.id for book in db.scalars(select(Book))]"),
        (7, 'tasks.add_task(record, db.get_one(Book, 1).id, "viewed")'),
        (8, 'tasks.add_task(record, db.get_one(Book, 1).id, "viewed")'),
        (12, "db.scalars(select(Book)).all()"),
        (14, 'note = "# no comment"'),
    ],
)
def test_a_picture_names_whole_pieces_of_code_without_comments(line: int, shown: str) -> None:
    assert whole_at(CELL, line) == shown


def test_a_cell_that_is_not_python_alone_is_named_by_its_line() -> None:
    assert whole_at("%grade 5\n  db.commit()\n", 2) == "db.commit()"
