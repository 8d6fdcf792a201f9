"""Chapter 01: the engine, the session factory and the declarative base."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab import Lab

_ELSEWHERE = "postgresql+psycopg://nobody:secret@127.0.0.1:1/nowhere"


@rule(
    task="1.1",
    title="DATABASE_URL comes from the environment",
    why="The same code has to run on your laptop's SQLite file and on the server's PostgreSQL; "
    "only the environment tells them apart.",
    hint="Look at os.environ.get: it takes the name of the variable and a value for when it is not set.",
)
def test_url_from_environment(lab: Lab) -> None:
    """The URL in the environment is the one that the engine uses."""
    for url in (f"sqlite:///{lab.place.root.as_posix()}/other.db", _ELSEWHERE):
        lab.did(f"set DATABASE_URL={url} and imported app.db")
        lab.import_again(DATABASE_URL=url)
        lab.engines.expect_same_url(lab.need("db.DATABASE_URL"), url, "db.DATABASE_URL")
        lab.engines.expect_same_url(lab.engines.engine().url, url, "db.engine.url")


@rule(
    task="1.1",
    title="without DATABASE_URL it is the local file app.db",
    why="A beginner should be able to start the app with nothing installed and nothing configured.",
    hint="The default is the second argument of os.environ.get: sqlite:///./app.db",
)
def test_default_is_local_sqlite(lab: Lab) -> None:
    """With no variable set, the engine opens app.db in the working directory."""
    lab.did("removed DATABASE_URL from the environment and imported app.db")
    lab.engines.work_in_a_new_folder()
    lab.import_again(DATABASE_URL=None)
    lab.engines.expect_same_url(lab.need("db.DATABASE_URL"), "sqlite:///./app.db", "db.DATABASE_URL")
    lab.engines.expect_same_url(lab.engines.engine().url, "sqlite:///./app.db", "db.engine.url")


@rule(
    task="1.2",
    title="importing db touches no database",
    why="Whoever imports the module (a test, a tool, another part of the app) must not need a running database.",
    hint="create_engine alone opens nothing; look for a connect, a query or a create_all at module level.",
)
def test_import_touches_no_database(lab: Lab) -> None:
    """No connection is opened and no file appears while the module is imported."""
    lab.did("imported app.db")
    lab.import_again()
    with lab.engines.nothing_touched():
        lab.engines.engine()


@rule(
    task="1.3",
    title="SessionLocal makes sessions on db.engine",
    why="A session that is bound to nothing, or to another engine, works on no database or on the wrong one.",
    hint="sessionmaker takes the engine as its first argument (bind).",
)
def test_session_uses_engine(lab: Lab) -> None:
    """A session of the factory is bound to the module's own engine."""
    engine = lab.engines.engine()
    lab.did("made a session with SessionLocal() and asked for its engine")
    with lab.learner_code("a session that is bound to db.engine"):
        bind = lab.session().get_bind()
    lab.expect(bind is engine, saw=f"the session is bound to {bind!r}", wanted="the session is bound to db.engine")


@rule(
    task="1.3",
    title="a query does not write what is pending (no autoflush)",
    why="With autoflush, a harmless query sends half-finished objects to the database, "
    "and their errors appear at the query instead of at the write.",
    hint="sessionmaker has an option for this: autoflush.",
)
def test_query_does_not_write_pending_objects(lab: Lab) -> None:
    """A pending object is not flushed by a query."""
    probe = lab.engines.probe_table()
    session = lab.session()
    lab.did("added an object to a session and ran a query")
    with lab.learner_code("a query without an INSERT"):
        session.add(probe(note="pending"))
        lab.engines.query(session, probe)
    lab.expect(
        not lab.seen.count("INSERT"), saw="the query sent an INSERT first", wanted="no INSERT before flush or commit"
    )


@rule(
    task="1.3",
    title="nothing is saved without commit",
    why="If every statement commits by itself, several writes can never succeed or fail together.",
    hint="Look for AUTOCOMMIT or isolation_level in create_engine.",
)
def test_nothing_is_saved_without_commit(lab: Lab) -> None:
    """What was flushed but not committed is gone once the session is closed."""
    probe = lab.engines.probe_table()
    for end in ("close", "rollback"):
        session = lab.session()
        lab.did(f"added an object, flushed, and called {end}() without a commit")
        with lab.learner_code("a session that can be used"):
            session.add(probe(note="not committed"))
            session.flush()
            getattr(session, end)()
        rows = lab.database.rows("SELECT note FROM grader_probe")
        lab.expect(not rows, saw=f"{len(rows)} row in the database", wanted="no row in the database")
    session = lab.session()
    lab.did("added an object and committed")
    with lab.learner_code("a commit that saves"):
        session.add(probe(note="committed"))
        session.commit()
        session.close()
    rows = lab.database.rows("SELECT note FROM grader_probe")
    lab.expect(len(rows) == 1, saw=f"{len(rows)} rows in the database", wanted="1 row in the database")


@rule(
    task="1.2",
    title="a session works across threads",
    why="FastAPI runs the parts of one request in different threads of a pool, one after the other.",
    hint="For a SQLite file, SQLAlchemy's own settings are right; look at what you changed in create_engine "
    "(check_same_thread, poolclass).",
)
def test_works_across_threads(lab: Lab) -> None:
    """On a SQLite file, threads use one session in turn: one opens it, one writes, one commits and closes."""
    lab.import_again(DATABASE_URL=lab.engines.sqlite_url())
    probe = lab.engines.probe_table()
    lab.did("used one session in three threads, one after the other")
    session = lab.session()
    steps = (
        lambda: lab.engines.query(session, probe),
        lambda: (session.add(probe(note="from another thread")), session.flush()),
        lambda: (session.commit(), session.close()),
    )
    for step in steps:
        failures: list[BaseException] = []
        thread = threading.Thread(target=lab.engines.catching(step, failures), daemon=True)
        thread.start()
        thread.join()
        if failures:
            raise lab.raised(failures[0], "a session that the next thread can go on with")
    rows = lab.engines.database_at(lab.engines.sqlite_url()).rows("SELECT note FROM grader_probe")
    lab.expect(len(rows) == 1, saw=f"{len(rows)} rows saved", wanted="1 row saved")


@rule(
    task="1.2",
    title="other databases get no SQLite arguments",
    why="PostgreSQL refuses check_same_thread and does not know PRAGMA: the app would not even connect.",
    hint="Give connect_args only where the URL is one of SQLite, or leave them out: SQLAlchemy knows them.",
)
def test_other_databases_get_no_sqlite_arguments(lab: Lab) -> None:
    """With a PostgreSQL URL, connecting sends nothing that only SQLite understands."""
    lab.did("imported app.db with a PostgreSQL URL and connected")
    lab.import_again(DATABASE_URL=_ELSEWHERE)
    refused = lab.engines.refused_by_postgresql(lab.engines.engine())
    lab.expect(not refused, saw=f"PostgreSQL would refuse {refused}", wanted="only what PostgreSQL understands")


@rule(
    task="1.4",
    title="Base is a declarative base",
    why="Models become tables only through a declarative base, which collects them in its metadata.",
    hint="A class of your own that inherits from DeclarativeBase; its body may be empty.",
)
def test_base_is_declarative(lab: Lab) -> None:
    """A subclass of Base with a table name and a primary key is a mapped table."""
    base = lab.need("db.Base")
    lab.did("made a model on db.Base")
    with lab.learner_code("a model that is mapped to a table"):
        table = lab.engines.model_on(base)
    lab.expect(table == "grader_model", saw=f"a model mapped to {table}", wanted="a model mapped to its table")
