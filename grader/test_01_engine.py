"""In the child: the checks of chapter 01: the engine, the session factory and the declarative base."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from grader.outcomes import Waits
from grader.rules import rule

if TYPE_CHECKING:
    from grader.lab.code import Code
    from grader.lab.expect import Expect
    from grader.lab.focus import Focus
    from grader.lab.observer import Seen
    from grader.lab.story import Story
    from grader.lab.topics.base import Base
    from grader.lab.topics.elsewhere import Elsewhere
    from grader.lab.topics.engines import Engines
    from grader.lab.topics.postgresql import PostgreSQL
    from grader.lab.topics.session_factory import SessionFactory
    from grader.lab.topics.untouched import Untouched

_ELSEWHERE = "postgresql+psycopg://Nobody:p%40ssword@127.0.0.1:1/nowhere"


@rule(
    task="1.1",
    title="DATABASE_URL comes from the environment",
    why="The same code has to run on your laptop's SQLite file and on the server's PostgreSQL; "
    "only the environment tells them apart.",
    hint="Follow the value from the environment to create_engine(), line by line. On which line is it lost, or no "
    "longer the same, letter by letter?",
)
def test_url_from_environment(engines: Engines, elsewhere: Elsewhere, story: Story) -> None:
    """The URL in the environment is the one that the engine uses, with everything behind its question mark."""
    file, server = engines.import_db_with(elsewhere.sqlite_url(), "timeout=7"), f"{_ELSEWHERE}?connect_timeout=7"
    story.did(f"set the environment variable DATABASE_URL to {file} and imported app.db")
    engines.expect_url(file)
    if engines.can_import_db(DATABASE_URL=server):
        story.begin(f"set the environment variable DATABASE_URL to {server} and imported app.db")
        engines.expect_url(server)


@rule(
    task="1.1",
    title="without DATABASE_URL it is the local file app.db",
    why="A beginner should be able to start the app with nothing installed and nothing configured.",
    hint="The wanted URL names the file app.db in the folder where the app is started. When the variable is not set, "
    "where does your code get another value from?",
)
def test_default_is_local_sqlite(engines: Engines, elsewhere: Elsewhere, code: Code, story: Story) -> None:
    """With no variable set, the engine opens app.db in the working directory."""
    engines.import_db_somehow()
    code.need("db.DATABASE_URL")
    story.did("removed DATABASE_URL from the environment and imported app.db in an empty folder")
    elsewhere.work_in_a_new_folder()
    engines.import_db(DATABASE_URL=None)
    engines.expect_url("sqlite:///./app.db")


@rule(
    task="1.2",
    title="importing db touches no database",
    why="A test, a tool or another part of the app must be able to import this module without a running database.",
    hint="Python runs every line at the top of a module when it is imported, and the functions called there. "
    "Which of them needs the database?",
)
def test_import_touches_no_database(engines: Engines, untouched: Untouched, code: Code, story: Story) -> None:
    """No connection is opened and no file appears while the module is imported, whether its database is there or not.

    What a thread does counts too, if the import started that thread.
    """
    for environment in engines.environments():
        code.import_again(**environment)
        for folder in untouched.folders():
            story.begin(f"imported app.db {folder}")
            code.import_again()
            with engines.unless_of_another_rule(environment), untouched.by_importing("db"):
                engines.engine()


@rule(
    task="1.3",
    title="SessionLocal makes sessions on db.engine",
    why="Every part of the app gets what SessionLocal() makes: that has to be a session, on the right database.",
    hint="Follow what SessionLocal() gives you. Is it a session, and where does it learn which engine to use?",
)
def test_session_uses_engine(engines: Engines, session_factory: SessionFactory, story: Story, expect: Expect) -> None:
    """A session of the factory is bound to the module's own engine."""
    engines.import_db_somehow()
    story.did("made a session with SessionLocal() and asked for its engine")
    bound_to = engines.of(session_factory.new())
    expect(bound_to == "db.engine", saw=f"a session bound to {bound_to}", wanted="a session bound to db.engine")


@rule(
    task="1.3",
    title="a query does not write what is pending (no autoflush)",
    why="With autoflush, a harmless query sends half-finished objects to the database, "
    "and their errors appear at the query instead of at the write.",
    hint="Each session knows whether it sends what is pending before a query. What do your sessions have there "
    "in the end, and which line decides it?",
    needs=["url_from_environment", "session_uses_engine"],
)
def test_query_does_not_write_pending_objects(
    session_factory: SessionFactory, code: Code, story: Story, seen: Seen, expect: Expect
) -> None:
    """A pending object is not flushed by a query."""
    for sessions in session_factory.on_each_database():
        session = sessions.open()
        story.did("added an object to a session and ran a query")
        before = seen.count("INSERT")
        with code.running("a query without an INSERT"):
            session.add(sessions.probe(note="pending"))
            sessions.query(session)
        written = seen.count("INSERT") > before
        expect(not written, saw="the query sent an INSERT first", wanted="no INSERT before flush() or commit()")


_ENDS: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    ("called close()", lambda session: session.close(), "the row is not in the database"),
    ("called rollback()", lambda session: session.rollback(), "the row is not in the database"),
    ("left its with block", lambda session: session.__exit__(None, None, None), "the row is not in the database"),
    ("called commit()", lambda session: session.commit(), "the row is in the database"),
)


@rule(
    task="1.3",
    title="nothing is saved without commit",
    why="Only commit() decides what is saved. Otherwise several writes could not succeed or fail together.",
    hint="Without any settings, SQLAlchemy saves at commit(), and only then. What in app/db.py changes how a "
    "transaction begins or ends?",
    needs=["url_from_environment", "session_uses_engine"],
)
def test_nothing_is_saved_without_commit(
    session_factory: SessionFactory, code: Code, story: Story, expect: Expect
) -> None:
    """What was flushed but not committed is gone once the session is closed; what was committed stays."""
    for sessions in session_factory.on_each_database():
        before = list(story.lines)
        for how, end, saved in _ENDS:
            story.begin(*before, f"added an object to a session, called flush(), then {how}")
            session = sessions.open()
            with code.running("a session that can be used"):
                session.add(sessions.probe(note="a row"))
                session.flush()
                end(session)
            found = "the row is in the database" if sessions.saved() else "the row is not in the database"
            expect(found == saved, saw=found, wanted=saved)


@rule(
    task="1.3",
    title="two sessions do not share a transaction",
    why="Two requests at the same time need a session and a connection each. If they share one, "
    "the commit of one saves the half-finished work of the other.",
    hint="Two sessions are independent if each works on a connection of its own. What in app/db.py makes these "
    "two share?",
    needs=["url_from_environment", "session_uses_engine"],
)
def test_sessions_are_independent(session_factory: SessionFactory, code: Code, story: Story, expect: Expect) -> None:
    """A commit in one session saves nothing of what another one has flushed."""
    for sessions in session_factory.on_each_database():
        story.did("called SessionLocal() twice")
        first, second = sessions.open_two()
        story.did("flushed an object in one session, then called commit() in another one")
        with code.running("two sessions that do not disturb each other"):
            first.add(sessions.probe(note="not committed"))
            first.flush()
            before = sessions.saved()
            sessions.query_and_commit(second)
        saw = "the second session's commit saved the first one's row"
        expect(sessions.saved() == before, saw=saw, wanted="the row is not saved before its own session commits")
        first.close()


@rule(
    task="1.3",
    title="a session works across threads",
    why="FastAPI runs the parts of one request in different threads of a pool, one after the other.",
    hint="Without any settings, SQLAlchemy lets a session move from one thread to another. What in app/db.py "
    "changes how connections are made or kept?",
    needs=["url_from_environment", "session_uses_engine"],
)
def test_works_across_threads(
    session_factory: SessionFactory, focus: Focus, story: Story, seen: Seen, expect: Expect
) -> None:
    """On a SQLite file, threads use one session in turn: one opens it, one writes, one commits and closes."""
    sessions = session_factory.on_sqlite_file()
    story.did("used one session in three threads, one after the other")
    focus.on_name("db.engine")
    sessions.work_in_three_threads()
    if not seen.count("COMMIT"):
        raise Waits("commit() sent no COMMIT", "nothing_is_saved_without_commit")
    expect.equal(sessions.saved(), ["from another thread"], "saved:")


@rule(
    task="1.2",
    title="other databases work, and get no SQLite arguments",
    why="The app has to connect to whatever database its URL names. A database refuses options and statements that it "
    "does not know.",
    hint="Follow what was refused from your code to the connection. For which databases does your code send it?",
    needs=["url_from_environment", "import_touches_no_database"],
)
def test_other_databases_get_no_sqlite_arguments(
    engines: Engines,
    elsewhere: Elsewhere,
    postgresql: PostgreSQL,
    code: Code,
    focus: Focus,
    story: Story,
    expect: Expect,
) -> None:
    """With a PostgreSQL URL, connecting sends nothing that only SQLite understands."""
    code.import_again(DATABASE_URL=elsewhere.sqlite_url())
    engines.engine()
    focus.on_name("db.engine")
    refused = postgresql.refuses(_ELSEWHERE)
    story.begin_timeline()  # a stand-in has answered, which takes everything
    expect(not refused, saw=f"PostgreSQL refuses {refused}", wanted="only what PostgreSQL understands")


@rule(
    task="1.4",
    title="Base is a declarative base",
    why="Models become tables only through a declarative base, which collects them in its metadata.",
    hint="A class that inherits from Base, with a table name and a primary key, has to become a table at once. "
    "What keeps this one from it?",
)
def test_base_is_declarative(engines: Engines, base: Base, code: Code, story: Story) -> None:
    """A subclass of Base with a table name and a primary key is a mapped table."""
    engines.import_db_somehow()
    found = code.need("db.Base")
    story.did("made a model on db.Base")
    base.expect_model_on(found)
